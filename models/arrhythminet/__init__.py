"""ArrhythmiNet V1 and V2 (doi:10.48550/arXiv.2505.03787): small classifiers that show why."""
