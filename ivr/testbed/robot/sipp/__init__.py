"""Scenarios for SIPp, the load generator."""
