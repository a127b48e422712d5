"""A search over settings and seeds: its grid, its trials, and what is clearly behind."""
