"""What the demo imports and rings with."""
