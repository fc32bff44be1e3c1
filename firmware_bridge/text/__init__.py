"""Lines of text that devices and loggers print: cells, names, columns and scale."""
