"""The usual way to use Vosk, for comparison: ``python -m ivr.testbed.speech_load.usual_server MODEL``.

After the pattern of vosk-server's websocket server (alphacep/vosk-server, websocket/asr_server.py): one process, a
recogniser for each connection, audio by binary messages, a pool of one thread a core, an answer to each message.
Prints its port. ``{"eof" : 1}`` asks for the final result.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import vosk
from websockets.asyncio.server import ServerConnection, serve

from ivr.testbed.speech_load.usual_client import EOF


def load(folder: str) -> Any:
    """The model with its own graph."""
    vosk.SetLogLevel(-1)
    return vosk.Model(model_path=folder)


def recogniser(model: Any, rate: float) -> Any:
    """What a connection hears with."""
    made = vosk.KaldiRecognizer(model, rate)
    made.SetWords(True)
    made.SetMaxAlternatives(0)
    return made


def process_chunk(hears: Any, message: str | bytes) -> tuple[str, bool]:
    """The answer to a message, and whether it was the last."""
    if message == EOF:
        return str(hears.FinalResult()), True
    if hears.AcceptWaveform(message):
        return str(hears.Result()), False
    return str(hears.PartialResult()), False


async def _serve(folder: str) -> None:
    model = load(folder)
    pool = ThreadPoolExecutor(len(os.sched_getaffinity(0)))

    async def recognise(connection: ServerConnection) -> None:
        loop = asyncio.get_running_loop()
        rate, hears = 8000.0, None
        async for message in connection:
            if isinstance(message, str) and "config" in message:
                rate = float(json.loads(message)["config"].get("sample_rate", rate))
                continue
            if hears is None:
                hears = recogniser(model, rate)
            answer, over = await loop.run_in_executor(pool, process_chunk, hears, message)
            await connection.send(answer)
            if over:
                return

    async with serve(recognise, "127.0.0.1", 0) as server:
        print(next(iter(server.sockets)).getsockname()[1], flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1]))
