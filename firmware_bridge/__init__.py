"""What speaks to devices: links carry bytes, decoders turn bytes into samples."""
