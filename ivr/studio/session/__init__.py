"""A long recording of a speaker, cut into takes."""
