"""Which sounds of a recording are which line of the sheet: the likeliest way through both, and how sure each line is.

Costs are negative logarithms of likelihoods. A way is a list of steps through the sounds in their order: a line is read
(in one sound or several), it is tried before that, a line is left out, a sound belongs to nothing. How sure a line is,
is told by what the best way costs that has other sounds for it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ivr.studio.session.segmentation import Heard
from ivr.studio.voice.speech_rate import Pace, Text

BEAM = 40.0
"""Ways that cost so much more than the best one at the same sound are given up."""
CANDIDATE = 10.0
"""What a way may cost more than the best one, for other knowledge to be asked about it."""
LEFT_OUT, LEFT_OUT_ALSO = 5.5, 2.5
MOST_AT_ENDS = 24.0  # a sheet that is read in several recordings begins or ends anywhere
AGAIN, ALIKE = 2.0, 0.08
LONGEST_REST_MS = 2000
USUAL_PAUSE_MS = 650  # between lines; a reader of a sheet pauses at least that long
MOST_SOUNDS = 10
WORST_LENGTH = 14.0
FARTHEST = 1.2  # logarithm of the ratio of lengths: no speaker is three times as slow for one line

Span = tuple[int, int]
"""Sounds from the first up to, not with, the second."""
Evidence = Callable[[Text, Span], float]
"""What it costs, by other knowledge than lengths, that the sounds are the text; 0 where nothing is known."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a line was found. sounds: None where it was left out. tries: sounds of it that came before.

    margin: what the best other way costs more. candidates: sounds that it could be at all.
    """

    sounds: Span | None
    tries: tuple[Span, ...]
    margin: float
    candidates: frozenset[Span] = frozenset()


@dataclass(frozen=True, slots=True)
class Alignment:
    """Places of all lines, the sounds that belong to none, and what the best way costs."""

    places: tuple[Place, ...]
    extras: tuple[int, ...]
    cost: float


_Node = tuple[int, int, int, Span | None]  # sounds behind, lines behind, 1 within lines left out, last try at the next


@dataclass(frozen=True, slots=True)
class _Step:
    """to: where it leads. read: sounds of the next line. tried: sounds of a try at it."""

    to: _Node
    cost: float
    read: Span | None = None
    tried: Span | None = None


def spoken_ms(sounds: Sequence[Heard], span: Span) -> int:
    """How long the voice is heard within a span."""
    return sum(sound.length_ms for sound in sounds[span[0] : span[1]])


def rests(sounds: Sequence[Heard], span: Span) -> list[tuple[int, float]]:
    """Silences within a span: milliseconds, and the share of the voice that is before each."""
    whole = max(spoken_ms(sounds, span), 1)
    behind = 0
    found = []
    for one, following in pairwise(sounds[span[0] : span[1]]):
        behind += one.length_ms
        found.append((following.start_ms - one.end_ms, behind / whole))
    return found


class Aligner:
    """One recording against one sheet."""

    def __init__(
        self, texts: Sequence[Text], sounds: Sequence[Heard], pace: Pace, evidence: Evidence, beam: float = BEAM
    ) -> None:
        self._beam = beam
        self._texts, self._sounds, self._pace, self._evidence = texts, sounds, pace, evidence
        self._read: dict[tuple[int, Span], float] = {}
        loudest = sorted(sound.level_db for sound in sounds)
        self._usual_db = loudest[len(loudest) // 2] if loudest else 0.0

    def quickly(self) -> Alignment:
        """The best way alone; every margin is 0."""
        costs, came = self._forward()
        ends = {node: cost + self._ending(node) for node, cost in costs[-1].items()}
        last = min(ends, key=lambda node: ends[node])
        return self._told(self._way(last, came), [{None: ends[last]} for _ in self._texts], ends[last])

    def align(self) -> Alignment:
        """The best way, with the margins of its lines."""
        costs, came = self._forward()
        ends = {node: cost + self._ending(node) for node, cost in costs[-1].items()}
        best = min(ends.values())
        way = self._way(min(ends, key=lambda node: ends[node]), came)
        behind = self._backward(costs)
        others: list[dict[Span | None, float]] = [{} for _ in self._texts]
        for column in costs:
            for node, cost in column.items():
                for step in self._steps(node):
                    if step.to in behind:
                        self._note(others, node, step, cost + step.cost + behind[step.to])
        for number in range(len(self._texts)):  # ways that begin after the line, or end before it
            begun = [behind[node] + cost for node, cost in self._beginnings() if node[1] > number and node in behind]
            ended = [cost for node, cost in ends.items() if node[1] <= number]
            cheapest = min((*begun, *ended), default=math.inf)
            others[number][None] = min(others[number].get(None, math.inf), cheapest)
        return self._told(way, others, best)

    def _told(self, way: list[_Step], others: list[dict[Span | None, float]], best: float) -> Alignment:
        found: dict[int, tuple[Span, tuple[Span, ...]]] = {}
        tries: list[Span] = []
        used: set[int] = set()
        for step in way:
            if step.tried is not None:
                tries.append(step.tried)
                used.update(range(*step.tried))
            if step.read is not None:
                found[step.to[1] - 1] = (step.read, tuple(tries))
                used.update(range(*step.read))
                tries = []
        places = []
        for number in range(len(self._texts)):
            span, before = found.get(number, (None, ()))
            other = min((cost for one, cost in others[number].items() if one != span), default=math.inf)
            near = frozenset(one for one, cost in others[number].items() if one is not None and cost < best + CANDIDATE)
            places.append(Place(span, before, min(other - best, BEAM), near))
        return Alignment(tuple(places), tuple(set(range(len(self._sounds))) - used), best)

    @staticmethod
    def _note(others: list[dict[Span | None, float]], node: _Node, step: _Step, cost: float) -> None:
        if step.to[1] == node[1] + 1:
            known = others[node[1]]
            known[step.read] = min(known.get(step.read, math.inf), cost)

    def _beginnings(self) -> Iterator[tuple[_Node, float]]:
        for behind in range(len(self._texts) + 1):
            yield (0, behind, 1 if behind else 0, None), _at_an_end(behind)

    def _ending(self, node: _Node) -> float:
        cost = _at_an_end(len(self._texts) - node[1])
        return min(cost, 2.0) if node[2] else cost

    def _forward(self) -> tuple[list[dict[_Node, float]], dict[_Node, tuple[_Node, _Step]]]:
        costs: list[dict[_Node, float]] = [{} for _ in range(len(self._sounds) + 1)]
        came: dict[_Node, tuple[_Node, _Step]] = {}
        costs[0].update(self._beginnings())
        for column in costs:
            if not column:
                continue
            limit = min(column.values()) + self._beam
            for node in [node for node, cost in column.items() if cost > limit]:
                del column[node]
            queue = sorted(column, key=lambda node: (node[1], node[2]))
            for node in queue:  # grows while lines are left out one after the other
                cost = column[node]
                for step in self._steps(node):
                    told = cost + step.cost
                    target = costs[step.to[0]]
                    if target is column and told > limit:
                        continue
                    if told < target.get(step.to, math.inf):
                        if target is column and step.to not in target:
                            _insert(queue, step.to)
                        target[step.to] = told
                        came[step.to] = (node, step)
        return costs, came

    def _backward(self, costs: list[dict[_Node, float]]) -> dict[_Node, float]:
        behind: dict[_Node, float] = {node: self._ending(node) for node in costs[-1]}
        for column in reversed(costs):
            for node in sorted(column, key=lambda node: (node[1], node[2]), reverse=True):
                onward = [step.cost + behind[step.to] for step in self._steps(node) if step.to in behind]
                cheapest = min((*onward, behind.get(node, math.inf)), default=math.inf)
                if cheapest < math.inf:
                    behind[node] = cheapest
        return behind

    @staticmethod
    def _way(end: _Node, came: dict[_Node, tuple[_Node, _Step]]) -> list[_Step]:
        way = []
        while end in came:
            end, step = came[end]
            way.append(step)
        return way[::-1]

    def _steps(self, node: _Node) -> Iterator[_Step]:
        sound, line, leaving_out, tried = node
        if line < len(self._texts) and tried is None:
            yield _Step((sound, line + 1, 1, None), LEFT_OUT_ALSO if leaving_out else LEFT_OUT)
        if sound == len(self._sounds):
            return
        yield _Step((sound + 1, line, leaving_out, tried), self._stray(sound))
        if line == len(self._texts):
            return
        joined = self._joining(sound)
        for span in self._spans(sound, line):
            cost = self._reading(line, span) + joined + self._unlike(tried, span)
            if cost < math.inf:
                yield _Step((span[1], line + 1, 0, None), cost, read=span)
                yield _Step((span[1], line, leaving_out, span), cost + AGAIN, tried=span)

    def _spans(self, sound: int, line: int) -> Iterator[Span]:
        longest = self._pace.expected_ms(self._texts[line]) * math.exp(FARTHEST)
        spoken = 0
        for end in range(sound + 1, min(sound + MOST_SOUNDS, len(self._sounds)) + 1):
            spoken += self._sounds[end - 1].length_ms
            if spoken > longest:
                return
            if end - sound > 1 and self._sounds[end - 1].start_ms - self._sounds[end - 2].end_ms > LONGEST_REST_MS:
                return
            yield sound, end

    def _reading(self, line: int, span: Span) -> float:
        known = self._read.get((line, span))
        if known is None:
            known = self._read[line, span] = self._judged(self._texts[line], span)
        return known

    def _judged(self, text: Text, span: Span) -> float:
        spoken = spoken_ms(self._sounds, span)
        if abs(math.log(spoken / self._pace.expected_ms(text))) > FARTHEST:
            return math.inf
        cost = min(self._pace.deviation(text, spoken) ** 2 / 2, WORST_LENGTH)
        cost += sum(rest_cost(length, share, text) for length, share in rests(self._sounds, span))
        return cost + self._evidence(text, span) if cost < BEAM else math.inf

    def _unlike(self, tried: Span | None, span: Span) -> float:
        """What it costs that a speaker reads one line twice so differently."""
        if tried is None:
            return 0.0
        ratio = spoken_ms(self._sounds, tried) / max(spoken_ms(self._sounds, span), 1)
        return min((math.log(ratio) / ALIKE) ** 2 / 2, WORST_LENGTH)

    def _joining(self, sound: int) -> float:
        """What it costs that a line begins here, so soon after the sound before."""
        if not sound:
            return 0.0
        rest = self._sounds[sound].start_ms - self._sounds[sound - 1].end_ms
        return max(USUAL_PAUSE_MS - rest, 0) / 60

    def _stray(self, sound: int) -> float:
        """What it costs that a sound belongs to nothing: long ones are rarely a cough, faint ones often a chair.

        What follows another sound at once is rather a part of what is read.
        """
        heard = self._sounds[sound]
        if heard.length_ms < 120:
            return 0.7
        cost = min(3.5 + heard.length_ms / 1000, 9.0)
        return cost / 2 if heard.level_db < self._usual_db - 15 else cost + self._joining(sound)


def rest_cost(length_ms: int, share: float, text: Text) -> float:
    """What it costs that a text has a silence within it: little at a sign of punctuation, much elsewhere."""
    anywhere = max(length_ms - 250, 0) / (100 if " " in text.words else 50)
    at_signs = (((share - sign) / 0.1) ** 2 / 2 + max(length_ms - 900, 0) / 200 for sign in text.rests)
    return min((anywhere, *at_signs))


def _at_an_end(left_out: int) -> float:
    return min(LEFT_OUT + LEFT_OUT_ALSO * left_out, MOST_AT_ENDS) if left_out else 0.0


def _insert(queue: list[_Node], node: _Node) -> None:
    """Into a queue that is being walked: right behind where nodes of the same column with fewer lines stand."""
    place = len(queue)
    while place and (queue[place - 1][1], queue[place - 1][2]) > (node[1], node[2]):
        place -= 1
    queue.insert(place, node)
