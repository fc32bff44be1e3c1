"""The signal quality index: a small network over features of four seconds."""
