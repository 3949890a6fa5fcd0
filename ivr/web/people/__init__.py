"""Люди. Page, labels and templates together."""
