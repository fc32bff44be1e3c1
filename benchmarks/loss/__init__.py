"""What lost samples cost: beats, heart rate, alarms on whole records, and alarms that begin under loss."""
