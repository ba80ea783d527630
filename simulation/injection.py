"""The faults of one run at work: drawn from its seed, put on the scheduler, struck and counted."""

from collections.abc import Callable
from typing import Final, Protocol

from simulation.entropy import Entropy, Stream
from simulation.faults import (
    _DURATIONS,
    MINUTE,
    NAMES,
    REFUSED_NS_MAX,
    Fault,
    FaultKind,
    FaultProfile,
    OneIn,
    PerMinute,
    Plan,
)
from simulation.scheduler import Handle, Scheduler
from simulation.trace import Trace

_KINDS: Final = tuple(FaultKind)

# A message that a fault could strike: the kind, the channel, when.
Heard = list[tuple[FaultKind, str, int]]


class Wire(Protocol):
    """What planned faults strike. Each method says how many connections it struck."""

    def stall(self, duration_ns: int, variant: int) -> int: ...
    def half_open(self, duration_ns: int, variant: int) -> int: ...
    def reset(self) -> int: ...
    def refuse(self, duration_ns: int) -> int: ...
    def heal(self) -> None: ...


def stream_name(kind: FaultKind) -> str:
    """Where a kind that strikes messages draws from."""
    return f"faults.{NAMES[kind].lower()}"


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
        heard: Where to note what could be struck.

    Attributes:
        plan: The planned faults of this run, by time.
        kinds_on: What the swarm left on, in the order of `FaultKind`.
        fired: How often each kind struck, by (kind, where).
        healed: Nothing strikes any more.
        heard: Every message that a kind which is on could strike, in order; None: not kept.
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
        "heard",
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
        heard: Heard | None = None,
    ) -> None:
        self.profile = profile
        self.heard = heard
        self._scheduler = scheduler
        self._trace = trace
        self.fired: dict[tuple[FaultKind, str], int] = {}
        self.healed = False
        self._handles: list[Handle] = []
        self._on_heal: list[Callable[[], None]] = []
        self.kinds_on = _swarm(profile, entropy)
        # Per message kind: how many messages are left in the window (0: the kind is off), at
        # which of them it strikes (0: at none), the window's odds, the stream it draws from.
        size = len(_KINDS)
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
        index: int = kind  # a whole number to compiled code, which looks up an enum as an object
        left = self._left[index]
        if left == 0:
            return False
        if self.heard is not None:
            self.heard.append((kind, where, self._scheduler.now_ns))
        strikes = left == self._at[index]
        if left == 1:
            self._open_window(kind)
        else:
            self._left[index] = left - 1
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
        self._trace.record("fault", self._scheduler.now_ns, (NAMES[kind], where))

    def fired_by_kind(self) -> dict[str, int]:
        """How often each kind struck: {name: count}; a kind that never did is not in it."""
        counts: dict[str, int] = {}
        for (kind, _), count in sorted(self.fired.items()):
            name = NAMES[kind]
            counts[name] = counts.get(name, 0) + count
        return counts

    def fired_by_channel(self) -> dict[str, int]:
        """How often each kind struck where: {"KIND channel": count}."""
        return {f"{NAMES[kind]} {where}": n for (kind, where), n in sorted(self.fired.items())}

    def on_heal(self, action: Callable[[], None]) -> None:
        """Call `action` when the world heals: end what a fault began."""
        self._on_heal.append(action)

    def heal(self) -> None:
        """End the hurting. Healing twice does nothing more."""
        if self.healed:
            return
        self.healed = True
        self._left = [0] * len(_KINDS)
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
            stream = self._entropy.stream(stream_name(kind))
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
    for kind in _KINDS:  # one draw per kind, in their own order
        if kind not in profile.rates:
            continue
        # asked this way round: off is the dull answer
        if stream.chance(denominator - numerator, denominator, NAMES[kind]):
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
            stream = entropy.stream(f"faults.plan.{NAMES[kind].lower()}.{index}")
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
