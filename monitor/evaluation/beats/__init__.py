"""Scores of beats: where they are and what kind, by ANSI/AAMI EC57."""
