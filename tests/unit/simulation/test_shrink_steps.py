"""A trader's steps are moved, thinned out and made plain by names and labels alone."""

from simulation.entropy import Tape
from simulation.shrink_steps import (
    moved,
    plain_step,
    rests_for_gaps,
    steps_of,
    without_rests,
)
from simulation.workload import first_draws

ONE, TWO = "workload.One-001", "workload.Two-002"
ACT = [("gap", 4950, 0), ("action", 100, 30)]


def tape() -> Tape:
    return {
        f"{ONE}.step.2": ACT,
        f"{ONE}.step.5": [("gap", 4950, 1700), ("action", 100, 50), ("side", 2, 1)],
        f"{ONE}.step.6": ACT,
        f"{TWO}.step.1": ACT,
        f"{TWO}.fill.1": [("react", 2, 1)],
        "market.SIM.X": [("move", 9, 3)],
    }


def test_steps_that_rest_go_from_all_traders_then_from_one_then_between_two() -> None:
    every, one, two, *between = without_rests(tape())
    assert steps_of(every) == {ONE: [0, 1, 2], TWO: [0]}
    assert steps_of(one) == {ONE: [0, 1, 2], TWO: [1]}
    assert steps_of(two) == {ONE: [2, 5, 6], TWO: [0]}
    assert [steps_of(each)[ONE] for each in between] == [[0, 3, 4], [2, 3, 4], [2, 5, 6]]
    for each in (every, one, two):
        assert each["market.SIM.X"] == tape()["market.SIM.X"]
        assert f"{TWO}.fill.1" in each
        assert every[f"{ONE}.step.1"] == tape()[f"{ONE}.step.5"]


def test_moving_steps_later_leaves_the_earlier_ones() -> None:
    assert steps_of(moved(tape(), ONE, 5, 3)) == {ONE: [2, 8, 9], TWO: [1]}


def test_a_gap_becomes_as_many_rests_as_fit_into_it() -> None:
    # a step in 3.3 s comes at least 825 ms after the one before: 1.7 s are two rests, or three
    fewer, more = rests_for_gaps(tape(), 3300)
    assert steps_of(fewer)[ONE] == [2, 5, 8]
    assert steps_of(more)[ONE] == [2, 5, 9]
    assert fewer[f"{ONE}.step.5"][0] == ("gap", 4950, 0)


def test_a_plain_step_draws_an_action_and_nothing_else() -> None:
    plain = list(plain_step(tape(), f"{ONE}.step.5"))
    assert [each[f"{ONE}.step.5"] for each in plain] == [
        [("gap", 4950, 0), ("action", 100, draw)] for draw in first_draws()
    ]
    assert not list(plain_step(tape(), f"{ONE}.step.6"))  # it is plain
    assert not list(plain_step(tape(), "market.SIM.X"))


def test_the_first_draws_name_each_action_that_is_not_rest_once() -> None:
    draws = first_draws()
    assert draws == sorted(set(draws))
    assert 0 not in draws
    assert draws[-1] < 100
