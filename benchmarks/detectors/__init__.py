"""R-peak detectors side by side: the same records, the same scorer, one run."""
