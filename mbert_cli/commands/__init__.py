"""The verbs, one file each: what a verb does, from top to bottom."""
