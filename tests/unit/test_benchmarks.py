"""Each benchmark runs and says what it measured; the figures themselves are nobody's test."""

import json
import sys
from pathlib import Path

import pytest

from benchmarks import run as command
from benchmarks.measure import PYTHON, Row
from benchmarks.properties import SHARE_MAX, interleaved
from invariants.catalogue import CATALOGUE

FIELDS = {
    "name": str,
    "n": int,
    "unit": str,
    "seconds": float,
    "per_sec": float,
    "cpu_seconds": float,
    "cpu_per_sec": float,
    "spread": float,
    "python": str,
    "what": str,
}
TINY = 0.002


@pytest.mark.parametrize("name", command.BENCHMARKS)
def test_a_benchmark_at_tiny_scale_tells_every_field(name: str) -> None:
    rows = command.BENCHMARKS[name](1, TINY)
    assert rows
    for row in rows:
        assert {field: type(row[field]) for field in FIELDS} == FIELDS
        assert row["n"] > 0  # type: ignore[operator]


def test_the_figures_say_whether_trace_and_journal_are_on() -> None:
    ours = ("seeds", "properties")
    for name in ("backtest_quotes_noop", "backtest_small_runs", "matching_l2", *ours):
        (row,) = command.BENCHMARKS[name](1, TINY)
        state = "on" if name in ours else "off"
        assert f"trace and journal {state}" in str(row["what"])


def test_the_command_prints_one_json_object_per_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["msgbus_publish", "--repeat", "1", "--scale", str(TINY)]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["name"] for line in lines] == [
        "msgbus_publish_1",
        "msgbus_publish_10",
        "msgbus_publish_wildcard",
        "msgbus_send_endpoint",
    ]


def test_an_unknown_benchmark_is_wrong_usage() -> None:
    with pytest.raises(SystemExit) as exit_:
        command.main(["no_such"])
    assert exit_.value.code == 2


# --- what properties cost --------------------------------------------------------------------


def test_the_share_of_the_properties_is_told_with_its_limit_and_with_what_each_takes() -> None:
    (row,) = command.BENCHMARKS["properties"](1, TINY)
    assert row["limit"] == SHARE_MAX == 0.25
    assert row["within"] is (float(str(row["share"])) <= SHARE_MAX)
    inside = row["inside"]
    assert isinstance(inside, dict)
    assert set(inside) == {entry.id for entry in CATALOGUE}
    assert all(inside[name] > 0 for name in ("FIL-1", "CCH-3", "BAR-1", "ORD-2", "partial-fill"))
    assert float(str(row["share"])) > 0


def test_ways_are_run_in_turns_and_the_best_of_each_seed_counts() -> None:
    heard: list[tuple[str, int]] = []
    costs, timing = interleaved(
        [lambda seed: heard.append(("a", seed)), lambda seed: heard.append(("b", seed))], 2, 2
    )
    assert [way for way, _ in heard] == ["a", "b", "b", "a", "b", "a", "a", "b"]
    assert [seed for _, seed in heard] == [0] * 4 + [1] * 4
    assert len(costs) == len(timing.cpu) == 2


def test_a_figure_beyond_its_limit_is_a_failure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for within, code in ((True, 0), (False, 1)):
        told: Row = {"name": "properties", "within": within}
        monkeypatch.setitem(command.BENCHMARKS, "properties", lambda *_, told=told: [told])
        assert command.main(["properties"]) == code
    assert len(capsys.readouterr().out.splitlines()) == 2


# --- beside a peer ----------------------------------------------------------------------------

PEER = """
import json, sys
print("a line that is no figure")
print(json.dumps({"peer": "peer 1.0", "python": PYTHON, "name": "msgbus_publish_1",
                  "n": 10, "unit": "messages", "cpu_per_sec": 10.0}))
print(json.dumps({"peer": "peer 1.0", "python": PYTHON, "name": "its_own",
                  "n": 10, "unit": "messages", "cpu_per_sec": 10.0}))
"""


def measured(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, dict[str, object]]:
    command.main(["msgbus_publish", "--repeat", "1", "--scale", str(TINY), *arguments])
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    return {line["name"]: line for line in lines}


def peer_script(tmp_path: Path, python: str) -> str:
    script = tmp_path / "peer.py"
    script.write_text(f"PYTHON = {python!r}\n{PEER}")
    return str(script)


def test_a_figure_that_both_have_gets_a_ratio(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    script = peer_script(tmp_path, PYTHON)
    lines = measured(capsys, "--peer-python", sys.executable, "--peer-script", script)
    ratio = lines["ratio_msgbus_publish_1"]
    ours = lines["msgbus_publish_1"]  # the peer's line came after ours and has its own key
    assert ours["peer"] == "peer 1.0"
    assert ratio["ratio"] == round(float(str(ratio["cpu_per_sec"])) / 10.0, 2)
    assert "note" not in ratio
    assert "its_own" in lines
    assert "ratio_its_own" not in lines


def test_different_pythons_are_noted_beside_the_ratio(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    script = peer_script(tmp_path, "2.7")
    lines = measured(capsys, "--peer-python", sys.executable, "--peer-script", script)
    note = lines["ratio_msgbus_publish_1"]["note"]
    assert note == f"ours on Python {PYTHON}, the peer on 2.7"


def test_a_missing_peer_script_is_said_and_skipped(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = tmp_path / "nowhere.py"
    lines = measured(capsys, "--peer-python", sys.executable, "--peer-script", str(missing))
    assert str(missing) in str(lines["peer"]["skipped"])
    assert not [name for name in lines if name.startswith("ratio")]


def test_a_peer_script_that_fails_ends_with_the_code_of_a_broken_harness(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    script = tmp_path / "peer.py"
    script.write_text("raise SystemExit(1)\n")
    chosen = ["msgbus_publish", "--repeat", "1", "--scale", str(TINY)]
    peer = ["--peer-python", sys.executable, "--peer-script", str(script)]
    assert command.main(chosen + peer) == 4
    assert "failed" in json.loads(capsys.readouterr().out.splitlines()[-1])
