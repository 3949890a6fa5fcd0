"""Numbers and words: a value becomes prompt ids."""
