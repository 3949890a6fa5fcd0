"""Whom the line owes a call."""
