"""`seatrial debt` from a shell: measured from a campaign, compared with a baseline."""

import json
from pathlib import Path

import pytest


@pytest.fixture
def campaign(shell, tmp_path: Path) -> Path:
    said = shell("run", "--seeds", "2", "--jobs", "1", "--visits", "--json", "run.json")
    assert said.code == 0, said
    return tmp_path / "run.json"


def test_debt_is_listed_written_and_kept_from_growing(shell, campaign, tmp_path: Path) -> None:
    first = shell("debt", "--campaign", campaign, "--baseline", "debt.json", "--update")
    assert first.code == 0, first
    assert "legal (state, event) pairs never visited: " in first.out
    assert "branches that no seed reached: not measured" in first.out

    again = shell("debt", "--campaign", campaign, "--baseline", "debt.json")
    assert (again.code, again.out.count("nothing is newly in debt")) == (0, 1)

    path = tmp_path / "debt.json"
    known = json.loads(path.read_text())
    lost = known["pairs"].pop(0)
    known["strikes"].append("DELAY request")
    path.write_text(json.dumps(known))
    said = shell("debt", "--campaign", campaign, "--baseline", "debt.json", "--json", "now.json")
    assert said.code == 1, said
    assert f"newly in debt (pairs): {lost}; let a scenario or workload bring it about" in said.out
    assert json.loads((tmp_path / "now.json").read_text())["new"] == {"pairs": [lost]}


def test_wrong_usage_is_refused_in_one_line(refused, tmp_path: Path) -> None:
    assert "give --baseline FILE" in refused("debt", "--update")
    assert "No such file" in refused("debt", "--baseline", "none.json")
    assert "No such file" in refused("debt", "--campaign", "none.json")
    assert "no such file" in refused("debt", "--coverage", "none")
    assert "give --json FILE" in refused("run", "--seeds", "1", "--visits")
