"""One command a file: its options, its examples, and what it does."""
