"""How far a hunt for a planted bug goes."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))  # tests are no packages

SEEDS = 300


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
