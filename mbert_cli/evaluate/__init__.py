"""Outputs of a model to predictions, metrics and differences."""
