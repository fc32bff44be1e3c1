"""The R-peak network: training data, training, cross-validation and export."""
