"""Which routines Vosk's arithmetic is told to use."""

from __future__ import annotations

from pathlib import Path

import pytest

from ivr.speech.processor import prelude

AVX512 = "avx512f avx512bw avx512cd avx512dq avx512vl"


@pytest.mark.parametrize(
    ("vendor", "flags", "core"),
    [
        ("AuthenticAMD", f"fpu avx2 {AVX512}", ("env", "OPENBLAS_CORETYPE=SkylakeX")),
        ("AuthenticAMD", "fpu avx2", ()),
        ("GenuineIntel", f"fpu avx2 {AVX512}", ()),  # OpenBLAS sees by itself
    ],
)
def test_routines_follow_the_processor(tmp_path: Path, vendor: str, flags: str, core: tuple[str, ...]) -> None:
    (tmp_path / "cpuinfo").write_text(f"processor\t: 0\nvendor_id\t: {vendor}\nflags\t\t: {flags}\nbugs\t\t: none\n")
    assert prelude(tmp_path / "cpuinfo") == core


def test_another_kind_of_machine_gets_none(tmp_path: Path) -> None:
    assert prelude(tmp_path / "none") == ()
