"""Training of the network that finds ventricular flutter and fibrillation."""
