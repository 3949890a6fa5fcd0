"""From speech and dictionaries to the folder `ru-phone` that Vosk loads; `python -m speech_models.train --help`."""
