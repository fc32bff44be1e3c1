"""Time hygiene: from packets as they arrive to samples whose index tells true time."""
