"""What `ivr prompts check` finds in the administrators' own voices: old audio, mixed voices, files out of step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ivr.storage.prompts.takes import changed_texts, published
from ivr.studio.coverage import Finding, State
from ivr.studio.prompt_status import PromptStatus, PromptView
from ivr.studio.studio import Studio

MOST_NAMED = 8
ALL = "voices"


def own_findings(studio: Studio) -> Iterator[Finding]:
    """Everything wrong with takes, changed texts and their files. Raises as `Studio.prompts` does."""
    prompts = [one for one in studio.prompts() if one.entry.text]
    for one in prompts:
        own = one.heard_in and one.heard_in != studio.voices.shipped_name
        if one.standing is PromptStatus.OUTDATED and (own or one.changed):
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


def spoken_by(one: PromptView) -> str:
    """In which voice callers hear a prompt and what made it, as `ivr prompts check` names it; "" for no audio."""
    if not one.heard_in:
        return ""
    return f"{one.heard_in}, {'synthetic' if one.standing is PromptStatus.SYNTHETIC else 'recorded'}"


def others(prompts: Sequence[PromptView], voice: str) -> dict[str, list[PromptView]]:
    """Prompts that callers hear in another voice than the most, by `spoken_by`. voice: it counts as the most."""
    groups: dict[str, list[PromptView]] = {}
    for one in prompts:
        if by := spoken_by(one):
            groups.setdefault(by, []).append(one)
    main = max(groups, key=lambda name: (name == f"{voice}, recorded", len(groups[name])), default="")
    return {name: group for name, group in groups.items() if name != main}


def _mixed(studio: Studio, prompts: Sequence[PromptView]) -> Iterator[Finding]:
    """One warning for each voice that is heard beside the first, where the first is heard at all."""
    for name, group in others(prompts, studio.voice).items():
        ids = [one.entry.id for one in group]
        few = ", ".join(ids[:MOST_NAMED]) + (f" and {len(ids) - MOST_NAMED} more" if len(ids) > MOST_NAMED else "")
        yield Finding(ALL, f"mixed: {len(ids)} of {len(prompts)} prompts are {name}: {few}", serious=False)
