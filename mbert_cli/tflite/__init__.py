"""From a network to the file that a phone runs, its parity and its latency."""
