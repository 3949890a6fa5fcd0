"""What recognition costs, and how many callers it serves."""
