"""The recorder: continuous signal in WFDB segments, and strips around alarms."""
