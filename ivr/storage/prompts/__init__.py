"""Takes of prompts."""
