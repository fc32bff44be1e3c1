"""WFDB files: records and annotations, read and written."""
