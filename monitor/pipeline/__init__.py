"""The chain from samples to events: one object a stream, no clock, no threads, no I/O."""
