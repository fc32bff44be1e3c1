"""What all trainings share: options, checkpoints, sealing, windows."""
