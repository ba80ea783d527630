"""Who goes first at one instant: a choice of its own, drawn where nothing else is drawn from."""

from functools import partial

import pytest

from simulation.entropy import EnumeratingEntropy, SeededEntropy, TapeEntropy
from simulation.options import RunOptions
from simulation.recording import record_run
from simulation.run import prepare, run_world, simulate
from simulation.scenario import ScenarioError
from simulation.scheduler import Scheduler
from simulation.schedules import (
    ExploringScheduler,
    PriorityTies,
    RandomTies,
    make_scheduler,
    party_of,
)
from simulation.token import Token

MS = 1_000_000


class Party:
    def __init__(self, name: str, ran: list[str]) -> None:
        self.name = name
        self.ran = ran

    def act(self, what: int) -> None:
        self.ran.append(f"{self.name}{what}")


def ran_by(scheduler: Scheduler, parties: int = 3, actions: int = 2) -> list[str]:
    """All parties act within one instant, each `actions` times, in its own order."""
    ran: list[str] = []
    for name in "abcdefgh"[:parties]:
        party = Party(name, ran)
        for number in reversed(range(actions)):  # asked for last, due first
            scheduler.post(MS + number, partial(party.act, number))
    while scheduler.step():
        pass
    return ran


@pytest.mark.parametrize("schedule", ["random", "pct", "portfolio"])
def test_what_one_party_does_keeps_its_order_whatever_is_chosen(schedule: str) -> None:
    for seed in range(30):
        ran = ran_by(make_scheduler(schedule, 0, SeededEntropy(seed)))
        assert sorted(ran) == ["a0", "a1", "b0", "b1", "c0", "c1"]
        assert all(ran.index(f"{name}0") < ran.index(f"{name}1") for name in "abc")


@pytest.mark.parametrize("schedule", ["random", "pct"])
def test_zero_everywhere_is_first_come_first_served(schedule: str) -> None:
    ran = ran_by(make_scheduler(schedule, 0, TapeEntropy({})))
    assert ran == ["a0", "b0", "c0", "a1", "b1", "c1"]


def test_random_ties_reach_every_order_of_three() -> None:
    entropy = EnumeratingEntropy(choices_max=8)
    orders: dict[str, None] = {}
    while entropy.next_run():
        scheduler = ExploringScheduler(0, RandomTies(entropy.stream("ties")))
        orders["".join(ran_by(scheduler, actions=1))] = None
    assert len(orders) == 6


def test_a_party_of_low_priority_waits_until_the_others_are_done() -> None:
    tape = {"ties": [("priority", 1 << 16, value) for value in (9, 1, 5)]}
    changes = [("change", 65, 0)] * 3
    ties = PriorityTies(TapeEntropy({"ties": changes + tape["ties"]}).stream("ties"))
    assert ran_by(ExploringScheduler(0, ties)) == ["b0", "b1", "c0", "c1", "a0", "a1"]


def test_at_a_change_point_the_one_that_would_run_falls_behind_all_others() -> None:
    changes = [("change", 65, 2), ("change", 65, 0), ("change", 65, 0)]
    priorities = [("priority", 1 << 16, value) for value in (1, 2, 3)]
    ties = PriorityTies(TapeEntropy({"ties": changes + priorities}).stream("ties"))
    assert ran_by(ExploringScheduler(0, ties)) == ["a0", "b0", "b1", "c0", "c1", "a1"]


def test_what_is_asked_for_now_happens_now_and_all_else_at_the_end_of_its_instant() -> None:
    scheduler = ExploringScheduler(0, RandomTies(SeededEntropy(0).stream("ties")), grain_ns=10)
    at: list[int] = []
    scheduler.post(0, lambda: at.append(scheduler.now_ns))
    scheduler.post(11, lambda: at.append(scheduler.now_ns))
    scheduler.post(20, lambda: at.append(scheduler.now_ns))
    while scheduler.step():
        pass
    assert at == [0, 20, 20]


def test_running_to_an_input_stops_at_the_time_said_though_something_was_called_off() -> None:
    scheduler = ExploringScheduler(0, RandomTies(SeededEntropy(0).stream("ties")), grain_ns=1)
    ran: list[int] = []
    scheduler.at(5, lambda: ran.append(5)).cancel()
    scheduler.post(9, lambda: ran.append(9))
    scheduler.run_to_input([], until_ns=7)
    assert ran == []
    assert scheduler.now_ns == 0
    scheduler.run_to_input([], until_ns=9)
    assert ran == [9]


def test_the_party_of_an_action_is_the_object_that_acts() -> None:
    party = Party("a", [])
    scheduler = Scheduler(0)
    assert party_of(partial(partial(party.act), 1)) is party
    assert party_of(scheduler.at(1, partial(party.act, 1))) is party
    assert party_of(ran_by) is ran_by  # type: ignore[arg-type]


def test_the_portfolio_draws_each_schedule_for_some_seeds_and_the_run_tells_which() -> None:
    scenario = prepare(RunOptions("calm", schedule="portfolio"))
    counts = [simulate(scenario, seed).counts for seed in range(12)]
    hits = [name for row in counts for name in row if name.startswith("schedule_")]
    assert len(hits) == 12
    assert sorted(dict.fromkeys(hits)) == ["schedule_fifo", "schedule_pct", "schedule_random"]
    assert all(row["ties"] > 0 for row in counts if "schedule_fifo" not in row)


def test_fifo_draws_nothing_and_is_what_a_scenario_has_that_says_nothing() -> None:
    plain, asked = prepare(RunOptions("calm")), prepare(RunOptions("calm", schedule="fifo"))
    entropy = SeededEntropy(3, keep_tape=True)
    outcome, _ = run_world(plain, 3, entropy=entropy)
    assert outcome.digest == simulate(asked, 3).digest
    assert entropy.tape is not None
    assert not entropy.tape.keys() & {"ties", "schedule"}


@pytest.mark.parametrize("schedule", ["random", "pct", "portfolio"])
def test_a_schedule_is_part_of_the_token_which_gives_the_same_run_again(schedule: str) -> None:
    options = RunOptions("default", schedule=schedule)
    outcome = simulate(prepare(options), 4, options)
    assert f"[schedule={schedule}]@4" in outcome.token
    again = record_run(RunOptions.of_token(Token.parse(outcome.token)), 4)
    assert again.outcome.digest == outcome.digest


def test_an_unknown_schedule_is_refused_by_name() -> None:
    with pytest.raises(ScenarioError, match="fifo, random, pct, portfolio"):
        prepare(RunOptions("calm", schedule="lifo"))
