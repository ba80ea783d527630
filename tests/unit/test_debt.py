"""Debt: what is stated and unproven is listed, and a list may only get shorter."""

import json
from pathlib import Path

import pytest

from invariants.catalogue import CATALOGUE
from seatrial import debt
from seatrial.debt import Debt, DebtError
from simulation.visits import legal_pairs, strikes
from zoo.bugs import BUGS


def campaign(path: Path, visits: dict[str, int] | None, fired: dict[str, int]) -> Path:
    document: dict[str, object] = {"scenario": "default", "results": [{"fired_at": fired}]}
    if visits is not None:
        document["visits"] = visits
    path.write_text(json.dumps(document))
    return path


def test_without_files_what_only_campaigns_show_is_unmeasured_and_not_empty() -> None:
    measured = debt.measure()
    assert (measured.pairs, measured.strikes, measured.branches) == (None, None, None)
    assert measured.properties is not None
    assert measured.layers is not None


def test_a_property_that_loses_its_last_bug_is_in_debt(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = {name: bug for name, bug in BUGS.items() if bug.property != "CLK-3"}
    monkeypatch.setattr(debt, "BUGS", kept)
    assert "CLK-3" in debt.untripped()
    assert "CLK-3" in {entry.id for entry in CATALOGUE}


def test_pairs_and_strikes_that_no_campaign_saw_are_in_debt(tmp_path: Path) -> None:
    first = campaign(tmp_path / "a", {"order ACCEPTED CANCELED": 3}, {"DELAY SIM.answer": 1})
    second = campaign(tmp_path / "b", {"kernel READY START": 1}, {"GAP venue.book": 2})
    measured = debt.measure([first, second])
    assert measured.pairs is not None
    assert measured.strikes is not None
    seen = {"order ACCEPTED CANCELED", "kernel READY START"}
    assert set(measured.pairs) == set(legal_pairs()) - seen
    assert set(measured.strikes) == set(strikes()) - {"DELAY answer", "GAP venue.book"}


def test_a_campaign_without_visits_is_refused_rather_than_called_debt(tmp_path: Path) -> None:
    with pytest.raises(DebtError, match="made without --visits"):
        debt.measure([campaign(tmp_path / "a", None, {})])


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"scenario": 1, "results": []}'])
def test_a_file_that_is_no_campaign_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(text)
    with pytest.raises(DebtError, match="not what run --json writes"):
        debt.measure([path])
    with pytest.raises(DebtError, match="No such file"):
        debt.measure([tmp_path / "none.json"])


def test_a_fault_that_nobody_knows_is_refused(tmp_path: Path) -> None:
    path = campaign(tmp_path / "a", {}, {"FROGS SIM.answer": 1})
    with pytest.raises(DebtError, match="no fault is called 'FROGS"):
        debt.measure([path])


def test_a_module_is_paid_for_by_a_test_of_the_layer_that_imports_it(tmp_path: Path) -> None:
    for name in ("engine/model/books.py", "engine/bus.py", "engine/__init__.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    tests = tmp_path / "tests" / "unit"
    tests.mkdir(parents=True)
    (tests / "test_a.py").write_text("from engine.model import books\n")
    assert debt.untested(tmp_path) == ["property engine.model.books", "unit engine.bus"]
    (tests / "test_b.py").write_text("import engine.bus\n")
    assert debt.untested(tmp_path) == ["property engine.model.books"]


def test_a_branch_is_named_by_its_lines_and_counted_by_its_function() -> None:
    text = "class A:\n    def f(self, x):\n        if x:\n            return 1\n        return 2\n"
    names = debt._named("m", text, [(3, 4), (3, -2)])
    assert names == ["m A.f: if x: -> exit", "m A.f: if x: -> return 1"]
    assert debt.by_function(names) == ["m A.f x2"]


def test_branches_are_read_from_coverage_and_what_one_file_reached_is_reached(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import coverage

    source = tmp_path / "thing.py"
    source.write_text("def f(x):\n    if x:\n        return 1\n    return 2\n")
    monkeypatch.setattr(debt, "HOME", tmp_path)
    files = []
    for number, argument in enumerate((True, False)):
        data = coverage.CoverageData(str(tmp_path / f"data{number}"))
        target = 3 if argument else 4
        arcs = [(-1, 1), (1, -1), (-1, 2), (2, target), (target, -1)]
        data.add_arcs({str(source): arcs})
        data.write()
        files.append(tmp_path / f"data{number}")
    assert debt.unreached(files[:1]) == ["thing f: if x: -> return 2"]
    assert debt.unreached(files) == []


def test_coverage_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DebtError, match="no such file"):
        debt.unreached([tmp_path / "none"])
    broken = tmp_path / "broken"
    broken.write_text("hello")
    with pytest.raises(DebtError, match="--coverage: "):
        debt.unreached([broken])


# --- the baseline -----------------------------------------------------------------------------


def test_what_is_new_and_what_is_paid_is_told_by_list() -> None:
    known = Debt(properties=["A-1"], pairs=["order A B", "order C D"], branches=["m f x3"])
    now = Debt(properties=["A-1", "B-1"], pairs=["order A B"], branches=["m f x2", "m g x1"])
    compared = debt.compare(now, known)
    assert compared.new == {"properties": ["B-1"], "branches": ["m g x1"]}
    assert compared.paid == {"pairs": ["order C D"], "branches": ["m f x3"]}


def test_a_function_that_has_one_more_branch_unreached_is_newly_in_debt() -> None:
    compared = debt.compare(Debt(branches=["m f x4"]), Debt(branches=["m f x3"]))
    assert compared.new == {"branches": ["m f x4"]}


def test_a_list_that_was_not_measured_is_compared_with_nothing() -> None:
    known = Debt(properties=[], pairs=["order A B"])
    assert debt.compare(Debt(properties=[]), known) == debt.Comparison({}, {})
    assert debt.shrunk(Debt(properties=[]), known).pairs == ["order A B"]


def test_an_update_takes_out_what_is_paid_and_takes_nothing_new_in() -> None:
    known = Debt(properties=["A-1", "B-1"], branches=["m f x3", "m g x1"])
    now = Debt(properties=["B-1", "C-1"], branches=["m f x5"], layers=["unit m"])
    left = debt.shrunk(now, known)
    assert left.properties == ["B-1"]
    assert left.branches == ["m f x3"]
    assert left.layers == ["unit m"]  # a list that the baseline did not have yet


def test_a_baseline_is_written_and_read_back(tmp_path: Path) -> None:
    path = tmp_path / "debt.json"
    debt.save(Debt(properties=["A-1"]), path)
    assert debt.load(path) == Debt(properties=["A-1"])
    path.write_text("[]")
    with pytest.raises(DebtError, match="not a list of debts"):
        debt.load(path)
