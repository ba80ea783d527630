"""What `make compile` has built gives the digests of its sources."""

import subprocess
import sys
from pathlib import Path

import pytest

from seatrial import compiled

ROOT = Path(__file__).resolve().parents[2]
SERVED = (sys.executable, "-m", "seatrial.compiled")


@pytest.fixture(autouse=True)
def built(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(compiled.OFF)
    try:
        if not compiled.available():
            pytest.skip("nothing is compiled for this interpreter: make compile")
    except compiled.Stale as stale:
        pytest.skip(str(stale))


def test_a_served_process_imports_what_was_compiled(tmp_path: Path) -> None:
    script = tmp_path / "where.py"
    script.write_text(
        "import engine.kernel, engine.record\n"
        "from seatrial.compiled import is_installed\n"
        "print(engine.kernel.__file__, engine.record.__file__, is_installed())\n"
    )
    done = subprocess.run(
        [*SERVED, str(script)], capture_output=True, text=True, check=True, cwd=ROOT
    )
    kernel, record, told = done.stdout.split()
    assert told == "True"
    assert Path(kernel).suffix == ".so"
    assert Path(record) == ROOT / "engine" / "record.py"  # messages stay with the interpreter


def test_compiled_modules_give_the_digests_of_the_sources(child, expected: dict[str, str]) -> None:
    assert child(python=SERVED) == expected


BROKEN = """
from collections.abc import Iterator
import msgspec
from invariants.property import Violation, always, eventually
from simulation.run import simulate
from simulation.scenario import load_scenario
from simulation.scenarios import BUILT_IN

def traded(view) -> Iterator[Violation]:
    for fill in view.fills():
        yield Violation(fill.client_order_id, "was filled")

for state in (always, eventually):
    stated = state("OWN-1", "Nothing is ever traded.")(traded)
    for name in ("default", "rough"):
        scenario = load_scenario(name, BUILT_IN)
        scenario = msgspec.structs.replace(scenario, properties=[*scenario.properties, stated])
        for seed in (0, 1):
            outcome = simulate(scenario, seed)
            print(name, seed, outcome.verdict, outcome.property_id, outcome.digest)
"""


def test_a_broken_property_ends_a_compiled_run_as_one_of_the_sources(tmp_path: Path) -> None:
    script = tmp_path / "broken.py"
    script.write_text(BROKEN)
    said = [
        subprocess.run(
            [*python, str(script)], capture_output=True, text=True, check=True, cwd=ROOT
        ).stdout
        for python in (SERVED, (sys.executable, "-P"))
    ]
    assert said[0] == said[1]
    assert said[0].count("VIOLATION OWN-1") == 8
