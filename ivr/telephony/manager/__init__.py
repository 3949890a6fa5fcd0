"""Asterisk's manager interface, and what works over it."""
