"""What is said to a caller and asked of them: flows, and the ports they need."""
