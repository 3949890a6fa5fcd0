"""Accounts and meters: loading, finding and importing them."""
