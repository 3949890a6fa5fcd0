"""Concurrent work: bounded threads, periodic jobs, pauses between retries, tasks with an owner."""
