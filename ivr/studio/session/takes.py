"""Takes out of one long recording: pieces are cut as it streams by, and two are processed at a time."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from ivr.domain.takes import How, NotPublishable, Take
from ivr.studio.catalogue import Entry
from ivr.studio.session.audio import Session, pieces, telephone_wav
from ivr.studio.session.cuts import Cut
from ivr.studio.session.html import page
from ivr.studio.session.script import Sheet
from ivr.studio.session.splitter import Doubt
from ivr.studio.studio import AT_ONCE, Studio

Made = Callable[[Cut, Take | None, NotPublishable | None], None]
"""Called for each piece: with its take, or with why there is none."""


def make_takes(
    studio: Studio,
    recording: Path,
    cuts: Iterable[Cut],
    *,
    who: str,
    voice: str | None,
    made: Made,
    publish: bool = False,
) -> None:
    """Make takes of the cuts that are to become some and are none yet. publish: those that nothing speaks against.

    Raises what `Studio.add_take` and `Studio.publish` raise, after it has passed the earlier ones to `made`.
    """
    wanted = sorted((cut for cut in cuts if cut.take and not cut.made), key=lambda cut: cut.start)
    spans = [(round(cut.start * 1000), round(cut.end * 1000)) for cut in wanted]

    def one(cut: Cut, sound: bytes) -> Take | NotPublishable:
        try:
            take = studio.add_take(cut.id, sound, how=How.FILE, who=who, voice=voice)
        except NotPublishable as error:
            return error
        return studio.publish(take.id, who) if publish and not take.refusals else take

    def tell(cut: Cut, done: Future[Take | NotPublishable]) -> None:
        take = done.result()
        made(cut, *((None, take) if isinstance(take, NotPublishable) else (take, None)))

    waiting: deque[tuple[Cut, Future[Take | NotPublishable]]] = deque()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        try:
            for cut, sound in zip(wanted, pieces(recording, spans) if spans else (), strict=True):
                if len(waiting) > AT_ONCE:
                    tell(*waiting.popleft())
                waiting.append((cut, pool.submit(one, cut, sound)))
        finally:  # work in progress still becomes a take, and is reported
            while waiting:
                tell(*waiting.popleft())


def write_review(
    folder: Path, session: Session, cuts: Sequence[Cut], extras: Sequence[tuple[float, float]], message: str
) -> None:
    """A page on which every line can be heard, with its sounds beside it. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    sounds: dict[int, str] = {}
    for cut in cuts:
        if cut.end > cut.start:
            sounds[cut.line] = f"{cut.line:04}.wav"
            stretch = session.sound(round(cut.start * 1000), round(cut.end * 1000))
            (folder / sounds[cut.line]).write_bytes(telephone_wav(stretch))
    name = session.source.name
    told = page("review.html", recording=name, message=message, cuts=cuts, extras=extras, sounds=sounds)
    (folder / "review.html").write_text(told, encoding="utf-8")


def doubted_now(cuts: Iterable[Cut], sheet: Sheet, catalogue: Mapping[str, Entry]) -> list[Cut]:
    """The cuts, without those whose prompt is gone or has another text than the sheet had."""
    digests = {line.id: line.digest for line in sheet.lines}
    kept = []
    for cut in cuts:
        entry = catalogue.get(cut.id)
        why = Doubt.GONE if entry is None else Doubt.CHANGED if entry.digest != digests[cut.id] else None
        kept.append(cut if why is None else replace(cut, take=False, why="; ".join(filter(None, (why, cut.why)))))
    return kept


def with_numbers(cuts: Iterable[Cut], made: dict[int, int]) -> list[Cut]:
    """The cuts with the numbers of their takes. made: take by line."""
    return [replace(cut, made=made.get(cut.line, cut.made)) for cut in cuts]
