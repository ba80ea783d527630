from fractions import Fraction

import pytest

from simulation.entropy import SeededEntropy, TapeEntropy
from simulation.faults import (
    CALM,
    DESCRIPTIONS,
    FLAKY,
    MINUTE,
    PLANNED,
    REFUSED_NS_MAX,
    SECOND,
    STORMY,
    Fault,
    FaultKind,
    FaultProfile,
    OneIn,
    PerMinute,
    Plan,
    owed_faults,
)
from simulation.injection import Faults
from simulation.scheduler import Scheduler
from simulation.trace import Trace

K = FaultKind


class WireSpy:
    """Notes what planned faults ask of a wire."""

    def __init__(self, connections: int = 1) -> None:
        self.asked: list[tuple[str, int, int]] = []
        self.connections = connections
        self.healed = 0

    def stall(self, duration_ns: int, variant: int) -> int:
        self.asked.append(("stall", duration_ns, variant))
        return self.connections

    def half_open(self, duration_ns: int, variant: int) -> int:
        self.asked.append(("half_open", duration_ns, variant))
        return self.connections

    def reset(self) -> int:
        self.asked.append(("reset", 0, 0))
        return self.connections

    def refuse(self, duration_ns: int) -> int:
        self.asked.append(("refuse", duration_ns, 0))
        return self.connections

    def heal(self) -> None:
        self.healed += 1


def make(
    profile: FaultProfile, seed: int = 1, plan: Plan | None = None
) -> tuple[Faults, Scheduler, Trace]:
    scheduler, trace = Scheduler(1000), Trace(True)
    faults = Faults(profile, SeededEntropy(seed), scheduler, trace, MINUTE, plan)
    return faults, scheduler, trace


ALWAYS_ON = FaultProfile("on", (0, 1), {K.GAP: OneIn(10), K.RESET: PerMinute(2)})


def test_every_kind_says_what_it_means() -> None:
    assert len(FaultKind) == 16
    assert tuple(DESCRIPTIONS) == tuple(description.kind for description in DESCRIPTIONS.values())
    assert set(DESCRIPTIONS) == set(FaultKind)
    assert all(description.means for description in DESCRIPTIONS.values())
    assert {k for k, d in DESCRIPTIONS.items() if not d.struck} == set(PLANNED)


def test_calm_profile_never_strikes() -> None:
    faults, _, trace = make(CALM)
    assert not any(faults.fires(kind, "x") for kind in FaultKind for _ in range(50))
    assert faults.plan == ()
    assert faults.kinds_on == ()
    assert trace.count == 0


def test_message_fault_strikes_one_in_n() -> None:
    faults, _, trace = make(ALWAYS_ON)
    struck = sum(faults.fires(K.GAP, "book") for _ in range(9 * 1000))
    assert 800 <= struck <= 1000  # 900 of 1000 windows of nine
    assert faults.fired == {(K.GAP, "book"): struck}
    assert faults.fired_by_kind() == {"GAP": struck}
    assert faults.fired_by_channel() == {"GAP book": struck}
    assert trace.count == struck
    assert trace.records()[0] == ("fault", 1000, ["GAP", "book"])


def test_tape_of_zeros_is_a_calm_run() -> None:
    scheduler = Scheduler(0)
    faults = Faults(STORMY, TapeEntropy({}), scheduler, Trace(False), MINUTE)
    assert faults.kinds_on == ()
    assert faults.plan == ()


def test_swarm_switches_a_part_of_the_kinds_off() -> None:
    sizes = [len(make(STORMY, seed)[0].kinds_on) for seed in range(60)]
    assert min(sizes) < 9 < max(sizes)
    assert 600 < sum(sizes) < 680  # two thirds of 16, 60 times: 640


def test_plan_falls_into_the_active_phase_by_time() -> None:
    for seed in range(40):
        plan = make(STORMY, seed)[0].plan
        assert [at_ns for at_ns, _ in plan] == sorted(at_ns for at_ns, _ in plan)
        for at_ns, fault in plan:
            assert 3 * SECOND <= at_ns < 60 * SECOND
            assert fault.kind in PLANNED
            assert fault.duration_ns <= REFUSED_NS_MAX


def test_planned_faults_draw_from_streams_of_their_own() -> None:
    entropy = SeededEntropy(4, keep_tape=True)
    plan = Faults(ALWAYS_ON, entropy, Scheduler(0), Trace(False), MINUTE).plan
    tape = entropy.tape
    assert tape is not None
    tape["faults.plan.reset.0"] = []
    without = Faults(ALWAYS_ON, TapeEntropy(tape), Scheduler(0), Trace(False), MINUTE).plan
    assert len(plan) == len(without) == 2
    assert len(set(plan) & set(without)) == 1  # the other one stayed where it was


def test_given_plan_replaces_the_drawn_one() -> None:
    plan: Plan = ((7, Fault(K.RESET)), (3, Fault(K.STALL, 50, 2)))
    faults, scheduler, _ = make(STORMY, plan=plan)
    wire = WireSpy()
    faults.start(wire)
    scheduler.run_until(2000)
    assert faults.plan == ((3, Fault(K.STALL, 50, 2)), (7, Fault(K.RESET)))
    assert wire.asked == [("stall", 50, 2), ("reset", 0, 0)]
    assert faults.fired_by_kind() == {"STALL": 1, "RESET": 1}


def test_planned_fault_that_finds_nothing_has_not_fired() -> None:
    faults, scheduler, _ = make(CALM, plan=((5, Fault(K.RESET)),))
    faults.start(WireSpy(connections=0))
    scheduler.run_until(2000)
    assert faults.fired == {}


def test_planned_message_fault_strikes_the_next_message_only() -> None:
    faults, scheduler, _ = make(CALM, plan=((5, Fault(K.ANSWER_LOST)),))
    faults.start(WireSpy())
    assert not faults.fires(K.ANSWER_LOST, "x")
    scheduler.run_until(2000)
    assert [faults.fires(K.ANSWER_LOST, "x") for _ in range(4)] == [True, False, False, False]


def test_refusal_never_lasts_longer_than_its_limit() -> None:
    faults, scheduler, _ = make(CALM, plan=((5, Fault(K.REFUSED, 60 * SECOND)),))
    wire = WireSpy()
    faults.start(wire)
    scheduler.run_until(2000)
    assert wire.asked == [("refuse", REFUSED_NS_MAX, 0)]


def test_nothing_strikes_after_heal() -> None:
    faults, scheduler, trace = make(ALWAYS_ON)
    wire = WireSpy()
    ended: list[str] = []
    faults.start(wire)
    faults.on_heal(lambda: ended.append("ban"))
    faults.heal()
    faults.heal()
    scheduler.run_until(1000 + 2 * MINUTE)
    assert not any(faults.fires(K.GAP, "x") for _ in range(1000))
    faults.strike_next(K.GAP)
    assert not faults.fires(K.GAP, "x")
    assert wire.asked == []
    assert (wire.healed, ended) == (1, ["ban"])
    assert [record.kind for record in trace.records()] == ["heal"]


def test_amount_lies_within_its_bounds() -> None:
    faults, _, _ = make(STORMY)
    amounts = [faults.amount_ns(K.DELAY, 5, 9) for _ in range(200)]
    assert set(amounts) == {5, 6, 7, 8, 9}


@pytest.mark.parametrize("bad", [{K.RESET: OneIn(5)}, {K.GAP: PerMinute(1)}])
def test_rate_of_the_wrong_sort_is_refused(bad: dict[FaultKind, OneIn | PerMinute]) -> None:
    with pytest.raises(ValueError, match="cannot have"):
        FaultProfile("bad", (0, 1), bad)


def test_rates_that_mean_nothing_are_refused() -> None:
    with pytest.raises(ValueError, match="no odds"):
        OneIn(1)
    with pytest.raises(ValueError, match="no rate"):
        PerMinute(0)


def test_owed_is_what_the_declared_messages_would_show() -> None:
    assert CALM.owed(K.RESET, MINUTE) == 0
    assert ALWAYS_ON.owed(K.RESET, MINUTE) == Fraction(1, 2)
    # 60 frames are six windows of nine and six more: missed by one in 10 to the 6th x 4/10
    assert ALWAYS_ON.owed(K.GAP, MINUTE) == 1 - Fraction(1, 10) ** 6 * Fraction(4, 10)
    owed = owed_faults(STORMY)
    assert set(owed) == {kind.name for kind in FaultKind}
    assert all(0 < n / d < 1 for n, d in owed.values())
    assert set(owed_faults(FLAKY)) < set(owed)


def test_owed_odds_are_kept_by_the_draws() -> None:
    seeds = 300
    offered = DESCRIPTIONS[K.REQUEST_LOST].per_minute
    struck = 0
    for seed in range(seeds):
        faults, _, _ = make(STORMY, seed)
        struck += any(faults.fires(K.REQUEST_LOST, "x") for _ in range(offered))
    expected = float(STORMY.owed(K.REQUEST_LOST, MINUTE)) * seeds
    assert abs(struck - expected) < 40
