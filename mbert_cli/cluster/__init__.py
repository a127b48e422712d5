"""Pieces of work shared out: among processes of this machine, or among the machines of a Ray cluster."""
