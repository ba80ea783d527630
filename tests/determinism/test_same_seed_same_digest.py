"""One seed, one digest: whatever else differs between two runs of it."""

import sys
from pathlib import Path

import pytest

from simulation.campaign import Spec, run_campaign
from simulation.options import RunOptions
from simulation.recording import record_run
from simulation.run import prepare, simulate

Digests = dict[str, str]
Plan = dict[str, int]


def test_in_another_process_the_digests_are_the_same(child, expected: Digests) -> None:
    assert child() == expected


def test_twice_in_one_process_with_other_runs_between_the_digests_are_the_same(
    plan: Plan, expected: Digests
) -> None:
    other = prepare(RunOptions("calm"))
    for _ in range(2):
        for name, count in plan.items():
            scenario = prepare(RunOptions(name))
            for seed in range(count):
                assert simulate(scenario, seed).digest == expected[f"{name}@{seed}"]
                if seed % 10 == 3:
                    simulate(other, seed)


def test_in_another_order_the_digests_are_the_same(child, expected: Digests) -> None:
    assert child("--shuffled") == expected


@pytest.mark.parametrize("hash_seed", ["1", "random"])
def test_under_another_hash_seed_the_digests_are_the_same(
    child, expected: Digests, hash_seed: str
) -> None:
    assert child(PYTHONHASHSEED=hash_seed) == expected


def test_in_another_timezone_the_digests_are_the_same(child, expected: Digests) -> None:
    assert child(TZ="America/St_Johns") == expected


def test_under_another_locale_the_digests_are_the_same(child, expected: Digests) -> None:
    assert child(LC_ALL="C", PYTHONUTF8="0") == expected


@pytest.mark.parametrize("date", ["1999-12-31 23:59:59", "2038-01-19 03:14:08"])
def test_on_another_date_the_digests_are_the_same(child, expected: Digests, date: str) -> None:
    assert child("--freeze", date) == expected


def test_with_coverage_on_the_digests_are_the_same(
    child, expected: Digests, tmp_path: Path
) -> None:
    measured = [sys.executable, "-m", "coverage", "run", f"--data-file={tmp_path / 'data'}"]
    assert child(python=measured) == expected
    assert (tmp_path / "data").exists()


def test_under_a_trace_function_the_digests_are_the_same(child, expected: Digests) -> None:
    few = {"default": 5}
    code = "import sys, runpy; sys.settrace(lambda *_: None); del sys.argv[0]; "
    traced = [sys.executable, "-c", code + "runpy.run_path(sys.argv[0], run_name='__main__')"]
    assert child(python=traced, plan=few) == {name: expected[name] for name in keys(few)}


def test_with_asserts_compiled_away_the_digests_are_the_same(child, expected: Digests) -> None:
    assert child(python=[sys.executable, "-O"]) == expected


def test_with_the_collector_off_or_eager_the_digests_are_the_same(child, expected: Digests) -> None:
    few = {"default": 5}
    for setting in ("gc.disable()", "gc.set_threshold(10)"):
        code = f"import gc, sys, runpy; {setting}; del sys.argv[0]; "
        python = [sys.executable, "-c", code + "runpy.run_path(sys.argv[0], run_name='__main__')"]
        assert child(python=python, plan=few) == {name: expected[name] for name in keys(few)}


def test_as_one_of_two_workers_the_digests_are_the_same(plan: Plan, expected: Digests) -> None:
    for jobs in (1, 2):
        campaign = run_campaign(Spec(RunOptions("default"), plan["default"], jobs=jobs), ignore)
        assert {f"default@{o.seed}": o.digest for o in campaign.results} == {
            name: digest for name, digest in expected.items() if name.startswith("default@")
        }


def test_a_window_that_starts_elsewhere_gives_each_seed_its_own_digest(
    expected: Digests,
) -> None:
    campaign = run_campaign(Spec(RunOptions("default"), 3, first_seed=2), ignore)
    assert [o.digest for o in campaign.results] == [expected[f"default@{s}"] for s in (2, 3, 4)]


def test_keeping_the_trace_and_the_tape_does_not_change_the_digest(expected: Digests) -> None:
    recording = record_run(RunOptions("default"), 4)
    assert recording.outcome.digest == expected["default@4"]
    assert len(recording.records) == recording.outcome.events


def keys(plan: Plan) -> list[str]:
    return [f"{name}@{seed}" for name, count in plan.items() for seed in range(count)]


def ignore(_: object) -> None:
    pass
