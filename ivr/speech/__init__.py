"""Speech recognition: Vosk in worker processes, one a core."""
