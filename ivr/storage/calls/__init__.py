"""Calls: the journal and what pages read from it."""
