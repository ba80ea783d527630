"""What a person at the desk does during a run: now and then restricts trading, for a little while.

Rare on purpose: most seeds are never restricted, so that what trades freely is tested as before.
"""

from typing import Final

from engine.model.enums import TradingState
from simulation.entropy import Stream

_ODDS: Final = (1, 5)  # that a seed is restricted at all
_LASTS: Final = (60, 15)  # at least and at most one part in so many of the run
_KINDS: Final = (TradingState.REDUCING, TradingState.HALTED)

Order = tuple[int, TradingState]  # (nanoseconds since the start of the run, the state from then)


def plan_operations(stream: Stream, active_ns: int) -> tuple[Order, ...]:
    """What the desk orders in a run that is active for so long, by time; mostly nothing."""
    if not stream.chance(*_ODDS, "restrict"):
        return ()
    state = _KINDS[stream.below(len(_KINDS), "state")]
    settled_ns = active_ns // 5  # let it hold something first: from flat there is no exit
    at_ns = settled_ns + stream.below(max(active_ns - settled_ns, 1), "at_ns")
    low_ns, high_ns = (active_ns // parts for parts in _LASTS)
    until_ns = at_ns + low_ns + stream.below(high_ns - low_ns + 1, "duration_ns")
    return (at_ns, state), (until_ns, TradingState.ACTIVE)
