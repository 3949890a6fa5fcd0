"""Contacts, and the readings that come with them."""
