"""What a training costs before it begins: arithmetic, memory, what devices exchange, and the time that follows."""
