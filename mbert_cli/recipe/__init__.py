"""YAML and --set to a frozen recipe, with every mistake said at once."""
