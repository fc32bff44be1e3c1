"""The patient-adaptive beat model: data, network, training, export."""
