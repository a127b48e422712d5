"""Losses as functions of tensors: pre-training, transfer and tasks."""
