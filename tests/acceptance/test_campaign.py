"""`seatrial run`: the gate that a team puts into its build."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from zoo.bugs import BUGS

SCRIPT = Path(sys.executable).with_name("seatrial")
BUG = "fill-named-by-query-time"  # found within a few seeds
UNSTABLE = "cancel-all-in-set-order"


def test_a_clean_campaign_passes_and_says_what_it_did(shell, tmp_path: Path) -> None:
    said = shell("run", "--seeds", "12", "--json", "out.json")
    assert said.code == 0, said
    assert said.err == ""
    assert "default: 12 passed, 0 failed of 12 seeds" in said.out
    for told in ("seeds per CPU-second", "faults fired", "probes seen", "fills", "reconnected"):
        assert told in said.out
    assert "\x1b" not in said.out  # plain lines where nobody watches
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.json"]


def test_the_json_of_a_campaign_holds_what_the_contract_names(shell, tmp_path: Path) -> None:
    assert shell("run", "calm", "--seeds", "5", "--first-seed", "7", "--json", "o.json").code == 0
    found = json.loads((tmp_path / "o.json").read_text())
    assert found["scenario"] == "calm"
    assert (found["seeds"], found["passed"], found["failed"]) == (5, 5, 0)
    assert len(found["code"]) == 12
    assert found["seconds"] > 0
    assert found["cpu_seconds"] > 0
    assert isinstance(found["probes"], dict)
    assert found["faults"] == {}
    assert [result["seed"] for result in found["results"]] == [7, 8, 9, 10, 11]
    for result in found["results"]:
        assert result["verdict"] == "PASS"
        assert result["property"] == ""
        assert len(result["digest"]) == 64
        assert result["token"] == f"calm@{result['seed']}#{found['code']}"
    assert found["events"] == sum(result["events"] for result in found["results"]) > 0


def test_the_number_of_processes_changes_nothing_but_the_time(shell, tmp_path: Path) -> None:
    for jobs in ("1", "3"):
        assert shell("run", "--seeds", "9", "--jobs", jobs, "--json", f"{jobs}.json").code == 0
    one, three = (json.loads((tmp_path / f"{jobs}.json").read_text()) for jobs in ("1", "3"))
    assert one["results"] == three["results"]


def test_progress_is_a_line_per_hundred_runs_where_nobody_watches(shell) -> None:
    said = shell("run", "calm", "--seeds", "50", "--twice")
    assert said.code == 0, said
    assert said.out.startswith("100 of 100 runs, 0 seeds failed\n")


def test_progress_is_a_bar_on_a_terminal(shell, tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [SCRIPT, "run", "calm", "--seeds", "4"],
        stdout=theirs,
        cwd=tmp_path,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "120"},
    ) as process:
        os.close(theirs)
        shown = b""
        while chunk := _read(ours):
            shown += chunk
        assert process.wait() == 0
    os.close(ours)
    assert b"/4 runs" in shown
    assert b"4 passed" in shown


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 4096)
    except OSError:  # the other side has closed
        return b""


def test_a_planted_bug_is_found_kept_and_replayed_byte_for_byte(shell, tmp_path: Path) -> None:
    found = shell("run", "--bug", BUG, "--seeds", "20", "--json", "out.json")
    assert found.code == 1, found
    assert f"VIOLATION({BUGS[BUG].property})" in found.out
    token = found.token
    assert f"bug={BUG}" in token
    results = json.loads((tmp_path / "out.json").read_text())["results"]
    result = next(result for result in results if result["token"] == token)
    assert result["verdict"] == "VIOLATION"

    by_token = shell("replay", token)
    assert by_token.code == 1
    assert by_token.digest == result["digest"]
    assert f"VIOLATION({BUGS[BUG].property})" in by_token.out

    by_bundle = shell("replay", found.bundle)
    assert by_bundle.code == 1
    assert by_bundle.digest == result["digest"]
    assert "byte for byte" in by_bundle.out


def test_failures_of_one_cause_are_told_once_and_the_seeds_listed(shell) -> None:
    said = shell("run", "--bug", BUG, "--seeds", "20")
    assert said.out.count("replay with") == 1
    assert "so do seeds" in said.out


def test_bundles_go_where_they_are_asked_to(shell, tmp_path: Path) -> None:
    said = shell("run", "--bug", BUG, "--seeds", "4", "--out", "here/and/there")
    assert said.code == 1
    assert said.bundle.startswith("here/and/there/default-")
    assert (tmp_path / said.bundle).exists()
    assert not (tmp_path / "seatrial-failures").exists()


def test_a_kernel_that_depends_on_the_hash_seed_is_caught_by_running_twice(
    shell, tmp_path: Path
) -> None:
    said = shell("run", "--bug", UNSTABLE, "--seeds", "60", "--twice", "--json", "out.json")
    assert said.code == 3, said
    assert "NONDETERMINISM(DET-1)" in said.out
    assert "the first record that differs is number" in said.out
    lines = said.out.splitlines()
    at = next(i for i, line in enumerate(lines) if "the first record that differs" in line)
    assert lines[at + 1].startswith("  a ")
    assert lines[at + 2].startswith("  b ")
    assert lines[at + 1][4:] != lines[at + 2][4:]
    verdicts = {r["verdict"] for r in json.loads((tmp_path / "out.json").read_text())["results"]}
    assert "NONDETERMINISM" in verdicts


def test_without_running_twice_the_same_kernel_passes(shell) -> None:
    assert shell("run", "--bug", UNSTABLE, "--seeds", "10").code == 0


def test_the_clean_kernel_run_twice_passes(shell) -> None:
    assert shell("run", "--seeds", "6", "--twice").code == 0


@pytest.mark.parametrize("profile", ["calm", "flaky", "stormy"])
def test_another_fault_profile_is_part_of_the_token(shell, tmp_path: Path, profile: str) -> None:
    assert shell("run", "--faults", profile, "--seeds", "3", "--json", "o.json").code == 0
    found = json.loads((tmp_path / "o.json").read_text())
    assert found["results"][0]["token"] == f"default[faults={profile}]@0#{found['code']}"
    assert bool(found["faults"]) is (profile != "calm")
    again = shell("replay", found["results"][0]["token"])
    assert again.digest == found["results"][0]["digest"]
