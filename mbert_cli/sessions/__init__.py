"""One session of work on a run: opened, continued, prolonged, shown and summed up."""
