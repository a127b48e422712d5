"""What a person looks at: records of runs and scores as tables, pages and pictures."""
