"""Digests of the same seeds, made in every way in which they must not differ."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = Path(__file__).with_name("digests.py")
SEEDS = 50

Digests = dict[str, str]
Child = Callable[..., Digests]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--determinism-seeds", type=int, default=SEEDS, help="seeds of the default scenario"
    )


@pytest.fixture(scope="session")
def plan(request: pytest.FixtureRequest) -> dict[str, int]:
    """How many seeds of which scenario."""
    # the option is unknown unless tests/determinism is named on the command line
    seeds: int = request.config.getoption("--determinism-seeds", SEEDS)
    return {"default": seeds, "perpetual": max(seeds // 10, 1)}


@pytest.fixture(scope="session")
def child(plan: dict[str, int]) -> Child:
    """Make the digests in a process of its own."""

    def run(
        *arguments: str,
        python: Sequence[str] = (sys.executable,),
        plan: dict[str, int] = plan,
        **environment: str,
    ) -> Digests:
        done = subprocess.run(
            [*python, str(SCRIPT), json.dumps(plan), *arguments],
            capture_output=True,
            text=True,
            check=False,
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": "0", **environment},
        )
        assert done.returncode == 0, done.stderr
        found: Digests = json.loads(done.stdout)
        return found

    return run


@pytest.fixture(scope="session")
def expected(child: Child) -> Digests:
    """What a plain process makes of the seeds."""
    return child()
