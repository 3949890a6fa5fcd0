"""Call-backs: callers whom the line still has to ring."""
