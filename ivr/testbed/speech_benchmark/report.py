"""One run of the benchmark: its tables, its JSON, and its place in a model's card."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from ivr.domain.faults import BrokenFile
from ivr.testbed.speech_benchmark.aims import aims
from ivr.testbed.speech_benchmark.evaluation import Judged
from ivr.testbed.speech_benchmark.table import LEGEND, Figures, aim_table, speed_tables, tables
from ivr.testbed.speech_load.speed import Speed

BEGIN, END = "<!-- bench -->", "<!-- /bench -->"


class BadCard(BrokenFile):
    """A model card without a place for the figures; the text says which."""


@dataclass(frozen=True, slots=True)
class Report:
    """judged: what was understood, () if that was not asked. speed: None likewise. seed, count: of the sets."""

    judged: Sequence[Judged]
    speed: Speed | None
    seed: int
    count: int

    def tables(self) -> list[Figures]:
        """Those with something in them; the aims first."""
        made = [aim_table(list(aims(self.judged))), *tables(self.judged)]
        if self.speed is not None:
            made += speed_tables(self.speed)
        return [one for one in made if one.rows]

    def plain(self) -> dict[str, object]:
        """For JSON."""
        return {
            "seed": self.seed,
            "count": self.count,
            "aims": [asdict(one) for one in aims(self.judged)],
            "understanding": [one.plain() for one in self.judged],
            "speed": self.speed.plain() if self.speed is not None else None,
        }

    def markdown(self) -> str:
        """The tables for a model card."""
        made = f"`ivr bench speech`, seed {self.seed}, up to {self.count} utterances a set. {LEGEND}"
        return "\n".join([made, "", *(one.markdown() for one in self.tables())])

    def into_card(self, card: Path) -> None:
        """Put the tables between the two marks of the card. Raises BadCard."""
        try:
            text = card.read_text(encoding="utf-8")
        except OSError as error:
            raise BadCard(f"{card}: {error.strerror}") from error
        before, begin, rest = text.partition(BEGIN)
        _, end, after = rest.partition(END)
        if not begin or not end:
            raise BadCard(f"{card}: no lines {BEGIN} and {END}")
        card.write_text(f"{before}{BEGIN}\n{self.markdown()}{END}{after}", encoding="utf-8")
