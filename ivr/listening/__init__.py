"""One question, answered by keys (and by voice, once the speech engine is there)."""
