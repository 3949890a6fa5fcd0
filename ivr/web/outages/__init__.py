"""Отключения. Page, labels and templates together."""
