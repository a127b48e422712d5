"""What a kind of task is, and a fine-tuned model behind one face."""
