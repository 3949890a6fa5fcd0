"""The project's own benchmarks of calls, pages, hotline, store and studio."""
