"""What all trainings share: one command line, checkpoints, folds, progress, cards and seals."""
