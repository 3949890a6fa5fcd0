"""What the processor can do that Vosk does not see by itself."""

from __future__ import annotations

import re
from pathlib import Path

_NEEDED = frozenset({"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"})


def prelude(cpuinfo: Path = Path("/proc/cpuinfo")) -> tuple[str, ...]:
    """What goes before the command of a process that recognises, so that its arithmetic suits the processor.

    The OpenBLAS inside Vosk 0.3.45 knows no AMD processor with AVX-512 and takes its routines for the first Zen; those
    for SkylakeX take a tenth to a seventh off a question (EPYC of the fourth generation).
    """
    try:
        text = cpuinfo.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ()
    flags = re.search(r"^flags\s*:(.*)$", text, re.MULTILINE)
    able = "AuthenticAMD" in text and flags is not None and set(flags[1].split()) >= _NEEDED
    return ("env", "OPENBLAS_CORETYPE=SkylakeX") if able else ()
