"""Architectures: encoder, blocks and heads, without a loss, data or files."""
