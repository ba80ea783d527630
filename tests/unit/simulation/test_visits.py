"""Visits of the state machines' cells: counted while asked for, and free of cost otherwise."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from engine.lifecycle import (
    COMPONENT_TRANSITIONS,
    ComponentTrigger,
    IllegalComponentTransition,
    next_component_state,
)
from engine.model.enums import ComponentState, OrderStatus
from engine.model.order_table import COMPILED, TRANSITIONS, Trigger
from seatrial.visiting import combine_coverage, visits_in
from simulation.campaign import CampaignError
from simulation.client_session import MOVES, SessionState
from simulation.client_session import Trigger as SessionTrigger
from simulation.faults import DESCRIPTIONS, FaultKind
from simulation.options import RunOptions
from simulation.run import prepare, simulate
from simulation.visits import FAULT_CHANNELS, channel, counted_visits, legal_pairs, strikes


def test_every_legal_pair_of_every_table_has_a_name_of_its_own() -> None:
    pairs = legal_pairs()
    assert len(pairs) == len(set(pairs))
    assert "order PARTIALLY_FILLED FILL_OF_REST" in pairs
    assert "component RUNNING STOP" in pairs
    assert "kernel RECONCILING GIVE_UP" in pairs
    assert "session LIVE LOST" in pairs
    assert sum(pair.startswith("order ") for pair in pairs) == sum(map(len, TRANSITIONS.values()))


def test_legal_look_ups_are_counted_and_illegal_ones_are_not() -> None:
    with counted_visits() as counts:
        assert COMPILED[OrderStatus.ACCEPTED][Trigger.CANCELED] is OrderStatus.CANCELED
        assert not COMPILED[OrderStatus.DENIED][Trigger.CANCELED]
        next_component_state(ComponentState.READY, ComponentTrigger.START)
        with pytest.raises(IllegalComponentTransition):
            next_component_state(ComponentState.READY, ComponentTrigger.STOP)
        assert MOVES[SessionState.LIVE].get(SessionTrigger.LOST) is SessionState.BACKOFF
        assert MOVES[SessionState.LIVE].get(SessionTrigger.RETRY) is None
        assert counts() == {
            "component READY START": 1,
            "order ACCEPTED CANCELED": 1,
            "session LIVE LOST": 1,
        }


def test_the_tables_are_as_they_were_afterwards() -> None:
    rows, states = list(COMPILED), dict(COMPONENT_TRANSITIONS)
    with counted_visits():
        assert type(COMPILED[OrderStatus.ACCEPTED]) is not list
    assert all(type(row) is list for row in COMPILED)
    assert all(new is old for new, old in zip(COMPILED, rows, strict=True))
    assert all(COMPONENT_TRANSITIONS[state] is row for state, row in states.items())


def test_counting_changes_nothing_in_a_run() -> None:
    scenario = prepare(RunOptions())
    plain = simulate(scenario, 3)
    with counted_visits() as counts:
        counted = simulate(scenario, 3)
        assert set(counts()) <= set(legal_pairs())
        assert counts()["session LIVE LOST"] > 0
    assert counted == plain


def test_every_fault_has_its_channels() -> None:
    assert list(FAULT_CHANNELS) == list(FaultKind) == list(DESCRIPTIONS)


@pytest.mark.parametrize("name", ["default", "listening", "hedging"])
def test_every_place_at_which_a_fault_fires_is_in_the_table(name: str) -> None:
    scenario = prepare(RunOptions(name))
    fired = {where for seed in range(6) for where in simulate(scenario, seed).fired_at}
    assert fired
    assert {channel(where) for where in fired} <= set(strikes())


def test_a_process_leaves_its_visits_behind_and_those_of_all_are_summed(tmp_path: Path) -> None:
    job = {"options": {}, "seed": 1, "tape": None}
    for _ in range(2):
        subprocess.run(
            [
                *(sys.executable, "-m", "seatrial.visiting"),
                *(str(tmp_path), "visits", "simulation.recorder"),
            ],
            input=json.dumps(job).encode(),
            stdout=subprocess.DEVNULL,
            check=True,
            cwd=Path(__file__).resolve().parents[3],
        )
    assert len(list(tmp_path.glob("visits-*.json"))) == 2
    assert visits_in(tmp_path)["kernel READY START"] == 2
    with pytest.raises(CampaignError, match="no worker left"):
        combine_coverage(tmp_path, tmp_path / "all")
