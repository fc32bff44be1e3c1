"""The classifier of atrial fibrillation: a logistic regression over irregularity and P waves."""
