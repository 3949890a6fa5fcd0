"""The people's side of the line: who waits for whom, and promises to ring back. Knows no manager interface."""
