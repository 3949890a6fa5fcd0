"""Test sets of speech: who says what, over which line."""
