"""The dialogue with a speaker who records prompts by telephone."""
