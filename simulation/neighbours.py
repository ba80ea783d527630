"""Neighbours of a seed: the same choices but for a few, and what tells whether a run was new.

A seed that met something no earlier seed met is worth staying near. Its neighbour 3 is the run
whose choices are the seed's, but for one to four of them; neighbour 1 of that one is `3.1`. Which
choices, and what they are instead, is a function of seed and number, so a token says it all:
`default[near=3.1]@17`. The market is left alone: most of a seed's choices are its.
"""

import zlib
from collections.abc import Iterable, Mapping
from typing import Final

from engine.model.events import OrderEvent
from engine.model.orders import Order
from simulation.entropy import SeededEntropy, Stream, Tape
from simulation.options import RunOptions
from simulation.outcome import Outcome
from simulation.run import simulate
from simulation.scenario import Scenario

_CHANGED_MAX: Final = 4  # choices between a run and its neighbour
_MARKET: Final = "market."

Changes = dict[str, dict[int, int]]  # stream name -> index of a choice on its tape -> new value


class NearbyEntropy:
    """A seed's choices but for a few: those that follow are still the seed's.

    Attributes:
        tape: every choice, as it was made.
    """

    __slots__ = ("_changes", "_seeded", "_streams", "tape")

    def __init__(self, seed: int, changes: Changes) -> None:
        self._seeded = SeededEntropy(seed)
        self._changes = changes
        self._streams: dict[str, Stream] = {}
        self.tape: Tape = {}

    @property
    def changes(self) -> Changes:
        """What is chosen otherwise than the seed does."""
        return self._changes

    def stream(self, name: str) -> Stream:
        stream = self._streams.get(name)
        if stream is None:
            record = self.tape.setdefault(name, [])
            source = self._seeded.stream(name)
            stream = _NearbyStream(source, self._changes.get(name, {}), record)
            self._streams[name] = stream
        return stream


class _NearbyStream(Stream):
    __slots__ = ("_changes", "_record", "_source")

    def __init__(
        self, source: Stream, changes: Mapping[int, int], record: list[tuple[str, int, int]]
    ) -> None:
        super().__init__(source.name)
        self._source = source
        self._changes = changes
        self._record = record

    def below(self, bound: int, label: str) -> int:
        value = self._source.below(bound, label)
        return value if bound <= 1 else self._chosen(bound, label, value)

    def chance(self, numerator: int, denominator: int, label: str) -> bool:
        fires = self._source.chance(numerator, denominator, label)
        if not 0 < numerator < denominator:
            return fires
        return self._chosen(2, label, 1 if fires else 0) == 1

    def _chosen(self, bound: int, label: str, value: int) -> int:
        changed = self._changes.get(len(self._record))
        if changed is not None:
            value = changed % bound  # an earlier change may have brought another question here
        self._record.append((label, bound, value))
        return value


class Neighbourhood:
    """The neighbours of one scenario's seeds. Keeps what it worked out last, since the neighbours
    of one run are asked for together."""

    def __init__(self, scenario: Scenario, options: RunOptions) -> None:
        self._scenario = scenario
        self._options = options
        self._last: tuple[int, str] = (-1, "")
        self._changes: Changes = {}
        self._tape: Tape = {}

    def entropy(self, seed: int, near: str) -> NearbyEntropy:
        """The choices of neighbour `near` ("3.1") of `seed`, to run it by.

        Raises:
            What `simulate` raises: its parents are run to see what they choose.
        """
        parent = near.rpartition(".")[0]
        if self._last != (seed, parent):
            entropy = self.entropy(seed, parent) if parent else NearbyEntropy(seed, {})
            simulate(self._scenario, seed, self._options, entropy=entropy)
            self._last, self._changes = (seed, parent), entropy.changes
            self._tape = entropy.tape
        choice = SeededEntropy(seed).stream(f"near.{near}")
        return NearbyEntropy(seed, _changed(self._changes, self._tape, choice))

    def tape(self, seed: int, near: str) -> Tape:
        """Every choice of that neighbour.

        Raises:
            What `simulate` raises.
        """
        entropy = self.entropy(seed, near)
        simulate(self._scenario, seed, self._options, entropy=entropy)
        return entropy.tape


def _changed(changes: Changes, tape: Tape, choice: Stream) -> Changes:
    """`changes` and one to four more, each of a choice that `tape` holds."""
    result = {name: dict(values) for name, values in changes.items()}
    # of a few streams many choices, of many a few: by stream first, or the few are never met
    names = sorted(name for name, row in tape.items() if row and not name.startswith(_MARKET))
    if not names:
        return result
    for _ in range(1 + choice.below(_CHANGED_MAX, "changes")):
        name = names[choice.below(len(names), "stream")]
        index = choice.below(len(tape[name]), "index")
        _, bound, value = tape[name][index]
        other = choice.below(bound - 1, "value")
        result.setdefault(name, {})[index] = other if other < value else other + 1
    return result


def features(outcome: Outcome, orders: Iterable[Order]) -> list[int]:
    """What a run met, as sorted numbers: each order state with the event that left it, each kind
    of fault on each channel, each probe, what was found."""
    met: dict[str, None] = {}
    for order in orders:
        met.update(dict.fromkeys(_steps(order.events)))
    met.update(dict.fromkeys(outcome.fired_at))
    met.update(dict.fromkeys(outcome.probes))
    if not outcome.passed:
        met[outcome.signature] = None
    return sorted({zlib.crc32(name.encode()): None for name in met})


def _steps(events: Iterable[OrderEvent]) -> Iterable[str]:
    """Two events of an order that follow each other are a state and what left it; with the one
    before them, how it came there."""
    before = at = ""
    for event in events:
        name = type(event).__name__
        yield f"{before}>{at}>{name}"
        before, at = at, name
