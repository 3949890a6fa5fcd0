"""What the processor can do that Vosk does not see by itself."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_NEEDED = frozenset({"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"})


def prelude(cpuinfo: Path = Path("/proc/cpuinfo")) -> tuple[str, ...]:
    """What goes before the command of a process that recognises, so that its arithmetic suits the processor.

    The OpenBLAS inside Vosk 0.3.45 knows no AMD processor with AVX-512 and takes its routines for the first Zen; those
    for SkylakeX take about a tenth off a question (EPYC of the fourth generation; docs/adr/0016).
    """
    try:
        text = cpuinfo.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ()
    flags = re.search(r"^flags\s*:(.*)$", text, re.MULTILINE)
    able = "AuthenticAMD" in text and flags is not None and set(flags[1].split()) >= _NEEDED
    return ("env", "OPENBLAS_CORETYPE=SkylakeX") if able else ()


@contextmanager
def suited() -> Iterator[None]:
    """Processes that this one starts meanwhile get the same."""
    names = [setting.partition("=") for setting in prelude()[1:]]
    for name, _, value in names:
        os.putenv(name, value)
    try:
        yield
    finally:
        for name, _, _ in names:
            os.unsetenv(name)
