"""The login and one's own password. Page, labels and templates together."""
