"""Where an exported artifact lies: `<run>/export/<mode>/model.tflite`."""

MODEL = "model.tflite"
"""File name of every artifact; its mode is the folder's name."""
