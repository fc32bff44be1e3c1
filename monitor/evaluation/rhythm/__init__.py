"""Scores of rhythms: by time, by episode, runs and pauses."""
