"""Virtual devices: boards that behave like the real ones, on ptys and brokers, with faults on demand."""
