"""A campaign on a Dask cluster of processes: the same results, wherever they were made."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from simulation.campaign import Campaign, Spec, run_campaign
from simulation.options import RunOptions
from simulation.run import named, prepare

ROOT = Path(__file__).resolve().parents[3]
BLIND = Path(__file__).with_name("blind_worker.py")


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The code of a run holds what was imported from the working directory: of ours, tests."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A scheduler and two workers on loopback."""
    folder = tmp_path_factory.mktemp("cluster")
    file = folder / "scheduler.json"
    environment = dict(os.environ, PYTHONPATH=f"{ROOT}:{os.environ.get('PYTHONPATH', '')}")

    def start(module: str, *options: str) -> "subprocess.Popen[bytes]":
        common = ("--scheduler-file", str(file), "--no-dashboard", "--host", "127.0.0.1")
        return subprocess.Popen(
            (sys.executable, "-m", f"distributed.cli.{module}", *common, *options),
            cwd=folder,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    scheduler = start("dask_scheduler", "--port", "0")
    workers = [start("dask_worker", "--nthreads", "1", "--no-nanny") for _ in range(2)]
    try:
        while not file.exists():
            assert scheduler.poll() is None
            time.sleep(0.05)
        found: str = json.loads(file.read_text())["address"]
        from distributed import Client

        with Client(found, set_as_default=False) as client:
            client.wait_for_workers(2, timeout=60)
        yield found
    finally:
        for process in (*workers, scheduler):
            process.terminate()
            process.wait()


def campaign(address: str, scenario: str, seeds: int, **how: object) -> Campaign:
    from simulation.dask_cluster import DaskCluster

    launcher = how.pop("launcher", None)
    options = how.pop("options", None) or named(RunOptions(scenario))
    executor = DaskCluster(address, launcher) if launcher else DaskCluster(address)
    spec = Spec(options, seeds, **how)  # type: ignore[arg-type]
    return run_campaign(spec, lambda outcome: None, executor=executor)


def test_results_are_those_of_one_worker_on_this_machine(address: str) -> None:
    there = campaign(address, "default", 40, twice=True)
    here = run_campaign(Spec(named(RunOptions()), 40), lambda outcome: None)
    assert there.results == here.results
    assert there.exit_code == 0


def test_guided_campaigns_explore_the_same_there(address: str) -> None:
    there = campaign(address, "calm", 6, guided=True)
    here = run_campaign(Spec(named(RunOptions("calm")), 6, guided=True), lambda outcome: None)
    assert there.neighbours == here.neighbours != []


def test_other_code_there_is_refused_before_the_first_seed(address: str) -> None:
    from simulation.executors import CampaignError

    other = RunOptions("calm", code="0123456789ab")
    with pytest.raises(CampaignError, match=r"has the code .*, this is 0123456789ab"):
        campaign(address, "calm", 2, options=other)


def test_a_blind_worker_there_fails_the_campaign(address: str) -> None:
    from simulation.executors import CampaignError

    launcher = (sys.executable, str(BLIND), "monitor-notes-nothing")
    with pytest.raises(CampaignError, match="the canary was not caught"):
        campaign(address, "calm", 2, launcher=launcher)


def test_the_canaries_of_properties_are_found_there_as_here(address: str) -> None:
    from simulation.dask_cluster import DaskCluster
    from simulation.executors import Here
    from zoo.canaries import canaries_of, hear

    options = named(RunOptions("calm"))
    chosen = canaries_of(prepare(options), twice=False)[:3]
    there = hear(DaskCluster(address), options, chosen)
    assert [each.found for each in there] == [True] * 3
    assert there == hear(Here(), options, chosen)


def test_an_address_where_nobody_answers_is_wrong_usage() -> None:
    from simulation.executors import ClusterMissing

    with pytest.raises(ClusterMissing, match=r"--dask nonsense://nowhere"):
        campaign("nonsense://nowhere", "calm", 1)
