"""Synthetic speech."""
