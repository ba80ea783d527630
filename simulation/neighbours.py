"""Neighbours of a seed: the same choices but for a few, and what tells whether a run was new.

A seed that met something no earlier seed met is worth staying near. Its neighbour 3 is the run
whose choices are the seed's, but for one to four of them; neighbour 1 of that one is `3.1`. Which
choices, and what they are instead, is a function of seed and number, so a token says it all:
`default[near=3.1]@17`. The market is left alone: most of a seed's choices are its.
"""

import zlib
from collections.abc import Iterable, Iterator
from typing import Final

from engine.model.events import OrderEvent
from engine.model.orders import Order
from simulation.derived_entropy import MARKET, DeviatingEntropy, Deviation, TapedEntropy
from simulation.entropy import SeededEntropy, Stream, Tape
from simulation.options import RunOptions
from simulation.outcome import Outcome
from simulation.run import simulate
from simulation.scenario import Scenario

_CHANGED_MAX: Final = 4  # choices between a run and its neighbour


class Neighbourhood:
    """The neighbours of one scenario's seeds. Keeps what it worked out last, since the neighbours
    of one run are asked for together."""

    def __init__(self, scenario: Scenario, options: RunOptions) -> None:
        self._scenario = scenario
        self._options = options
        self._last: tuple[int, str] = (-1, "")
        self._deviations: tuple[Deviation, ...] = ()
        self._tape: Tape = {}

    def entropy(self, seed: int, near: str) -> DeviatingEntropy:
        """The choices of neighbour `near` ("3.1") of `seed`, to run it by.

        Raises:
            What `simulate` raises: its parents are run to see what they choose.
        """
        return DeviatingEntropy(SeededEntropy(seed), self.deviations(seed, near))

    def deviations(self, seed: int, near: str) -> tuple[Deviation, ...]:
        """What that neighbour chooses otherwise than the seed, its parents' changes first; none
        for "", the seed itself.

        Raises:
            What `simulate` raises.
        """
        if not near:
            return ()
        parent = near.rpartition(".")[0]
        if self._last != (seed, parent):
            deviations = self.deviations(seed, parent)
            tape = self._tape_of(seed, deviations)
            self._last, self._deviations, self._tape = (seed, parent), deviations, tape
        choice = SeededEntropy(seed).stream(f"near.{near}")
        return (*self._deviations, *_changed(self._tape, choice))

    def tape(self, seed: int, near: str) -> Tape:
        """Every choice of that neighbour.

        Raises:
            What `simulate` raises.
        """
        return self._tape_of(seed, self.deviations(seed, near))

    def _tape_of(self, seed: int, deviations: Iterable[Deviation]) -> Tape:
        entropy = TapedEntropy(DeviatingEntropy(SeededEntropy(seed), deviations))
        simulate(self._scenario, seed, self._options, entropy=entropy)
        return entropy.tape


def _changed(tape: Tape, choice: Stream) -> Iterator[Deviation]:
    """One to four choices that `tape` holds, answered otherwise."""
    # of a few streams many choices, of many a few: by stream first, or the few are never met
    names = sorted(name for name, row in tape.items() if row and not name.startswith(MARKET))
    if not names:
        return
    for _ in range(1 + choice.below(_CHANGED_MAX, "changes")):
        name = names[choice.below(len(names), "stream")]
        index = choice.below(len(tape[name]), "index")
        _, bound, value = tape[name][index]
        other = choice.below(bound - 1, "value")
        yield name, index, other if other < value else other + 1


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
