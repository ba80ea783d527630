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

from collections.abc import Mapping
from enum import IntEnum
from fractions import Fraction
from typing import Final

import msgspec

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


NAMES: Final = tuple([kind.name for kind in FaultKind])  # an enum looks its name up
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
