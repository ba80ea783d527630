"""`seatrial run` with more than seeds: schedules, neighbours, budgets, files to go on from."""

import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from zoo.canary_table import CANARIES

BUG = "fill-named-by-query-time"


def results(path: Path) -> list[dict[str, object]]:
    return json.loads(path.read_text())["results"]


def test_a_portfolio_of_schedules_tells_how_often_each_was_drawn_and_replays(
    shell, tmp_path: Path
) -> None:
    said = shell("run", "--schedule", "portfolio", "--seeds", "12", "--json", "o.json")
    assert said.code == 0, said
    assert "schedules: fifo " in said.out
    result = results(tmp_path / "o.json")[5]
    again = shell("replay", result["token"])
    assert again.code == 0
    assert again.digest == result["digest"]


def test_the_neighbours_of_a_guided_campaign_are_told_and_replayed_by_token_and_bundle(
    shell, tmp_path: Path
) -> None:
    said = shell("run", "--guided", "--seeds", "8", "--json", "o.json")
    assert said.code == 0, said
    assert "neighbours: 8 of " in said.out
    near = json.loads((tmp_path / "o.json").read_text())["neighbours"][0]
    assert "near=1" in near["token"]
    again = shell("replay", near["token"])
    assert again.digest == near["digest"]


def test_a_neighbour_that_fails_alone_is_kept_as_a_bundle_of_its_own(shell, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        "from dataclasses import dataclass\n"
        "import msgspec\n"
        "from seatrial import Violation, always\n"
        "from simulation.scenarios import BUILT_IN\n\n\n"
        '@always("MY-1", "No order is ever rejected twice over.")\n'
        "def few(view):\n"
        "    for order in view.orders_touched():\n"
        "        if order.status.name == 'EXPIRED':\n"
        '            yield Violation(order.client_order_id, "expired")\n\n\n'
        "def sea():\n"
        "    plain = BUILT_IN['calm']()\n"
        "    return msgspec.structs.replace(plain, properties=[*plain.properties, few])\n"
    )
    said = shell("run", "mine:sea", "--guided", "--seeds", "6", "--json", "o.json")
    assert said.code == 1, said
    found = json.loads((tmp_path / "o.json").read_text())
    (cause,) = found["causes"]
    assert cause["property"] == "MY-1"
    failing = [row for row in found["results"] + found["neighbours"] if row["verdict"] != "PASS"]
    assert cause["count"] == len(failing)
    assert cause["first"] == failing[0]["token"]
    assert shell("replay", said.bundle).out.count("byte for byte") == 1


def test_a_campaign_within_a_budget_says_what_it_did_and_that_it_was_too_little(
    shell, tmp_path: Path
) -> None:
    said = shell("run", "calm", "--budget", "1s", "--json", "o.json", "--jobs", "1")
    assert said.code == 0, said
    assert len(results(tmp_path / "o.json")) >= 1
    said = shell("run", "calm", "--budget", "1s", "--seeds", "100000", "--jobs", "1")
    assert said.code == 5, said
    assert "inconclusive: the budget ran out" in said.out


def test_two_shards_are_the_window_and_a_campaign_goes_on_from_its_lines(
    shell, tmp_path: Path
) -> None:
    whole = shell("run", "--seeds", "9", "--json", "whole.json")
    assert whole.code == 0
    parts = []
    for part in ("1/2", "2/2"):
        assert shell("run", "--seeds", "9", "--shard", part, "--json", "part.json").code == 0
        parts += results(tmp_path / "part.json")
    assert parts == results(tmp_path / "whole.json")
    for _ in range(2):  # the first begins the file, the second finds all of it done
        said = shell("run", "--seeds", "9", "--resume", "runs.jsonl", "--json", "again.json")
        assert said.code == 0, said
        assert results(tmp_path / "again.json") == results(tmp_path / "whole.json")
    lines = (tmp_path / "runs.jsonl").read_text().splitlines()
    assert len([text for text in lines if "canary" not in json.loads(text)]) == 9


def test_junit_and_lines_are_written_of_a_red_campaign_too(shell, tmp_path: Path) -> None:
    said = shell("run", "--bug", BUG, "--seeds", "6", "--junit", "o.xml", "--jsonl", "o.jsonl")
    assert said.code == 1, said
    assert "; the shortest is " in said.out
    suite = ET.parse(tmp_path / "o.xml").getroot()[0]
    assert suite.get("tests") == "7"
    rows = [json.loads(text) for text in (tmp_path / "o.jsonl").read_text().splitlines()]
    failed = sum(row["verdict"] == "VIOLATION" for row in rows)
    assert suite.get("failures") == str(failed)
    assert failed > 1


def test_a_campaign_in_this_process_is_the_same(shell, tmp_path: Path) -> None:
    for jobs in ("here", "2"):
        said = shell("run", "calm", "--seeds", "5", "--jobs", jobs, "--json", f"{jobs}.json")
        assert said.code == 0, said
    assert results(tmp_path / "here.json") == results(tmp_path / "2.json")


def test_a_property_of_ones_own_is_tried_by_the_canary_that_it_names(shell, tmp_path: Path) -> None:
    lossy = Path(__file__).with_name("lossy_scenario.py").read_text()
    (tmp_path / "lossy_scenario.py").write_text(lossy)
    (tmp_path / "own.py").write_text(
        "import msgspec\n"
        "from lossy_scenario import calm as sea, orders_are_answered\n"
        "from seatrial import always\n"
        "CANARY = 'lossy_scenario:lossy@6'\n"
        "seeing = msgspec.structs.replace(orders_are_answered, canary=CANARY)\n"
        "@always('ASK-1', 'Whoever submits an order is answered.', canary=CANARY)\n"
        "def blind(view):\n"
        "    return ()\n"
        "def good():\n"
        "    return msgspec.structs.replace(sea(), properties=[seeing])\n"
        "def bad():\n"
        "    return msgspec.structs.replace(sea(), properties=[blind])\n"
    )
    said = shell("run", "own:good", "--seeds", "2")
    assert said.code == 0, said
    assert "canaries found (1 of 1): ASK-1\n" in said.out
    said = shell("run", "own:bad", "--seeds", "2")
    assert said.code == 5, said
    assert "inconclusive: ASK-1 is blind: its canary lossy_scenario:lossy@6#" in said.out
    assert "mend its check, own.blind, or give it another canary (canary=)\n" in said.out


def test_a_shard_and_a_budget_hear_all_that_they_are_asked_for(shell) -> None:
    window = ("--seeds", "40", "--shard", "2/4", "--budget", "60s", "--twice", "--canaries", "all")
    said = shell("run", "calm", *window)
    assert said.code == 0, said
    heard, known = re.search(r"canaries found \((\d+) of (\d+)\)", said.out).groups()
    assert heard == known == str(len(CANARIES))


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ("run --schedule lifo", "schedule 'lifo'"),
        ("run --shard 3/2", "--shard 3/2"),
        ("run --budget soon", "'soon'"),
        ("run --min-seeds 3", "--min-seeds 3"),
        ("run --window -1", "--window -1"),
        ("run --jobs here --twice", "--jobs here"),
        ("run --jobs here --coverage c", "worker processes on this machine"),
        ("run --canaries some", "--canaries some"),
        ("run --jsonl a --resume b", "--jsonl a"),
        ("run --jsonl no/such/folder", "--jsonl"),
        ("run --junit no/such/folder", "--junit"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_anything_runs(
    refused, arguments: str, named: str
) -> None:
    assert named in refused(*arguments.split())


def test_a_file_that_is_no_campaign_is_not_gone_on_from(refused, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("buy milk\n")
    assert "line 1 is no run" in refused("run", "calm", "--resume", "notes.txt")
    assert (tmp_path / "notes.txt").read_text() == "buy milk\n"
