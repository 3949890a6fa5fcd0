"""The conversation with somebody who records prompts by telephone."""
