"""Readings: storing, reviewing, exporting, and taking in those of emergency mode."""
