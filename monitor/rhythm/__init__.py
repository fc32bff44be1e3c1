"""Heart rate and rhythm from beats."""
