"""Отчёты. Page, labels and templates together."""
