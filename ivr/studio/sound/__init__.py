"""Sound of takes: decoding, processing, keeping."""
