"""Unlabelled text to a token store, and the store to batches of pre-training."""
