"""A campaign is judged as a whole: the worst news wins, and silence is news too."""

import itertools
import sys
from pathlib import Path

import msgspec
import pytest

from simulation.campaign import (
    Campaign,
    CampaignError,
    Spec,
    compared,
    nondeterminism,
    owed_and_missing,
    run_campaign,
)
from simulation.faults import FaultKind
from simulation.options import RunOptions
from simulation.outcome import Outcome, Verdict
from simulation.run import prepare
from simulation.scenario import ScenarioError
from simulation.worker import Line

CODES = {"PASS": 0, "VIOLATION": 1, "NONDETERMINISM": 3, "ERROR": 4, "INCONCLUSIVE": 5}
PRECEDENCE = [4, 3, 1, 5, 0]


def outcome(seed: int, verdict: str = "PASS", digest: str = "d") -> Outcome:
    return Outcome("default", seed, Verdict(verdict), digest, 1, f"default@{seed}")


def campaign(verdicts: tuple[str, ...], never_fired: tuple[str, ...] = ()) -> Campaign:
    results = [outcome(seed, verdict) for seed, verdict in enumerate(verdicts)]
    return Campaign(
        "default", "c", len(results), 0, 0, 1.0, 1.0, 0, results, {}, {}, {}, {}, list(never_fired)
    )


@pytest.mark.parametrize(
    "verdicts", [*itertools.permutations(CODES, 2), *itertools.permutations(CODES, 5)][::7]
)
def test_the_exit_code_is_that_of_the_worst_news(verdicts: tuple[str, ...]) -> None:
    codes = [CODES[verdict] for verdict in verdicts]
    assert campaign(verdicts).exit_code == min(codes, key=PRECEDENCE.index)


def test_a_green_that_owed_something_is_inconclusive() -> None:
    assert campaign(("PASS", "PASS"), ("probe flip",)).exit_code == 5
    assert campaign(("PASS", "VIOLATION"), ("probe flip",)).exit_code == 1


def test_all_passed_is_zero() -> None:
    assert campaign(("PASS", "PASS")).exit_code == 0


def test_a_second_pass_that_agrees_changes_nothing() -> None:
    first = [Line(outcome(0), 3), Line(outcome(1, "VIOLATION"), 4)]
    both = compared(first, [Line(line.outcome, 10) for line in first])
    assert [line.outcome for line in both] == [line.outcome for line in first]
    assert [line.cpu_ns for line in both] == [13, 14]


def test_a_second_pass_with_another_digest_is_nondeterminism() -> None:
    one, two = Line(outcome(0, "VIOLATION", "a"), 1), Line(outcome(0, digest="b"), 1)
    (line,) = compared([one], [two])
    assert line.outcome.verdict is Verdict.NONDETERMINISM
    assert line.outcome.property_id == "DET-1"
    assert line.outcome.digest == "a"


@pytest.mark.parametrize("broken", [0, 1])
def test_a_harness_that_broke_in_either_pass_is_an_error(broken: int) -> None:
    lines = [Line(outcome(0, digest="a"), 1), Line(outcome(0, digest="b"), 1)]
    lines[broken] = Line(outcome(0, "ERROR", ""), 1)
    (line,) = compared(lines[:1], lines[1:])
    assert line.outcome.verdict is Verdict.ERROR


def test_a_seed_found_unstable_later_replaces_its_outcome_only() -> None:
    before = campaign(("PASS", "VIOLATION"))
    after = before.with_outcome(nondeterminism(before.results[1], "another course"))
    assert after.results[0] == before.results[0]
    assert after.exit_code == 3


# --- owed ---------------------------------------------------------------------------------------

ALL_FAULTS = {kind.name: 1 for kind in FaultKind}


def missing(seeds: int, fired: dict[str, int], seen: dict[str, int], **options: str) -> list[str]:
    chosen = RunOptions(**options)
    return owed_and_missing(prepare(chosen), chosen, seeds, fired, seen)


def test_a_fault_that_so_many_seeds_owed_and_did_not_show_is_named() -> None:
    faults = dict(ALL_FAULTS)
    del faults["RESET"]
    assert "fault RESET" in missing(1000, faults, {})
    assert "fault GAP" not in missing(1000, faults, {})


def test_a_probe_that_so_many_seeds_owed_and_did_not_see_is_named() -> None:
    assert "probe flip" in missing(1000, ALL_FAULTS, {"denied": 1})
    assert "probe denied" not in missing(1000, ALL_FAULTS, {"denied": 1})


def test_a_few_seeds_owe_nothing() -> None:
    assert missing(5, {}, {}) == []


def test_a_profile_owes_only_what_it_can_cause() -> None:
    assert missing(1000, {}, {}, faults="calm") == []
    assert all(entry.startswith("fault ") for entry in missing(1000, {}, {}, faults="flaky"))


def test_a_scenario_without_the_random_workload_owes_none_of_the_catalogues_probes() -> None:
    options = RunOptions()
    scenario = msgspec.structs.replace(prepare(options), workload=None)
    assert owed_and_missing(scenario, options, 1000, ALL_FAULTS, {}) == []


# --- processes ----------------------------------------------------------------------------------


def test_every_seed_of_the_window_is_run_once_and_told_as_it_ends() -> None:
    told: list[int] = []
    spec = Spec(RunOptions("calm"), seeds=5, first_seed=20, jobs=2)
    done = run_campaign(spec, lambda outcome: told.append(outcome.seed))
    assert sorted(told) == [outcome.seed for outcome in done.results] == [20, 21, 22, 23, 24]
    assert done.passed == done.seeds == 5
    assert done.events == sum(outcome.events for outcome in done.results)
    assert done.counts["submits"] == sum(outcome.counts["submits"] for outcome in done.results)


def test_bad_options_are_refused_before_any_process_starts() -> None:
    spec = Spec(RunOptions("absent"), seeds=1, launcher=("/no/such/program",))
    with pytest.raises(ScenarioError):
        run_campaign(spec, lambda outcome: None)


def dying(tmp_path: Path, text: str) -> Spec:
    script = tmp_path / "worker.py"
    script.write_text(text)
    return Spec(RunOptions("calm"), seeds=9, jobs=2, launcher=(sys.executable, str(script)))


def test_a_worker_that_dies_at_once_fails_the_campaign(tmp_path: Path) -> None:
    with pytest.raises(CampaignError, match="exit code 7"):
        run_campaign(dying(tmp_path, "raise SystemExit(7)"), lambda outcome: None)


def test_a_worker_that_dies_under_way_fails_the_campaign_and_names_the_seed(
    tmp_path: Path,
) -> None:
    text = "import sys; sys.stdin.readline(); sys.stdin.readline(); raise SystemExit(3)"
    with pytest.raises(CampaignError, match=r"at seed \d \(exit code 3\)"):
        run_campaign(dying(tmp_path, text), lambda outcome: None)
