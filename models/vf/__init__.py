"""The network that finds ventricular flutter and fibrillation."""
