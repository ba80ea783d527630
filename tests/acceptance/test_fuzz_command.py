"""`seatrial fuzz` as a user types it, and what it finds as a bundle."""

import re
import sys
from pathlib import Path

import pytest

from fuzz.targets import TARGETS

needs_atheris = pytest.mark.skipif(
    sys.platform != "linux" or sys.version_info >= (3, 14),
    reason="atheris is made for CPython 3.11 to 3.13 on Linux",
)


def kept(said) -> str:
    found = re.search(r"replay with: seatrial replay (\S+)", said.out)
    assert found is not None, said
    return found[1]


def test_without_a_target_they_are_listed(shell) -> None:
    said = shell("fuzz")
    assert said.code == 0
    assert [line.split()[0] for line in said.out.splitlines()] == list(TARGETS)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("nonsense",), "no fuzz target 'nonsense': use one of values,"),
        (("values", "--seconds", "0"), "--seconds 0"),
        (("values", "--seed", "-1"), "--seed -1"),
        (("values", "--bug", "nonsense"), "bug 'nonsense' is not in the zoo"),
    ],
)
def test_what_makes_no_search_is_refused(refused, arguments: tuple[str, ...], reason: str) -> None:
    assert reason in refused("fuzz", *arguments)


def test_without_atheris_the_command_says_what_to_install(shell, tmp_path: Path) -> None:
    script = "import fuzz.hunt as h\nh.find_spec = lambda name: None\nimport seatrial.main as m\nm.main()"
    said = shell("fuzz", "values", "--seconds", "1", command=(sys.executable, "-c", script))
    assert said.code == 2
    assert said.err == "seatrial: atheris is not installed: pip install 'seatrial[fuzz]'\n"


@needs_atheris
def test_a_clean_search_says_so_and_how_much_it_did(shell, tmp_path: Path) -> None:
    said = shell("fuzz", "identifiers", "--seconds", "1")
    assert said.code == 0, said
    assert re.search(r"[\d,]+ executions in \d", said.out)
    assert said.out.endswith("identifiers: clean\n")
    assert said.err == ""
    assert not (tmp_path / "seatrial-failures").exists()


@needs_atheris
def test_a_crash_of_a_reader_is_kept_and_replayed_the_same(shell) -> None:
    said = shell("fuzz", "values", "--bug", "ties-rounded-away", "--seconds", "60")
    assert said.code == 1, said
    assert "values: CRASH Wrong: " in said.out
    bundle = kept(said)

    again = shell("replay", bundle)

    assert again.code == 1, again
    assert "the same crash as the bundle's, byte for byte" in again.out
    trace = shell("trace", bundle)
    assert trace.code == 2
    assert "holds an input of fuzz target values, no run" in trace.err


@needs_atheris
def test_a_violation_in_a_run_of_bytes_is_kept_and_replayed_by_its_tape(shell) -> None:
    said = shell("fuzz", "simulation", "--bug", "sell-locks-quote", "--seconds", "60")
    assert said.code == 1, said
    assert "simulation: CRASH Wrong: VIOLATION(" in said.out
    bundle = kept(said)

    again = shell("replay", bundle)

    assert again.code == 1, again
    assert f"replay with: seatrial replay '{bundle}'" in again.out
    assert "the same run as the bundle's, byte for byte" in again.out
    assert shell("trace", bundle).out.count("\n") > 10
