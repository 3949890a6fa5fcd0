"""Сегодня: the first page. Page, labels and templates together."""
