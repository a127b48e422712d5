"""Training of any model: stages, schedule, optimizers, the loop, checkpoints."""
