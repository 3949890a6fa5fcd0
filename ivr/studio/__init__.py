"""The prompts: catalogue, synthesis, sound for the telephone, publishing and its check."""
