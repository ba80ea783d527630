"""The desk: rarely there, and never leaves trading restricted."""

from engine.model.enums import TradingState
from simulation.entropy import SeededEntropy
from simulation.operations import plan_operations

MINUTE = 60_000_000_000
PLANS = [plan_operations(SeededEntropy(seed).stream("operations"), MINUTE) for seed in range(400)]


def test_few_runs_are_restricted_in_each_way() -> None:
    restricted = [plan[0][1] for plan in PLANS if plan]
    assert 40 < len(restricted) < 130
    assert set(restricted) == {TradingState.REDUCING, TradingState.HALTED}


def test_restriction_is_short_and_ends_as_active() -> None:
    for plan in filter(None, PLANS):
        (at_ns, _), (until_ns, last) = plan
        assert MINUTE // 5 <= at_ns < MINUTE
        assert MINUTE // 60 <= until_ns - at_ns <= MINUTE // 15
        assert last is TradingState.ACTIVE
