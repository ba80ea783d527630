"""How far a state machine is driven, and a line of how far it came.

`--steps N` drives each machine N steps or more and prints how many it took; without it each takes
a short run that is the same every time.
"""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))  # tests are no packages

from machines import Machine, drive

Drive = Callable[[type[Machine]], None]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--steps", type=int, default=None, help="steps of each state machine")


@pytest.fixture
def sail(request: pytest.FixtureRequest, record_property: Callable[[str, object], None]) -> Drive:
    """Drive a machine as far as `--steps` says; the steps it took are in the report."""
    # the option is unknown unless tests/property is named on the command line
    steps: int | None = request.config.getoption("--steps", None)

    def run(machine: type[Machine]) -> None:
        taken = drive(machine, steps)
        record_property("steps", taken)
        assert taken >= (steps or 1)

    return run


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if terminalreporter.config.getoption("--steps", None) is None:
        return
    for report in terminalreporter.getreports("passed"):
        for name, value in report.user_properties:
            if name == "steps":
                terminalreporter.write_line(f"{report.nodeid.split('::')[-1]}: {value} steps")
