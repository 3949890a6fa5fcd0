"""What `ivr prompts check` finds in the administrators' own voices: old audio, mixed voices, files out of step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ivr.storage.takes import changed_texts, published
from ivr.studio.coverage import Finding, State
from ivr.studio.standing import Seen, Standing
from ivr.studio.studio import Studio

MOST_NAMED = 8
ALL = "voices"


def own_findings(studio: Studio) -> Iterator[Finding]:
    """Everything wrong with takes, changed texts and their files. Raises as `Studio.prompts` does."""
    prompts = [one for one in studio.prompts() if one.entry.text]
    for one in prompts:
        own = one.heard_in and one.heard_in != studio.voices.shipped_name
        if one.standing is Standing.OUTDATED and (own or one.changed):
            yield Finding(one.entry.id, f"{State.OUTDATED} (voice {one.heard_in})")
    for wrong in studio.files.disagreements():
        mend = "restart the daemon or run `ivr prompts check --mend`"
        yield Finding(wrong.id, f"audio of voice {wrong.voice} is not what the database says: {mend}")
    known = {(take.voice, take.prompt_id) for take in published(studio.database)}
    disagreeing = {(wrong.voice, wrong.id) for wrong in studio.files.disagreements()}
    for voice, id_ in studio.voices.present():
        if not studio.voices.is_link(voice, id_) and (voice, id_) not in known | disagreeing:
            yield Finding(id_, f"audio of voice {voice} that nobody published: `ivr prompts record` brings it in")
    ids = {one.entry.id for one in prompts}
    for id_ in sorted(set(changed_texts(studio.database)) - ids):
        yield Finding(id_, "a changed text of a prompt that is not in the catalogue any more", serious=False)
    yield from _mixed(studio, prompts)


def _mixed(studio: Studio, prompts: Sequence[Seen]) -> Iterator[Finding]:
    """One warning for each voice that is heard beside the first, where the first is heard at all."""
    groups: dict[str, list[str]] = {}
    for one in prompts:
        if one.heard_in:
            by = "synthetic" if one.standing is Standing.SYNTHETIC else "recorded"
            groups.setdefault(f"{one.heard_in}, {by}", []).append(one.entry.id)
    main = max(groups, key=lambda name: (name == f"{studio.voice}, recorded", len(groups[name])), default="")
    for name, ids in groups.items():
        if name != main:
            few = ", ".join(ids[:MOST_NAMED]) + (f" and {len(ids) - MOST_NAMED} more" if len(ids) > MOST_NAMED else "")
            yield Finding(ALL, f"mixed: {len(ids)} of {len(prompts)} prompts are {name}: {few}", serious=False)
