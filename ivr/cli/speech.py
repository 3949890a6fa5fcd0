"""`ivr speech`: the recogniser alone, on recordings."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from ivr import config
from ivr.cli.db import ConfigFile
from ivr.dialogue.ports import Expects
from ivr.speech import transcriber
from ivr.speech.known import BadKnown
from ivr.speech.model_folder import BadModel
from ivr.speech.recording import BadRecording
from ivr.speech.transcriber import Setup, Transcript

app = typer.Typer(no_args_is_help=True, add_completion=False)

EXPECTS = {"account": Expects.ACCOUNT, "reading": Expects.READING, "menu": Expects.CHOICE, "yesno": Expects.YES_NO}


@app.callback()
def speech() -> None:
    """The recogniser alone, on recordings."""


@app.command()
def transcribe(
    files: Annotated[list[Path], typer.Argument(metavar="FILE.wav…", help="Recordings; telephone audio is best.")],
    expects: Annotated[str, typer.Option(help="What is asked for: account, reading, menu or yesno.")],
    digits: Annotated[
        int | None,
        typer.Option(
            min=2,
            max=20,
            help="Digits of the account number (else those of --known, or 10) or of the meter (else any).",
        ),
    ] = None,
    known: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Active accounts, or previous readings (one, or by file).")
    ] = None,
    model: Annotated[Path | None, typer.Option(metavar="FOLDER", help="Another model than the configured one.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="A JSON object a line instead of text.")] = False,
    config_file: ConfigFile = None,
) -> None:
    """Transcribe recordings at 8 kHz in 20 ms steps, as in a call, and say what they mean for a question."""
    if expects not in EXPECTS:
        raise typer.BadParameter(f"one of {', '.join(EXPECTS)}", param_hint="--expects")
    well = True
    try:
        folder = model or config.load(config_file).speech.model
        if folder is None:
            raise BadModel("no speech model is configured (speech.model)")
        for transcript in transcriber.transcribe(Setup(folder, EXPECTS[expects], digits, known), files):
            if isinstance(transcript, BadRecording):
                print(f"ivr speech transcribe: {transcript}", file=sys.stderr)
                well = False
            else:
                print(_as_json(transcript) if as_json else _as_text(transcript), flush=True)
    except (config.BadSettings, BadModel, BadKnown) as error:
        print(f"ivr speech transcribe: {error}", file=sys.stderr)
        raise typer.Exit(2) from None
    raise typer.Exit(0 if well else 1)


def _as_json(transcript: Transcript) -> str:
    return json.dumps(asdict(transcript), ensure_ascii=False)


def _as_text(transcript: Transcript) -> str:
    others = f"  ({', '.join(transcript.alternatives)})" if transcript.alternatives else ""
    return f"{transcript.file}: {transcript.value or '-'}{others}  «{transcript.words}»"
