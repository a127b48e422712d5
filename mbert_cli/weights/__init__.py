"""Arrays to files and back, ours and those of other projects."""
