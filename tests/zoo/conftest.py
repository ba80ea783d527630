"""How far a hunt for a planted bug goes, and the hunt itself."""

import os
import subprocess
from collections.abc import Callable

import msgspec
import pytest

from simulation.options import RunOptions
from simulation.outcome import Outcome
from simulation.recording import PYTHON
from simulation.run import named
from simulation.worker import Chunk, Line
from zoo.bug import Bug

SEEDS = 300

Hunt = Callable[..., list[Outcome]]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--zoo-seeds",
        type=int,
        default=SEEDS,
        help="how many seeds a planted bug may take to be found",
    )


@pytest.fixture
def zoo_seeds(request: pytest.FixtureRequest) -> int:
    seeds: int = request.config.getoption("--zoo-seeds", SEEDS)  # unknown unless tests/zoo is named
    return seeds


@pytest.fixture
def hunt() -> Hunt:
    """Run a bug's patched kernel from seed 0 on in one fresh process.

    Returns:
        (bug, scenario, seeds, faults="") -> every outcome that is no pass, up to and including the first
        that names the bug's property.
    """
    return _hunt


def _hunt(bug: Bug, scenario: str, seeds: int, faults: str = "") -> list[Outcome]:
    options = named(RunOptions(scenario, faults=faults, bug=bug.id))
    failed: list[Outcome] = []
    with subprocess.Popen(
        (*PYTHON, "zoo.patched", bug.id, "simulation.worker"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=dict(os.environ, PYTHONHASHSEED="0"),
    ) as worker:
        assert worker.stdin is not None
        assert worker.stdout is not None
        worker.stdin.write(msgspec.json.encode(options) + b"\n")
        for seed in range(seeds):
            worker.stdin.write(msgspec.json.encode(Chunk(seed, 1)) + b"\n")
            worker.stdin.flush()
            outcome = msgspec.json.decode(worker.stdout.readline(), type=Line).outcome
            if not outcome.passed:
                failed.append(outcome)
            if outcome.property_id == bug.property:
                break
    return failed
