"""Users of the pages and of the studio."""
