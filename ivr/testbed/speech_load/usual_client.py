"""One call of the usual way: ``python -m ivr.testbed.speech_load.usual_client PORT UTTERANCES SECONDS FIRST``.

As an EAGI script does: a process for each call, that reads the caller's audio in real time, sends it to vosk-server's
websocket in pieces of 0.2 s, and waits for the answer to each. Begins when a line comes to its standard input; prints
a JSON line: its own processor time, and of each utterance its place in the folder, milliseconds from the end of speech
to the result, the words.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from websockets.sync.client import connect

from ivr.testbed.speech_sets import sound

EOF = '{"eof" : 1}'
PIECE_MS = 200
"""As in vosk-server's own example clients; reading EAGI as it comes would make ten times as many messages."""


def main(port: int, folder: Path, seconds: float, first: int) -> None:
    """Say one utterance after the other; each has the silence before and after it that belongs to its question."""
    utterances = [
        (sound.read(file), float(file.stem.partition("-")[2]) / 1000) for file in sorted(folder.glob("*.wav"))
    ]
    print("ready", flush=True)
    sys.stdin.readline()
    began, used, number, found = time.monotonic(), time.process_time(), first, []
    while time.monotonic() - began < seconds:
        which = number % len(utterances)
        number += 1
        found.append((which, *_ask(port, *utterances[which])))
    print(json.dumps([time.process_time() - used, found]), flush=True)


def _ask(port: int, pcm: bytes, speech_s: float) -> tuple[float, str]:
    """Milliseconds from the end of speech to the result, and its words."""
    with connect(f"ws://127.0.0.1:{port}", compression=None) as server:
        server.send('{ "config" : { "sample_rate" : 8000 } }')
        began, sent_s, words = time.monotonic(), 0.0, []
        for piece in sound.blocks(pcm, PIECE_MS):
            sent_s += sound.seconds_of(piece)
            time.sleep(max(began + sent_s - time.monotonic(), 0.0))
            server.send(piece)
            words.append(json.loads(server.recv()).get("text", ""))
        server.send(EOF)
        words.append(json.loads(server.recv()).get("text", ""))
        return 1000 * (time.monotonic() - began - speech_s), " ".join(text for text in words if text)


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4]))
