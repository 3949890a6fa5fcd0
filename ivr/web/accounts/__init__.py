"""Абоненты. Page, labels and templates together."""
