"""Labelled text of every origin, read to examples and encoded to rows."""
