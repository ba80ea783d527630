"""Sources of choices that are made of others, and the bundles of runs that no seed drove."""

from pathlib import Path

import pytest

from fuzz.scenario import harbour
from simulation import bundle as bundles
from simulation.derived_entropy import DeviatingEntropy, SplitEntropy, TapedEntropy, dullest
from simulation.driven import Driver, NotTheSameRun, scenario_path
from simulation.entropy import EnumeratingEntropy, SeededEntropy, Stream, TapeEntropy
from simulation.scenario import ScenarioError

HARBOUR = "fuzz.scenario:harbour"


def draws(entropy) -> list[int]:
    stream = entropy.stream("a")
    return [
        stream.below(100, "x"),
        stream.below(1, "x"),
        stream.below(7, "x"),
        stream.below(9, "y"),
    ]


def test_taped_entropy_writes_down_what_a_tape_would_hold() -> None:
    seeded = SeededEntropy(3, keep_tape=True)
    taped = TapedEntropy(SeededEntropy(3))
    for entropy in (seeded, taped):
        draws(entropy)
        entropy.stream("b").chance(1, 2, "c")
        entropy.stream("b").chance(0, 2, "c")
        entropy.stream("b").chance(2, 2, "c")
    assert taped.tape == seeded.tape
    assert taped.stream("a") is taped.stream("a")


def test_taped_entropy_refuses_what_its_source_refuses() -> None:
    stream = TapedEntropy(SeededEntropy(0)).stream("a")
    with pytest.raises(ValueError, match="at least one answer"):
        stream.below(0, "x")
    with pytest.raises(ValueError, match="no odds"):
        stream.chance(1, 0, "x")


def test_split_entropy_asks_the_source_that_the_name_belongs_to() -> None:
    entropy = SplitEntropy(TapeEntropy({}), SeededEntropy(3), ("market.",))
    assert entropy.stream("faults.swarm").below(1000, "x") == 0
    market = SeededEntropy(3).stream("market.SIM").below(1000, "x")
    assert entropy.stream("market.SIM").below(1000, "x") == market


def test_a_deviation_changes_its_choice_and_no_other() -> None:
    plain = draws(SeededEntropy(3))
    # a draw with one answer only is no choice: the third draw is the choice of index 1
    assert draws(DeviatingEntropy(SeededEntropy(3), [("a", 1, 5), ("b", 0, 1)])) == [
        plain[0],
        0,
        5,
        plain[3],
    ]


def test_a_deviation_is_modulo_the_bound_and_the_last_of_two_holds() -> None:
    assert draws(DeviatingEntropy(TapeEntropy({}), [("a", 1, 6), ("a", 1, 9)])) == [0, 0, 2, 0]
    chance = DeviatingEntropy(TapeEntropy({}), [("a", 0, 1)]).stream("a")
    assert chance.chance(0, 5, "never") is False
    assert chance.chance(1, 5, "c") is True
    assert chance.chance(1, 5, "c") is False


def test_the_dullest_run_has_a_market_and_no_fault() -> None:
    outcome = Driver(HARBOUR, "dull").run(dullest(1)).outcome
    assert outcome.passed
    assert outcome.counts["turns"] > 0
    assert outcome.faults == {}
    assert outcome.digest != Driver(HARBOUR, "dull").run(dullest(2)).outcome.digest


def test_a_seed_driven_is_the_seed_simulated_and_its_tape_the_same_run() -> None:
    driver = Driver(harbour, "seeded")
    driven = driver.run(SeededEntropy(4), 4)
    assert driven.outcome.seed == 4
    assert driver.run(TapeEntropy(driven.tape), 4).outcome.digest == driven.outcome.digest


def test_an_enumeration_of_some_streams_leaves_the_others_alone() -> None:
    driver = Driver(harbour, "enumeration")
    choices = EnumeratingEntropy(choices_max=2)
    swarms = []
    while choices.next_run():
        tape = driver.run(SplitEntropy(dullest(0), choices, ("faults.swarm",))).tape
        swarms.append([value for _, _, value in tape["faults.swarm"]][:3])
    assert swarms == [[0, 0, 0], [0, 1, 0], [1, 0, 0], [1, 1, 0]]


def test_a_kept_run_names_its_driver_and_reads_back(tmp_path: Path) -> None:
    driven = Driver(harbour, "seeded").run(SeededEntropy(4), 4)
    kept = bundles.load(driven.keep(tmp_path))
    assert (kept.driver, kept.by_tape) == ("seeded", True)
    assert kept.outcome.digest == driven.outcome.digest
    assert kept.tape == driven.tape
    assert kept.options.code in kept.token


def test_a_run_that_its_tape_does_not_repeat_is_not_kept(tmp_path: Path) -> None:
    driven = Driver(harbour, "seeded").run(SeededEntropy(4), 4)
    stream = next(name for name, choices in driven.tape.items() if len(choices) > 5)
    driven.tape[stream].clear()
    with pytest.raises(NotTheSameRun, match="from its own tape"):
        driven.keep(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("scenario", [lambda: None, Stream.below])
def test_a_scenario_that_no_path_leads_to_is_refused(scenario) -> None:
    with pytest.raises(ScenarioError, match="top level"):
        scenario_path(scenario)


def test_a_driver_refuses_what_cannot_run() -> None:
    with pytest.raises(ScenarioError, match="no module 'nowhere'"):
        Driver("nowhere:x", "seeded")
    with pytest.raises(ScenarioError, match="fault profile 'wild'"):
        Driver(harbour, "seeded", faults="wild")
    with pytest.raises(ValueError, match="make its name"):
        Driver(harbour, "../up")
