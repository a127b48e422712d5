"""What a run becomes on a phone: artifacts beside the run that they come from, and what lies beside them."""
