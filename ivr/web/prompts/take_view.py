"""Takes as the page of a prompt shows them: checks in Russian, the shape of the sound as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from ivr.domain.takes import Checks, Hearing, How, Reason, Refusal, Take, TakeState
from ivr.studio.prompt_status import PromptStatus, PromptView
from ivr.studio.published_file_sync import NoSound
from ivr.studio.sound.waveform import peaks
from ivr.studio.studio import Studio

MOST_PICTURES = 30
BARS, BAR, HEIGHT = 240, 3, 60

STATES = {TakeState.DRAFT: "черновик", TakeState.PUBLISHED: "слышат сейчас", TakeState.WITHDRAWN: "снята"}
WAYS = {
    How.PHONE: "по телефону",
    How.BROWSER: "в браузере",
    How.FILE: "из файла",
    How.SYNTHESIS: "синтез",
}
STANDINGS = {
    PromptStatus.MISSING: ("без звука", "bad"),
    PromptStatus.SYNTHETIC: ("синтез", "plain"),
    PromptStatus.RECORDED: ("записана", "good"),
    PromptStatus.OUTDATED: ("устарела", "warn"),
}


@dataclass(frozen=True, slots=True)
class TakeView:
    """A take with its texts. figures: what was measured; wave: SVG, "" for no sound; old: the text was another."""

    take: Take
    state: str
    way: str
    figures: tuple[tuple[str, str], ...]
    wave: Markup | str
    old: bool

    @property
    def refusals(self) -> tuple[Refusal, ...]:
        """What speaks against publishing it now; against one that is heard, what did."""
        old = self.old and self.take.state is not TakeState.PUBLISHED
        return (*self.take.refusals, Refusal(Reason.OLD_TEXT)) if old else self.take.refusals

    @property
    def hard(self) -> bool:
        """Whether nobody can insist on it."""
        return self.take.checks.hard


def shown(studio: Studio, one: PromptView) -> list[TakeView]:
    """The takes of a prompt, the latest first; blocks while it reads their sound. Raises StoreUnavailable."""
    return [
        TakeView(
            take=take,
            state=STATES[take.state],
            way=WAYS[take.how],
            figures=tuple(_figures(take.checks)),
            wave=_wave(studio, take) if place < MOST_PICTURES else "",
            old=take.text != one.entry.digest,
        )
        for place, take in enumerate(one.takes)
    ]


def _figures(checks: Checks) -> list[tuple[str, str]]:
    found = []
    if checks.length_ms:
        found.append(("длина", f"{checks.length_ms / 1000:.1f} с".replace(".", ",")))
    if checks.level_db is not None:
        found.append(("громкость", _db(checks.level_db)))
    if checks.peak_db is not None:
        found.append(("пик", _db(checks.peak_db)))
    if checks.snr_db is not None:
        found.append(("голос над шумом", _db(checks.snr_db)))
    if checks.heard:
        found.append(("слышится", f"«{checks.heard.replace('[unk]', '…')}»"))
    elif checks.hearing in {Hearing.NO_ANSWER, Hearing.NO_MODEL}:
        found.append(("слова", "не проверены"))
    return found


def _db(value: float) -> str:
    return f"{value:.0f} дБ".replace("-", "−")


def _wave(studio: Studio, take: Take) -> Markup | str:
    try:
        return wave_picture(peaks(studio.preview_file(take.id).read_bytes(), BARS))
    except (NoSound, OSError):
        return ""


def wave_picture(heights: Sequence[float]) -> Markup:
    """Bars around a middle line; decoration, its figures stand beside it."""
    middle = HEIGHT / 2
    path = "".join(
        f"M{place * BAR + 1} {middle - max(height, 0.01) * middle:.1f}V{middle + max(height, 0.01) * middle:.1f}"
        for place, height in enumerate(heights)
    )
    width = max(len(heights), 1) * BAR
    # Only figures of our own are in it.
    return Markup(
        f'<svg class="wave" viewBox="0 0 {width} {HEIGHT}" preserveAspectRatio="none" aria-hidden="true">'
        f'<path d="{path}"/></svg>'
    )
