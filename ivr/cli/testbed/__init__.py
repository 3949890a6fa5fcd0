"""Commands of the test bed."""
