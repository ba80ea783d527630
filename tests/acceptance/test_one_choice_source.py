"""One scenario, five drivers: a seed, a tape, Hypothesis, atheris, enumeration. Each finds the same
planted violation, and what each finds is a bundle that `seatrial replay` runs to the same digest."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from simulation import bundle as bundles

ROOT = Path(__file__).resolve().parents[2]

SEEDED = """
driver = Driver("lossy_scenario:lossy", "seeded")
for seed in range(200):
    driven = driver.run(SeededEntropy(seed), seed)
    if not driven.outcome.passed:
        break
"""

TAPE = """
driver = Driver("lossy_scenario:lossy", "tape")
tape = driver.run(SeededEntropy(0)).tape
for struck in range(1, 50):  # every answer to one choice of a tape that passes
    tape["faults.request_lost"][0] = ("strikes", 50, struck)
    driven = driver.run(TapeEntropy(tape))
    if not driven.outcome.passed:
        break
"""

ENUMERATION = """
driver = Driver("lossy_scenario:lossy", "enumeration")
choices = EnumeratingEntropy(choices_max=1)
while choices.next_run():
    driven = driver.run(SplitEntropy(dullest(0), choices, ("faults.",)))
    if not driven.outcome.passed:
        break
"""

ATHERIS = """
import os
import sys
import atheris
from fuzz.mutate import change_records

driver = Driver("lossy_scenario:lossy", "atheris")
KEYS = [stream_key("faults.request_lost")]

def check(data):
    driven = driver.run(BytesEntropy(data))
    if not driven.outcome.passed:
        print(driven.outcome.digest, driven.keep(Path("seatrial-failures")), flush=True)
        os._exit(0)

def mutate(data, length_max, seed):
    return written(change_records(records_of(data), KEYS, seed))[:length_max]

options = [sys.argv[0], "-seed=1", "-runs=3000", "-verbosity=0", "-len_control=0", "-max_len=64"]
atheris.Setup(options, check, custom_mutator=mutate)
atheris.Fuzz()
"""

HYPOTHESIS = """
from hypothesis import Phase, given, settings
from seatrial.hypothesis import Choices, choices
from lossy_scenario import lossy

found = []

@settings(max_examples=5000, derandomize=True, database=None, deadline=None,  # one in 400 breaks it
          phases=(Phase.generate, Phase.shrink))
@given(choices(lossy))
def driven_by_hypothesis(chosen: Choices) -> None:
    outcome = chosen.simulate()
    if not outcome.passed:
        found.append((len(chosen.deviations), chosen.seed, outcome.digest))
    assert outcome.passed, outcome.report(chosen.keep())

try:
    driven_by_hypothesis()
except AssertionError as error:
    deviations, seed, digest = found[-1]
    (path,) = Path("seatrial-failures").iterdir()
    print(digest, path)
    print(deviations, seed, error.args[0].splitlines()[0])
"""

HEAD = """
from pathlib import Path
from simulation.derived_entropy import *
from simulation.driven import *
from simulation.entropy import *
"""
TOLD = """
print(driven.outcome.digest, driven.keep(Path("seatrial-failures")))
"""


@pytest.fixture
def drive(tmp_path: Path):
    """Run a user's script beside the scenario: (digest of what it found, its bundle, its words)."""
    shutil.copy(ROOT / "tests" / "acceptance" / "lossy_scenario.py", tmp_path)

    def run(script: str) -> tuple[str, Path, str]:
        (tmp_path / "drive.py").write_text(HEAD + script)
        done = subprocess.run(
            [sys.executable, "drive.py"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        digest, path = done.stdout.splitlines()[0].split()
        return digest, tmp_path / path, done.stdout

    return run


def replayed(shell, digest: str, path: Path) -> None:
    said = shell("replay", path.relative_to(path.parent.parent))
    assert said.code == 1, said
    assert said.digest == digest
    assert "VIOLATION(ASK-1)" in said.out
    assert "the same run as the bundle's, byte for byte" in said.out
    assert "code differs" not in said.out
    assert f"replay with: seatrial replay 'seatrial-failures/{path.name}'" in said.out


@pytest.mark.parametrize(
    ("name", "script"),
    [
        ("seeded", SEEDED + TOLD),
        ("tape", TAPE + TOLD),
        ("enumeration", ENUMERATION + TOLD),
        ("atheris", ATHERIS),
    ],
)
def test_what_a_driver_finds_is_replayed_to_the_same_digest(
    shell, drive, name: str, script: str
) -> None:
    if name == "atheris":
        pytest.importorskip("atheris")
    digest, path, _ = drive(script)
    assert path.name.startswith(f"lossy_scenario.lossy-{name}-ASK-1-")
    assert bundles.load(path).driver == name
    replayed(shell, digest, path)


def test_hypothesis_shrinks_to_the_one_choice_that_it_takes_and_it_is_replayed(
    shell, drive
) -> None:
    digest, path, words = drive(HYPOTHESIS)
    deviations, seed, told = words.splitlines()[1].split(maxsplit=2)
    assert (deviations, seed) == ("1", "0")
    assert f"seatrial replay '{path.relative_to(path.parent.parent)}'" in told
    replayed(shell, digest, path)
