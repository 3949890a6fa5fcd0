"""Outages and reports of callers."""
