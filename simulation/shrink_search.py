"""Makes a failing run smaller while the same property fails.

First whether a few faults do in an otherwise dull run. Then, in this order: durations, participants
and instruments, steps of the workload, faults, then every other choice. Each sort is tried in large
parts first and by halves down to single ones; what was tried is not tried again. All of it repeats
until a round takes nothing more away. Then what is left is tried by pairs, and the values that
remain are made smaller.

A try that does not fail is made once more with its faults aimed at the messages that they struck
before (`simulation.shrink_faults`).

Nothing here draws by chance: the same failure and code shrink to the same run, unless the budget
ends the search early.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Final, TypeVar

import msgspec

from simulation.cut import Cut
from simulation.entropy import Tape
from simulation.faults import FaultKind
from simulation.outcome import same_failure
from simulation.scenario import Scenario, duration_ns
from simulation.shrink_faults import early_strikes, followed, spared, strikes, with_strikes
from simulation.shrink_steps import plain_step, rests_for_gaps, without_rests
from simulation.tapes import (
    deviations,
    places,
    relabelled,
    trimmed,
    weight,
    with_values,
    without_streams,
    zeroed,
)
from simulation.trials import Tried

Attempt = Callable[[Cut, Tape], Tried | None]
T = TypeVar("T")

_SECOND: Final = 1_000_000_000
_ROUNDS_MAX: Final = 6
_PAIRS_MAX: Final = 24  # deviations up to which all pairs of them are tried
_PARTS: Final = ((1, 16), (1, 8), (1, 4), (1, 2), (3, 4))  # of a duration, the shortest first
_BITS: Final = (1, 2, 3, 4, 5, 6, 8, 12, 16, 24, 32)  # lengths of values to come down to
_MANY: Final = 60  # deviations that are too many for single ones to be tried
_EARLY: Final = 40  # messages of a run that a single strike is tried at, of each kind
_FOLLOWS: Final = 16  # messages that a strike is tried at where all around it has changed
_WORKLOAD: Final = "workload."
_FAULTS: Final = "faults."
_PLAN: Final = "faults.plan."
_SWARM: Final = "faults.swarm"


class Search:
    """One search.

    Args:
        scenario: what the run was recorded on, whole.
        cut, first: the failing run.
        attempt: makes one try.
        is_over: whether the budget is spent.

    Attributes:
        cut, best: the smallest failing run so far.
        ran_out: the budget ended the search.
    """

    def __init__(
        self,
        scenario: Scenario,
        cut: Cut,
        first: Tried,
        attempt: Attempt,
        is_over: Callable[[], bool],
    ) -> None:
        self.cut = cut
        self.best = first
        self.ran_out = False
        self._scenario = scenario
        self._first = first
        self._attempt = attempt
        self._is_over = is_over
        self._seen: dict[bytes, None] = {}

    def run(self) -> None:
        """Search to the end, or to the end of the budget."""
        for _ in range(_ROUNDS_MAX):
            before = deviations(self.best.tape), self.cut
            self._durations()
            self._leap()
            self._participants()
            self._workload()
            self._faults()
            self._choices()
            self._early()
            if (deviations(self.best.tape), self.cut) != before:
                continue
            # what takes many tries for little waits until nothing else does
            before = deviations(self.best.tape), self.cut
            self._steps()
            self._pairs()
            if not self._lower() and (deviations(self.best.tape), self.cut) == before:
                break
        self._stop_there()

    # --- one try ---------------------------------------------------------------------------

    def _try(self, tape: Tape, cut: Cut | None = None, follows: int = 1) -> bool:
        """Keep this run if it fails the same way and is smaller; with a cut, not larger.

        Args:
            follows: how many times its strikes may be moved to where their messages are now.
        """
        if self.ran_out or self._is_over():
            self.ran_out = True
            return False
        tape = trimmed(tape)
        tried = self._tried(tape, cut)
        if tried is None:
            return False
        if self._took(tried, cut):
            return True
        moved = islice(followed(tape, self.best.heard, tried.heard), follows)
        for after in map(trimmed, moved):
            again = self._tried(after, cut)
            if again is not None and self._took(again, cut):
                return True
        return False

    def _tried(self, tape: Tape, cut: Cut | None) -> Tried | None:
        """None where it was tried before, or did not end."""
        tried_cut = self.cut if cut is None else cut
        key = hashlib.blake2b(msgspec.msgpack.encode((tried_cut, tape))).digest()
        if key in self._seen:
            return None
        self._seen[key] = None
        return self._attempt(tried_cut, tape)

    def _took(self, tried: Tried, cut: Cut | None) -> bool:
        if not same_failure(self._first.outcome, tried.outcome):
            return False
        if cut is None:
            if weight(tried.tape) >= weight(self.best.tape):
                return False
        elif deviations(tried.tape) > deviations(self.best.tape):
            return False
        self.best = tried
        self.cut = self.cut if cut is None else cut
        return True

    def _drop(self, units: Sequence[T], without: Callable[[Sequence[T]], Tape]) -> bool:
        """Try to do without units: all, then by halves, the last ones first. Tells whether any
        went."""
        left = list(units)
        dropped = False
        size = len(left)
        while size:
            end = len(left)
            while end > 0:
                begin = max(0, end - size)
                if self._try(without(left[begin:end])):
                    del left[begin:end]
                    dropped = True
                end = begin
            size = min(size, len(left)) // 2
        return dropped

    # --- durations -------------------------------------------------------------------------

    def _durations(self) -> None:
        """Stop soon after the failure; then heal as early as it still comes."""
        scenario = self._scenario
        whole_ns = duration_ns(scenario.active) + duration_ns(scenario.quiet)
        elapsed_ns = self.best.elapsed_ns
        # some room, because what is dull is not always what is early
        stop_ns = elapsed_ns + elapsed_ns // 8 + _SECOND
        if stop_ns < (self.cut.stop_ns or whole_ns):
            self._try_cut(stop_ns=stop_ns)
        while True:
            active_ns = self.cut.active_ns or duration_ns(scenario.active)
            if self.best.elapsed_ns <= active_ns:
                return  # the end of the faults is not reached
            for part, parts in _PARTS:
                shorter_ns = active_ns * part // parts // _SECOND * _SECOND
                if shorter_ns and self._try_cut(active_ns=shorter_ns):
                    break
            else:
                return

    def _stop_there(self) -> None:
        """The last cut: no instant longer than it takes."""
        whole_ns = duration_ns(self._scenario.active) + duration_ns(self._scenario.quiet)
        if self.best.elapsed_ns < (self.cut.stop_ns or whole_ns):
            self._try_cut(stop_ns=self.best.elapsed_ns)

    def _try_cut(self, **changes: object) -> bool:
        return self._try(self.best.tape, msgspec.structs.replace(self.cut, **changes))

    # --- participants ----------------------------------------------------------------------

    def _participants(self) -> None:
        self._instruments()
        strategies = range(1, len(self._scenario.strategies) + 1)
        for number in strategies:
            if number not in self.cut.strategies:
                self._try_cut(strategies=(*self.cut.strategies, number))
        workload = self._scenario.workload
        if workload is None:
            return
        for number in range(1, workload.traders + 1):
            if number not in self.cut.traders:
                self._try_cut(traders=(*self.cut.traders, number))

    def _instruments(self) -> None:
        """One alone, or else one less."""
        listed = self._listed()
        if len(listed) > 1:
            for alone in listed:
                if self._try_instruments([alone]):
                    return
            for gone in listed:
                rest = [each for each in self._listed() if each != gone]
                if rest:
                    self._try_instruments(rest)

    def _listed(self) -> list[str]:
        return [
            str(instrument.id)
            for venue in self._scenario.venues
            for instrument in venue.instruments
            if str(instrument.id) not in self.cut.instruments
        ]

    def _try_instruments(self, kept: Sequence[str]) -> bool:
        listed = self._listed()
        answers = {listed.index(name): number for number, name in enumerate(kept)}
        tape = relabelled(self.best.tape, _is_workload, "instrument", answers)
        gone = tuple(name for name in listed if name not in kept)
        cut = msgspec.structs.replace(self.cut, instruments=self.cut.instruments + gone)
        return self._try(tape, cut)

    # --- choices ---------------------------------------------------------------------------

    def _workload(self) -> None:
        """Whole steps: an empty stream rests. Then the rests."""
        self._drop_streams([name for name in self._busy() if _is_workload(name)])
        self._first_of(without_rests)

    def _others(self) -> list[str]:
        return [name for name in self._busy() if not _is_workload(name) and not _is_hurt(name)]

    def _leap(self) -> None:
        """Most of what a run does has no part in its failure, and yet decides which message a
        fault strikes. A dull run costs a fifth of a busy one: whether a few faults in one do is
        soon known, and saves finding out what else does not matter choice by choice."""
        busy = self._busy()
        worked = {name: self.best.tape[name] for name in busy if _is_workload(name)}
        if self._try(worked):
            return
        hurt = {name: self.best.tape[name] for name in busy if _is_hurt(name)}
        self._try_kinds(hurt)

    def _early(self) -> None:
        """A run begins with what every reconnect does again: a strike may do as well there, where
        nothing has to happen first."""
        hurt = {name: self.best.tape[name] for name in self._busy() if _is_message_fault(name)}
        hurt[_SWARM] = self.best.tape.get(_SWARM, [])
        any(self._try(tape, follows=0) for tape in early_strikes(hurt, _EARLY))

    def _dullest_schedule(self) -> None:
        """All at once, with what the faults struck on it."""
        self._try_kinds(without_streams(self.best.tape, self._others()))

    def _try_kinds(self, tape: Tape) -> bool:
        """The tape with the strikes of all kinds, then with those of one."""
        if self._try(tape, follows=_FOLLOWS):
            return True
        found = strikes(tape)
        names = dict.fromkeys(strike.name for strike in found)
        return any(
            self._try(
                with_strikes(tape, [each for each in found if each.name == name]), follows=_FOLLOWS
            )
            for name in names
        )

    def _steps(self) -> None:
        """Steps with fewer choices: rests instead of gaps, and an action alone."""
        workload = self._scenario.workload
        if workload is None:
            return
        self._first_of(lambda tape: rests_for_gaps(tape, workload.step_ms))
        for name in self._busy():
            any(self._try(tape) for tape in plain_step(self.best.tape, name))

    def _first_of(self, edits: Callable[[Tape], Iterator[Tape]]) -> None:
        """Take the first edit that does, and go on from there until none does."""
        while any(self._try(tape) for tape in edits(self.best.tape)):
            pass

    def _faults(self) -> None:
        """Whole kinds; then planned ones and odds, stream by stream."""
        kinds = [
            name
            for index, (name, _, on) in enumerate(self.best.tape.get(_SWARM, ()))
            if on and index < len(FaultKind)
        ]
        self._drop(kinds, self._without_kinds)
        self._drop_streams([name for name in self._busy() if _is_fault(name)])
        self._drop(strikes(self.best.tape), lambda some: spared(self.best.tape, some))

    def _without_kinds(self, kinds: Sequence[str]) -> Tape:
        tape = self.best.tape
        swarm = tape.get(_SWARM, ())
        off = [(_SWARM, index) for index, (name, _, _) in enumerate(swarm) if name in kinds]
        streams = [name for name in tape if _is_fault(name) and _kind_of(name) in kinds]
        return zeroed(without_streams(tape, streams), off)

    def _choices(self) -> None:
        """The schedule and all the rest: streams, then single choices."""
        self._drop_streams(self._others())
        if deviations(self.best.tape) > _MANY:
            self._dullest_schedule()
        self._drop(places(self.best.tape), lambda some: zeroed(self.best.tape, some))

    def _drop_streams(self, names: Sequence[str]) -> None:
        self._drop(names, lambda some: without_streams(self.best.tape, some))

    def _busy(self) -> list[str]:
        """Streams that chose anything."""
        return list(trimmed(self.best.tape))

    def _pairs(self) -> bool:
        """Two choices may each be needed only because of the other. Tells whether a pair went."""
        found = places(self.best.tape)
        if len(found) > _PAIRS_MAX:
            return False
        return any(
            self._try(zeroed(self.best.tape, (one, other)))
            for number, one in enumerate(found)
            for other in found[number + 1 :]
        )

    def _lower(self) -> bool:
        """Smaller values where they do as well. Tells whether there were any."""
        lowered = False
        for place in places(self.best.tape):
            name, index = place
            for bits in _BITS:
                choices = self.best.tape.get(name, [])
                if index >= len(choices) or choices[index][2].bit_length() <= bits:
                    break
                if self._try(with_values(self.best.tape, {place: 1 << bits - 1}), follows=0):
                    lowered = True
                    break
        return lowered


def _is_workload(name: str) -> bool:
    return name.startswith(_WORKLOAD)


def _is_fault(name: str) -> bool:
    return name.startswith(_FAULTS) and name != _SWARM


def _is_message_fault(name: str) -> bool:
    return _is_fault(name) and not name.startswith(_PLAN)


def _is_hurt(name: str) -> bool:
    return name.startswith(_FAULTS)


def _kind_of(name: str) -> str:
    """`faults.KIND` and `faults.plan.KIND.N`, in lower case -> KIND."""
    parts = name.split(".")
    return (parts[2] if parts[1] == "plan" else parts[1]).upper()
