"""Фразы. Page, labels and templates together."""
