"""Показания на проверку. Page, labels and templates together."""
