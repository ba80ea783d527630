"""A campaign in which the check of a property was lost is not green, and says which."""

import io
import json
import sys
import xml.etree.ElementTree as ET
from functools import partial
from pathlib import Path

import blinding
import msgspec
import pytest
from rich.console import Console

from invariants.catalogue import CATALOGUE
from invariants.property import always
from seatrial.commands import UsageError
from seatrial.commands import campaign as command
from simulation.campaign import Campaign, Spec, run_campaign
from simulation.canary import PROPERTY, Heard
from simulation.executors import CampaignError, Executor, Here, Workers
from simulation.options import RunOptions
from simulation.outcome import Verdict
from simulation.run import prepare
from simulation.scenario import Scenario, ScenarioError
from simulation.worker import Task
from zoo.canaries import Canary, canaries_of, drawn, hear, share
from zoo.canary_table import CANARIES
from zoo.perch import Runner

CALM = RunOptions("calm")
BLIND = Path(blinding.__file__)
# judged between two runs; and the one that the canary of every process breaks
OTHERWISE = ("DET-1", PROPERTY)


def known(twice: bool = False) -> dict[str, Canary]:
    return {each.property_id: each for each in canaries_of(prepare(CALM), twice)}


def heard(property_id: str, executor: Executor, further: int = 2) -> Heard:
    (found,) = hear(executor, CALM, [known(twice=True)[property_id]], further)
    return found


def judged(*canaries: Heard) -> Campaign:
    """A green campaign that heard these."""
    campaign = run_campaign(Spec(CALM, 1), lambda _: None, executor=Here())
    assert campaign.exit_code == 0
    return msgspec.structs.replace(campaign, canaries=[*canaries])


# --- each property ------------------------------------------------------------------------------


@pytest.mark.parametrize("property_id", [each for each in CANARIES if each not in OTHERWISE])
def test_a_check_that_no_longer_finds_anything_is_noticed_and_named(
    property_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    blinding.blinded(property_id, monkeypatch.setattr)
    found = heard(property_id, Here())
    assert not found.found
    assert found.runs == 3
    campaign = judged(found)
    assert campaign.exit_code == 5
    (said,) = campaign.shortcomings
    assert said.startswith(f"{property_id} is blind: its canary {CANARIES[property_id]}")
    assert said.endswith(f"mend its check, {found.check}, or give it another canary "
                         "(python -m zoo.canary_search)")  # fmt: skip


def test_the_property_of_every_process_is_noticed_before_its_own_canary_is_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    blinding.blinded(PROPERTY, monkeypatch.setattr)
    with pytest.raises(CampaignError, match="the canary was not caught in this process"):
        heard(PROPERTY, Here())


def test_two_runs_that_are_no_longer_compared_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    blinding.blinded("DET-1", monkeypatch.setattr)
    assert not heard("DET-1", Workers(1), 0).found


def test_the_check_that_a_scenario_puts_in_the_place_of_ours_is_the_one_that_is_tried() -> None:
    @always("FIL-1", "Says nothing.")
    def stub(view: object) -> tuple[()]:
        return ()

    scenario = prepare(CALM)
    judges = [stub if entry.id == "FIL-1" else entry for entry in scenario.properties]
    runner = Runner(Task(CALM))
    runner._judges = {entry.id: entry for entry in judges}
    seed = known()["FIL-1"].token.seed
    assert runner.line(seed, "FIL-1").outcome.property_id != "FIL-1"


# --- each executor ------------------------------------------------------------------------------


def test_canaries_are_found_in_worker_processes_as_in_this_one() -> None:
    chosen = [known()[each] for each in ("ACC-1", "MAT-1", "POS-6")]
    there = hear(Workers(2), CALM, chosen)
    assert [each.found for each in there] == [True] * 3
    assert [each.verdict for each in there] == [Verdict.VIOLATION] * 3
    assert there == hear(Here(), CALM, chosen)


def test_a_worker_process_whose_check_is_lost_is_noticed() -> None:
    blind = Workers(1, (sys.executable, str(BLIND), "MAT-1"))
    assert not heard("MAT-1", blind).found
    assert heard("ACC-1", blind).found


def test_a_seed_that_a_change_has_moved_is_looked_for_among_the_next() -> None:
    canary = known()["MAT-3"]  # tripped over by a seed in ten or so
    elsewhere = msgspec.structs.replace(canary.token, seed=canary.token.seed - 3)
    (found,) = hear(Here(), CALM, [msgspec.structs.replace(canary, token=elsewhere)])
    assert found.found
    assert 1 < found.runs <= 4
    assert judged(found).exit_code == 0


# --- which of them ------------------------------------------------------------------------------


def test_a_long_campaign_hears_all_and_a_short_one_what_it_can_bear() -> None:
    assert [share(runs) for runs in (1, 100, 500, 5_000)] == [1, 4, 20, 200]
    all_known = [*known().values()]
    assert drawn(all_known, 200, 0) == all_known
    assert drawn(all_known, 0, 0) == []


def test_windows_and_shards_hear_others_and_the_same_window_the_same() -> None:
    all_known = [*known().values()]
    draws = [drawn(all_known, 4, first) for first in range(0, 10_000, 100)]
    assert draws[7] == drawn(all_known, 4, 700)
    met = {each.property_id for draw in draws for each in draw}
    assert met == set(known())
    assert all(len({each.property_id for each in draw}) == 4 for draw in draws)


def test_nondeterminism_has_its_canary_where_seeds_run_twice() -> None:
    assert set(known(twice=True)) - set(known()) == {"DET-1"}


def test_properties_that_a_scenario_is_not_judged_by_are_not_asked_for() -> None:
    few = [entry for entry in CATALOGUE if entry.id in ("ORD-2", "LIF-1", "flip")]
    scenario = msgspec.structs.replace(prepare(CALM), properties=few)
    assert {each.property_id for each in canaries_of(scenario, True)} == {"ORD-2", "LIF-1"}


# --- a property of one's own --------------------------------------------------------------------


def own(canary: str) -> Scenario:
    @always("MM-1", "Nothing is ever held.", canary=canary)
    def nothing_held(view):  # type: ignore[no-untyped-def]
        return ()

    return msgspec.structs.replace(prepare(CALM), properties=[nothing_held])


def test_a_property_of_ones_own_names_the_run_that_breaks_it() -> None:
    (canary,) = canaries_of(own("calm@7"), False)
    assert (canary.property_id, str(canary.token), canary.mend) == ("MM-1", "calm@7", "canary=")
    assert canaries_of(own(""), False) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("calm", "not a token"),
        ("clam@3", "no scenario 'clam'"),
        ("calm[bug=beetle]@3", "bug 'beetle' is not in the zoo"),
        ("calm[near=1]@3", "neither a recording nor a neighbour"),
        ("calm[market=0123456789ab]@3", "neither a recording nor a neighbour"),
    ],
)
def test_a_canary_that_is_none_is_refused_with_its_property(text: str, said: str) -> None:
    with pytest.raises(ScenarioError, match=rf"property MM-1: canary .*: .*{said}"):
        canaries_of(own(text), False)


# --- the command --------------------------------------------------------------------------------


def run(folder: Path, **how: object) -> tuple[int, str]:
    said = io.StringIO()
    files = {name: folder / f"out.{name}" for name in ("json", "jsonl", "junit")}
    code = command.run(
        Console(file=said, width=400),
        scenario="calm",
        window=command.Window(2),
        faults="",
        market=[],
        out=folder / "failures",
        **{"jobs": "here", "bug": "", "twice": False, **files, **how},  # type: ignore[arg-type]
    )
    return code, said.getvalue()


def test_a_lost_check_turns_the_command_red_and_stands_in_every_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "drawn", lambda all_known, count, first: list(all_known)[:3])
    monkeypatch.setattr(command, "hear", partial(hear, further=1))
    blinding.blinded("FIL-2", monkeypatch.setattr)
    code, said = run(tmp_path)
    assert code == 5
    assert "canaries found (2 of 3): FIL-1, POS-1\n" in said
    assert "inconclusive: FIL-2 is blind: its canary hedging[bug=" in said
    rows = json.loads((tmp_path / "out.json").read_text())["canaries"]
    assert [(row["property"], row["found"]) for row in rows] == [
        ("FIL-1", True),
        ("FIL-2", False),
        ("POS-1", True),
    ]
    lines = [json.loads(text) for text in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert [line["canary"] for line in lines if "canary" in line] == rows
    suite = ET.parse(tmp_path / "out.junit").getroot()[0]
    (case,) = [case for case in suite if case.get("name") == "canary of FIL-2"]
    assert case[0].get("type") == "INCONCLUSIVE"
    assert suite.get("failures") == "1"
    assert suite.get("tests") == str(len(suite.findall("testcase")))


def test_a_campaign_goes_on_from_a_file_with_canaries_in_it_and_makes_them_anew(
    tmp_path: Path,
) -> None:
    path = tmp_path / "runs.jsonl"
    for times in (1, 2):
        assert run(tmp_path, jsonl=None, resume=path)[0] == 0
        keys = [next(iter(json.loads(text))) for text in path.read_text().splitlines()]
        assert sorted(keys) == ["canary"] * times + ["scenario"] * 2


@pytest.mark.parametrize(
    ("asked", "bug", "count"),
    [("auto", "", 1), ("3", "", 3), ("none", "", 0), ("auto", "free-cut-to-cents", 0)],
)
def test_so_many_canaries_are_heard_as_were_asked_for(
    tmp_path: Path, asked: str, bug: str, count: int
) -> None:
    run(tmp_path, canaries=asked, bug=bug, jobs="1")
    assert len(json.loads((tmp_path / "out.json").read_text())["canaries"]) == count


@pytest.mark.parametrize(
    ("asked", "bug", "said"),
    [
        ("many", "", "--canaries many"),
        ("0", "", "--canaries 0"),
        ("-1", "", "--canaries -1"),
        ("all", "free-cut-to-cents", "leave out --bug"),
    ],
)
def test_canaries_that_make_no_sense_are_refused(
    tmp_path: Path, asked: str, bug: str, said: str
) -> None:
    with pytest.raises(UsageError, match=said):
        run(tmp_path, canaries=asked, bug=bug, jobs="1")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("how", [{"visits": True}, {"coverage": Path("branches")}])
@pytest.mark.parametrize("where", [{"jobs": "here"}, {"jobs": "1", "dask": "tcp://127.0.0.1:1"}])
def test_runs_are_watched_in_worker_processes_of_this_machine_only(
    tmp_path: Path, how: dict[str, object], where: dict[str, str]
) -> None:
    with pytest.raises(UsageError, match="worker processes on this machine are watched"):
        run(tmp_path, **how, **where)
    assert list(tmp_path.iterdir()) == []
