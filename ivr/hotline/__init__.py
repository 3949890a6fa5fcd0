"""The people's side of the line: callers who wait, operators, and call-backs. Knows no manager interface."""
