"""The AGI wire: text, lines, one session, the server that takes calls in."""
