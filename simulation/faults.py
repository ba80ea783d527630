"""What can go wrong between a kernel and its venue: the whole list, as data.

Two sorts. *Message faults* strike one message in N. *Planned faults* strike at an instant:
each is an entry (at_ns, Fault) of a plan that can be printed, saved, edited and given back. An
entry of a message fault is possible too: it strikes the next message it can.

Swarm: each seed switches a random part of the kinds off, because what is rare beside other
faults may be common without them. Hurt, then heal: after `heal` nothing strikes, and stalls,
half-open connections, refusals and bans are over.

The contract of all of it: what a venue may do to an honest client. The truth stays queryable
once healed, no stream loses a byte without the loss showing (a reset, or a number missing in a
sequence), and a malformed message can be told from a right one.
"""

from collections.abc import Callable, Mapping
from enum import IntEnum
from fractions import Fraction
from typing import Final, Protocol

import msgspec

from simulation.entropy import Entropy, Stream
from simulation.scheduler import Handle, Scheduler
from simulation.trace import Trace

MILLISECOND: Final = 1_000_000
SECOND: Final = 1_000_000_000
MINUTE: Final = 60 * SECOND


class FaultKind(IntEnum):
    # request/answer
    REQUEST_LOST = 0
    ANSWER_LOST = 1
    SLOW_ANSWER = 2
    ERROR_STATUS = 3
    # any message
    DELAY = 4
    MALFORMED_FRAME = 5
    # stream
    CUT_FRAME = 6
    STALL = 7
    HALF_OPEN = 8
    RESET = 9
    REFUSED = 10
    # the venue's own ways
    DUPLICATE_AFTER_RECONNECT = 11
    EVENT_BEFORE_ANSWER = 12
    GAP = 13
    STALE_SNAPSHOT = 14
    RATE_LIMIT_BAN = 15


class Description(msgspec.Struct, frozen=True):
    """What a kind means.

    Attributes:
        means: in one line.
        struck: what it strikes one in N of; "" for a kind that is only planned.
        per_minute: how many of those even a dull minute of trading offers.
    """

    kind: FaultKind
    means: str
    struck: str
    per_minute: int


K = FaultKind
DESCRIPTIONS: Final[Mapping[FaultKind, Description]] = {
    description.kind: description
    for description in (
        Description(K.REQUEST_LOST, "the request never reaches the venue", "request", 20),
        Description(K.ANSWER_LOST, "the venue acts, its answer never arrives", "answer", 20),
        Description(K.SLOW_ANSWER, "the answer takes seconds", "answer", 20),
        Description(K.ERROR_STATUS, "500, acted or not, or 503", "request", 20),
        Description(K.DELAY, "one message is late; its stream waits behind it", "message", 60),
        Description(K.MALFORMED_FRAME, "one message is no valid message", "message to us", 60),
        Description(K.CUT_FRAME, "half a frame arrives, then a reset", "frame to us", 60),
        Description(K.STALL, "open streams carry nothing for a while, then all of it", "", 0),
        Description(K.HALF_OPEN, "one end has closed and the other does not know", "", 0),
        Description(K.RESET, "every open stream breaks; what was on its way is gone", "", 0),
        Description(K.REFUSED, "streams break, connects and requests are refused", "", 0),
        Description(
            K.DUPLICATE_AFTER_RECONNECT, "old user events are sent once more", "reconnect", 1
        ),
        Description(
            K.EVENT_BEFORE_ANSWER, "the stream tells before the answer does", "request", 10
        ),
        Description(K.GAP, "a numbered frame is never sent", "frame to us", 60),
        Description(K.STALE_SNAPSHOT, "a picture older than the stream", "snapshot", 1),
        Description(K.RATE_LIMIT_BAN, "requests are turned away for seconds", "request", 20),
    )
}
PLANNED: Final = (K.STALL, K.HALF_OPEN, K.RESET, K.REFUSED)
RECONNECTING: Final = (K.HALF_OPEN, K.RESET, K.REFUSED)  # planned ones that break every stream

# No profile stops a client from connecting for longer than this.
REFUSED_NS_MAX: Final = 10 * SECOND
_DURATIONS: Final[Mapping[FaultKind, tuple[int, int]]] = {
    K.STALL: (100 * MILLISECOND, 8 * SECOND),
    K.HALF_OPEN: (SECOND, 10 * SECOND),
    K.RESET: (0, 0),
    K.REFUSED: (500 * MILLISECOND, 8 * SECOND),
}


class OneIn(msgspec.Struct, frozen=True):
    """A message fault's odds: one message in `n` (>= 2)."""

    n: int

    def __post_init__(self) -> None:
        if self.n < 2:
            raise ValueError(f"one in {self.n} is no odds: at least one in 2")


class PerMinute(msgspec.Struct, frozen=True):
    """How many of a planned fault a minute of the active phase holds (>= 1)."""

    n: int

    def __post_init__(self) -> None:
        if self.n < 1:
            raise ValueError(f"{self.n} per minute is no rate")


class Fault(msgspec.Struct, frozen=True, array_like=True):
    """One planned fault.

    Attributes:
        duration_ns: how long it lasts; 0 where that means nothing.
        variant: STALL: 0 both directions, 1 to us, 2 to the venue. HALF_OPEN: 0 we believe the
            connection is open, 1 the venue does. Else 0.
    """

    kind: FaultKind
    duration_ns: int = 0
    variant: int = 0

    def __str__(self) -> str:
        return f"{self.kind.name} for {self.duration_ns} ns, variant {self.variant}"


Plan = tuple[tuple[int, Fault], ...]  # (nanoseconds since the start of the run, fault)


class FaultProfile(msgspec.Struct, frozen=True):
    """How hostile a world is.

    Attributes:
        off: odds (numerator, denominator) that a seed switches a given kind off.
        rates: kinds that are not in it never strike.
    """

    name: str
    off: tuple[int, int]
    rates: Mapping[FaultKind, OneIn | PerMinute]

    def __post_init__(self) -> None:
        for kind, rate in self.rates.items():
            if (kind in PLANNED) is not isinstance(rate, PerMinute):
                raise ValueError(f"{kind.name} cannot have the rate {rate}")

    def owed(self, kind: FaultKind, active_ns: int) -> Fraction:
        """Declared odds that one seed of this profile strikes `kind` at least once.

        From the odds that the swarm leaves the kind on and the messages that even a dull run
        offers (`Description.per_minute`). A planned fault counts half: it may find nothing
        connected. A kind that needs a reconnect is owed no more often than one is planned.
        """
        rate = self.rates.get(kind)
        if rate is None:
            return Fraction(0)
        on = 1 - Fraction(*self.off)
        if isinstance(rate, PerMinute):
            return on * min(Fraction(rate.n * active_ns, MINUTE), Fraction(1)) / 2
        description = DESCRIPTIONS[kind]
        offered = description.per_minute * active_ns // MINUTE
        # one draw decides for n - 1 messages: none of them (1 in n), or which
        windows, rest = divmod(offered, rate.n - 1)
        misses = Fraction(1, rate.n) ** windows * (1 - Fraction(rest, rate.n))
        strikes = on * (1 - misses)
        if description.struck == "reconnect":
            planned = [k for k in RECONNECTING if k in self.rates]
            strikes *= 1 - Fraction(*self.off) ** len(planned)
        return strikes


CALM: Final = FaultProfile("calm", (0, 1), {})

FLAKY: Final = FaultProfile(
    "flaky",
    (1, 3),
    {
        K.REQUEST_LOST: OneIn(120),
        K.ANSWER_LOST: OneIn(120),
        K.SLOW_ANSWER: OneIn(80),
        K.ERROR_STATUS: OneIn(150),
        K.DELAY: OneIn(200),
        K.EVENT_BEFORE_ANSWER: OneIn(10),
        K.DUPLICATE_AFTER_RECONNECT: OneIn(3),
        K.STALL: PerMinute(1),
        K.RESET: PerMinute(1),
    },
)

STORMY: Final = FaultProfile(
    "stormy",
    (1, 3),
    {
        K.REQUEST_LOST: OneIn(25),
        K.ANSWER_LOST: OneIn(25),
        K.SLOW_ANSWER: OneIn(20),
        K.ERROR_STATUS: OneIn(30),
        K.DELAY: OneIn(60),
        K.MALFORMED_FRAME: OneIn(500),
        K.CUT_FRAME: OneIn(800),
        K.STALL: PerMinute(3),
        K.HALF_OPEN: PerMinute(1),
        K.RESET: PerMinute(1),
        K.REFUSED: PerMinute(1),
        K.DUPLICATE_AFTER_RECONNECT: OneIn(2),
        K.EVENT_BEFORE_ANSWER: OneIn(5),
        K.GAP: OneIn(300),
        K.STALE_SNAPSHOT: OneIn(3),
        K.RATE_LIMIT_BAN: OneIn(60),
    },
)

PROFILES: Final[Mapping[str, FaultProfile]] = {p.name: p for p in (CALM, FLAKY, STORMY)}


def owed_faults(profile: FaultProfile, active_ns: int = MINUTE) -> dict[str, tuple[int, int]]:
    """Declared odds (numerator, denominator) per kind that the profile can cause, by name."""
    owed = {kind.name: profile.owed(kind, active_ns) for kind in sorted(profile.rates)}
    return {name: (odds.numerator, odds.denominator) for name, odds in owed.items()}


class Wire(Protocol):
    """What planned faults strike. Each method says how many connections it struck."""

    def stall(self, duration_ns: int, variant: int) -> int: ...
    def half_open(self, duration_ns: int, variant: int) -> int: ...
    def reset(self) -> int: ...
    def refuse(self, duration_ns: int) -> int: ...
    def heal(self) -> None: ...


def inject(fault: Fault, wire: Wire, faults: "Faults") -> int:
    """Give a planned fault its meaning. Returns how many connections it struck."""
    match fault.kind:
        case FaultKind.STALL:
            return wire.stall(fault.duration_ns, fault.variant)
        case FaultKind.HALF_OPEN:
            return wire.half_open(fault.duration_ns, fault.variant)
        case FaultKind.RESET:
            return wire.reset()
        case FaultKind.REFUSED:
            return wire.refuse(min(fault.duration_ns, REFUSED_NS_MAX))
        case _:
            faults.strike_next(fault.kind)
            return 0


class Faults:
    """The faults of one run.

    Args:
        active_ns: How long the run is hurt; planned faults fall into it.
        plan: Used instead of the drawn one.

    Attributes:
        plan: The planned faults of this run, by time.
        kinds_on: What the swarm left on, in the order of `FaultKind`.
        fired: How often each kind struck, by (kind, where).
        healed: Nothing strikes any more.
    """

    __slots__ = (
        "_at",
        "_entropy",
        "_handles",
        "_left",
        "_on_heal",
        "_one_in",
        "_scheduler",
        "_streams",
        "_trace",
        "fired",
        "healed",
        "kinds_on",
        "plan",
        "profile",
    )

    def __init__(
        self,
        profile: FaultProfile,
        entropy: Entropy,
        scheduler: Scheduler,
        trace: Trace,
        active_ns: int,
        plan: Plan | None = None,
    ) -> None:
        self.profile = profile
        self._scheduler = scheduler
        self._trace = trace
        self.fired: dict[tuple[FaultKind, str], int] = {}
        self.healed = False
        self._handles: list[Handle] = []
        self._on_heal: list[Callable[[], None]] = []
        self.kinds_on = _swarm(profile, entropy)
        # Per message kind: how many messages are left in the window (0: the kind is off), at
        # which of them it strikes (0: at none), the window's odds, the stream it draws from.
        size = len(FaultKind)
        self._left = [0] * size
        self._at = [0] * size
        self._one_in = [0] * size
        self._entropy = entropy
        self._streams: list[Stream | None] = [None] * size  # made when first drawn from
        for kind in self.kinds_on:
            rate = profile.rates[kind]
            if isinstance(rate, OneIn):
                self._one_in[kind] = rate.n
                self._open_window(kind)
        drawn = _draw_plan(self.kinds_on, profile, entropy, active_ns) if plan is None else plan
        self.plan: Plan = tuple(sorted(drawn, key=_planned_at))

    def start(self, wire: Wire) -> None:
        """Put the plan on the scheduler; `wire` is what it strikes."""
        self._on_heal.append(wire.heal)
        start_ns = self._scheduler.start_ns
        for at_ns, fault in self.plan:
            self._handles.append(self._scheduler.at(start_ns + at_ns, _Strike(fault, wire, self)))

    def fires(self, kind: FaultKind, where: str) -> bool:
        """Ask whether `kind` strikes this message. True is counted and traced.

        Args:
            where: The channel, so that a fault that reaches no code path shows.
        """
        left = self._left[kind]
        if left == 0:
            return False
        strikes = left == self._at[kind]
        if left == 1:
            self._open_window(kind)
        else:
            self._left[kind] = left - 1
        if strikes:
            self.note(kind, where)
        return strikes

    def amount_ns(self, kind: FaultKind, low_ns: int, high_ns: int) -> int:
        """How long this one lasts: low_ns <= answer <= high_ns, the dullest is `low_ns`."""
        return low_ns + self._stream(kind).below(high_ns - low_ns + 1, "amount_ns")

    def pick(self, kind: FaultKind, bound: int) -> int:
        """Which of `bound` ways of striking this one takes; 0 is the dullest."""
        return self._stream(kind).below(bound, "way")

    def strike_next(self, kind: FaultKind) -> None:
        """Strike the next message that `kind` can, whatever its odds."""
        if not self.healed:
            if self._left[kind] == 0:
                self._left[kind] = 1
            self._at[kind] = self._left[kind]

    def note(self, kind: FaultKind, where: str) -> None:
        """Count and trace one fault that struck."""
        key = (kind, where)
        self.fired[key] = self.fired.get(key, 0) + 1
        self._trace.record("fault", self._scheduler.now_ns, (kind.name, where))

    def fired_by_kind(self) -> dict[str, int]:
        """How often each kind struck: {name: count}; a kind that never did is not in it."""
        counts: dict[str, int] = {}
        for (kind, _), count in sorted(self.fired.items()):
            counts[kind.name] = counts.get(kind.name, 0) + count
        return counts

    def fired_by_channel(self) -> dict[str, int]:
        """How often each kind struck where: {"KIND channel": count}."""
        return {f"{kind.name} {where}": n for (kind, where), n in sorted(self.fired.items())}

    def on_heal(self, action: Callable[[], None]) -> None:
        """Call `action` when the world heals: end what a fault began."""
        self._on_heal.append(action)

    def heal(self) -> None:
        """End the hurting. Healing twice does nothing more."""
        if self.healed:
            return
        self.healed = True
        self._left = [0] * len(FaultKind)
        for handle in self._handles:
            handle.cancel()
        self._trace.record("heal", self._scheduler.now_ns, "")
        for action in self._on_heal:
            action()

    def _open_window(self, kind: FaultKind) -> None:
        # One draw for n - 1 messages: 0 spares them all, v strikes one. The rate is one in n,
        # a tape holds one entry per window, and a spared message costs no draw.
        one_in = self._one_in[kind]
        if one_in == 0:  # on for a single planned strike
            self._left[kind] = self._at[kind] = 0
            return
        self._left[kind] = one_in - 1
        self._at[kind] = self._stream(kind).below(one_in, "strikes")

    def _stream(self, kind: FaultKind) -> Stream:
        stream = self._streams[kind]
        if stream is None:
            stream = self._entropy.stream(f"faults.{kind.name.lower()}")
            self._streams[kind] = stream
        return stream


class _Strike:
    """One planned fault waiting on the scheduler."""

    __slots__ = ("_fault", "_faults", "_wire")

    def __init__(self, fault: Fault, wire: Wire, faults: Faults) -> None:
        self._fault = fault
        self._wire = wire
        self._faults = faults

    def __call__(self) -> None:
        # one that found nothing to strike has not fired: a fault that reaches no code path
        # must not count as one that did
        if inject(self._fault, self._wire, self._faults) > 0:
            self._faults.note(self._fault.kind, "stream")


def _swarm(profile: FaultProfile, entropy: Entropy) -> tuple[FaultKind, ...]:
    if not profile.rates:
        return ()
    stream = entropy.stream("faults.swarm")
    numerator, denominator = profile.off
    kinds: list[FaultKind] = []
    for kind in FaultKind:  # one draw per kind, in their own order
        if kind not in profile.rates:
            continue
        # asked this way round: off is the dull answer
        if stream.chance(denominator - numerator, denominator, kind.name):
            kinds.append(kind)
    return tuple(kinds)


def _draw_plan(
    kinds: tuple[FaultKind, ...], profile: FaultProfile, entropy: Entropy, active_ns: int
) -> list[tuple[int, Fault]]:
    plan: list[tuple[int, Fault]] = []
    for kind in kinds:
        rate = profile.rates[kind]
        if not isinstance(rate, PerMinute):
            continue
        whole, rest = divmod(rate.n * active_ns, MINUTE)
        for index in range(whole + 1 if rest else whole):
            # a stream of its own, so that removing one moves no other
            stream = entropy.stream(f"faults.plan.{kind.name.lower()}.{index}")
            if index == whole and not stream.chance(rest, MINUTE, "one more"):
                continue
            plan.append((_draw_at(stream, active_ns), _draw_fault(kind, stream)))
    return plan


def _draw_at(stream: Stream, active_ns: int) -> int:
    settled_ns = active_ns // 20  # let it connect first: a fault on nothing tests nothing
    return settled_ns + stream.below(max(active_ns - settled_ns, 1), "at_ns")


def _draw_fault(kind: FaultKind, stream: Stream) -> Fault:
    low_ns, high_ns = _DURATIONS[kind]
    duration_ns = low_ns + stream.below(high_ns - low_ns + 1, "duration_ns")
    variants = {FaultKind.STALL: 3, FaultKind.HALF_OPEN: 2}.get(kind, 1)
    return Fault(kind, duration_ns, stream.below(variants, "variant"))


def _planned_at(entry: tuple[int, Fault]) -> int:
    return entry[0]
