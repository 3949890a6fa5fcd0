"""Звонки. Page, labels and templates together."""
