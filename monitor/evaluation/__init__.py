"""Scores by the rules of ANSI/AAMI EC57, for this monitor and for anybody's annotation files."""
