"""A cut leaves out what it names, and what is left happens when it happened."""

import sys
from contextlib import closing

import pytest

from simulation.cut import Cut
from simulation.entropy import SeededEntropy
from simulation.options import RunOptions
from simulation.recorder import record_here
from simulation.run import prepare, run_world, without
from simulation.scenarios import instruments
from simulation.trace import read_record
from simulation.trials import Trials

SECOND = 1_000_000_000


def kinds(records: list[bytes]) -> list[str]:
    return [read_record(record).kind for record in records]


def test_a_run_that_is_stopped_is_the_beginning_of_the_whole_one() -> None:
    whole = record_here(RunOptions(), 3)
    part = record_here(RunOptions(), 3, cut=Cut(stop_ns=10 * SECOND))
    assert 20 < len(part.records) < len(whole.records)
    assert part.records[:-1] == whole.records[: len(part.records) - 1]
    assert "heal" not in kinds(part.records)


def test_faults_that_end_early_leave_the_earlier_ones_where_they_were() -> None:
    whole = record_here(RunOptions(), 3)
    part = record_here(RunOptions(), 3, cut=Cut(active_ns=20 * SECOND))
    assert part.plan == whole.plan
    at = kinds(part.records).index("heal")
    assert part.records[:at] == whole.records[:at]
    start = read_record(whole.records[0]).ts
    assert read_record(part.records[at]).ts == start + 20 * SECOND
    assert read_record(part.records[-1]).ts == start + 50 * SECOND


def test_instruments_that_are_left_out_take_an_empty_venue_with_them() -> None:
    scenario = instruments().checked()
    ids = [str(each.id) for venue in scenario.venues for each in venue.instruments]
    left = without(scenario, Cut(instruments=tuple(ids[1:])))
    assert [venue.name for venue in left.venues] == ["SIM"]
    assert [str(each.id) for each in left.venues[0].instruments] == ids[:1]
    left.checked()


def test_a_trader_that_is_left_out_leaves_the_other_its_name() -> None:
    cut = Cut(traders=(1,))
    options = RunOptions("hedging")
    _, world = run_world(prepare(options, cut), 1, options, entropy=SeededEntropy(1), cut=cut)
    made = {str(order.strategy_id) for order in world.kernel.view.orders()}
    assert made == {"RandomTrader-002"}


def test_a_process_that_dies_answers_none_and_the_next_try_gets_a_new_one() -> None:
    dying = (sys.executable, "-c", "import sys; sys.exit(7)")
    with closing(Trials(RunOptions(), 1, dying)) as trials:
        assert trials.run(Cut(), {}) is None
        assert trials.run(Cut(), {}) is None
        assert trials.runs == 2


@pytest.mark.parametrize("cut", [Cut(), Cut(stop_ns=10 * SECOND, traders=(2,))])
def test_a_try_does_what_a_run_by_the_same_tape_does(cut: Cut) -> None:
    tape = record_here(RunOptions(), 5).tape
    alone = record_here(RunOptions(), 5, tape=tape, cut=cut)
    with closing(Trials(RunOptions(), 5)) as trials:
        trials.run(Cut(), {})  # whatever ran before in that process
        tried = trials.run(cut, tape)
    assert tried is not None
    assert tried.outcome.digest == alone.outcome.digest
    assert tried.tape == alone.tape
