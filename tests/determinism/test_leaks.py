"""A strategy that is no function of its inputs is found by running twice, and shown where."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


def run(folder: Path, leak: str, *options: str) -> "subprocess.CompletedProcess[str]":
    (folder / "leaky_scenarios.py").write_text((HERE / "leaky_scenarios.py").read_text())
    return subprocess.run(
        [sys.executable, "-m", "seatrial.main", "run", f"leaky_scenarios:{leak}", *options],
        cwd=folder,
        env=dict(os.environ, PYTHONPATH=f"{ROOT}:{os.environ.get('PYTHONPATH', '')}"),
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    "leak", ["set_order", "wall_clock", "identity", "global_random", "hash_seeded_dict"]
)
def test_a_leak_is_nondeterminism_and_the_first_record_that_differs_is_shown(
    tmp_path: Path, leak: str
) -> None:
    said = run(tmp_path, leak, "--seeds", "4", "--jobs", "2", "--twice")
    assert said.returncode == 3, said
    assert f"leaky_scenarios:{leak}@0: NONDETERMINISM(DET-1)" in said.stdout
    lines = said.stdout.splitlines()
    at = next(i for i, line in enumerate(lines) if "the first record that differs is" in line)
    assert lines[at + 1].startswith("  a ")
    assert lines[at + 2].startswith("  b ")
    assert lines[at + 1][4:] != lines[at + 2][4:]
    assert "limit" in lines[at + 1].lower() or "Order" in lines[at + 1]  # it is the order sent


def test_run_once_the_same_strategies_are_green_but_for_what_differs_between_any_two_runs(
    tmp_path: Path,
) -> None:
    for leak in ("set_order", "hash_seeded_dict"):
        said = run(tmp_path, leak, "--seeds", "4", "--jobs", "1")
        assert said.returncode == 0, said
