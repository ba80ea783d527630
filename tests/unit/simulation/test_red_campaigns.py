"""A campaign that has lost one of its senses is not green."""

import sys
from pathlib import Path

import msgspec
import pytest

from invariants.check import Check
from simulation.campaign import Campaign, Spec, owed_and_missing, run_campaign
from simulation.canary import PROPERTY, is_alive, sing
from simulation.executors import CampaignError, Here
from simulation.faults import FaultKind
from simulation.options import RunOptions
from simulation.outcome import Verdict
from simulation.run import prepare

BLIND = Path(__file__).with_name("blind_worker.py")


def campaign(how: str, seeds: int, scenario: str = "calm") -> Campaign:
    launcher = (sys.executable, str(BLIND), how)
    spec = Spec(RunOptions(scenario), seeds, jobs=2, launcher=launcher)
    return run_campaign(spec, lambda outcome: None)


def test_the_canary_is_caught_by_the_property_that_it_breaks() -> None:
    outcome = sing()
    assert outcome.verdict is Verdict.VIOLATION
    assert outcome.property_id == PROPERTY
    assert is_alive(outcome)


def test_a_canary_that_passes_or_breaks_otherwise_is_dead_but_a_planted_bug_may_be_first() -> None:
    caught = sing()
    assert not is_alive(msgspec.structs.replace(caught, verdict=Verdict.PASS))
    assert not is_alive(msgspec.structs.replace(caught, verdict=Verdict.ERROR), "some-bug")
    other = msgspec.structs.replace(caught, property_id="ORD-2")
    assert not is_alive(other)
    assert is_alive(other, "some-bug")
    assert not is_alive(msgspec.structs.replace(caught, scenario="calm"))


@pytest.mark.parametrize("how", ["monitor-notes-nothing", "property-stubbed", "passes-everything"])
def test_workers_that_do_not_catch_the_canary_fail_the_campaign(how: str) -> None:
    with pytest.raises(
        CampaignError, match=r"the canary was not caught in a worker: .* came out as"
    ):
        campaign(how, 4)


def test_this_process_sings_the_canary_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("invariants.monitor.Monitor._note", lambda *_: None)
    with pytest.raises(CampaignError, match="the canary was not caught in this process"):
        run_campaign(Spec(RunOptions("calm"), 2), lambda outcome: None, executor=Here())


def test_a_fault_that_was_switched_off_turns_a_green_campaign_inconclusive() -> None:
    found = campaign("fault-switched-off", 40, "default")
    assert found.failed == 0
    assert found.never_fired == ["fault DELAY"]
    assert found.exit_code == 5


def test_a_probe_that_was_removed_turns_a_green_campaign_inconclusive() -> None:
    found = campaign("probe-removed", 56, "default")
    assert found.failed == 0
    assert found.never_fired == ["probe denied"]
    assert found.exit_code == 5


def test_a_property_whose_check_looks_at_nothing_is_owed_by_any_number_of_seeds() -> None:
    options = RunOptions("calm")
    scenario = prepare(options)
    assert owed_and_missing(scenario, options, 1, {}, {}) == []
    stubbed = [
        msgspec.structs.replace(entry, make=Check) if entry.id == "FIL-1" else entry
        for entry in scenario.properties
    ]
    scenario = msgspec.structs.replace(scenario, properties=stubbed)
    missing = owed_and_missing(scenario, options, 1, {}, {})
    assert missing == ["property FIL-1, whose check looks at nothing"]


def test_every_kind_of_fault_is_named_when_it_is_missing_alone() -> None:
    options = RunOptions()
    scenario = prepare(options)
    fired = {kind.name: 1 for kind in FaultKind}
    for kind in FaultKind:
        others = {name: count for name, count in fired.items() if name != kind.name}
        missing = owed_and_missing(scenario, options, 100_000, others, {})
        named = [entry for entry in missing if entry.startswith("fault ")]
        owed = scenario.faults.owed(kind, 60_000_000_000)
        assert named == ([f"fault {kind.name}"] if owed else [])
