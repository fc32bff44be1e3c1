"""What everything else speaks: events, errors, settings, files, the ring, the log."""
