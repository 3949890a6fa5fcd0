"""One question, with an answer by keys or by voice."""
