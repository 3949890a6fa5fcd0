"""Plain tables for administrators."""
