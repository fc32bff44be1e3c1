"""The network that finds R waves."""
