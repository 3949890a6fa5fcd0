"""Test sets of speech: speakers, utterances, telephone lines."""
