"""The page of observed defects shows what is in the zoo, each with a run that may well have been."""

import re
from pathlib import Path

import pytest

from invariants.catalogue import CATALOGUE
from seatrial import docs, measured
from simulation.scenarios import BUILT_IN
from simulation.token import Token
from zoo.bug import RAN, READ, Bug
from zoo.bugs import BUGS
from zoo.hunt import ACROSS_RUNS

PAGE = (Path(__file__).parents[2] / "docs" / "incumbent.md").read_text(encoding="utf-8")
ROWS = {
    Token.parse(cells[7].strip("`")).bug: cells
    for line in re.findall(r"^\| (.*`) \|$", PAGE, re.MULTILINE)
    if (cells := line.split(" | "))
}
SHOWN = measured.shown_bugs()


def test_page_shows_every_defect_that_was_observed_in_a_release_once() -> None:
    assert list(ROWS) == [bug.id for bug in SHOWN]
    assert sum(bug.release == RAN for bug in SHOWN) >= 15


@pytest.mark.parametrize("bug", SHOWN, ids=lambda bug: bug.id)
def test_row_says_what_the_zoo_says_and_names_the_seed_that_found_it(bug: Bug) -> None:
    defect, seen, planted, found_by, scenario, seeds, left, text, timeline = ROWS[bug.id]
    token = Token.parse(text.strip("`"))

    assert (defect, seen, planted, found_by, scenario) == (
        bug.observed,
        bug.release,
        bug.sentence,
        bug.property,
        bug.scenario,
    )
    assert (token.scenario, token.seed + 1) == (scenario, int(seeds))
    assert token.seed < measured.SEEDS
    assert timeline.strip("`") == f"seatrial replay '{token}' --timeline {bug.id}.html"
    # what only two runs show has no smaller one
    assert left == "-" if bug.property == ACROSS_RUNS else int(left) >= 0


def test_half_of_the_defects_shrink_to_a_dozen_choices_or_fewer() -> None:
    left = sorted(int(cells[6]) for cells in ROWS.values() if cells[6] != "-")
    assert left[len(left) // 2] <= 12


def test_the_defect_that_the_readme_opens_with_has_its_timeline_here() -> None:
    readme = (docs.ROOT / "README.md").read_text(encoding="utf-8")
    assert f"seatrial replay '{docs.OPENING}'" in readme
    assert docs.OPENING_TIMELINE.relative_to(docs.ROOT).as_posix() in readme
    page = docs.OPENING_TIMELINE.read_text(encoding="utf-8")
    assert len(page) < 200_000
    token = Token.parse(docs.OPENING)
    assert f"<title>VIOLATION {token.scenario}@{token.seed} " in page


@pytest.mark.parametrize("bug", BUGS.values(), ids=lambda bug: bug.id)
def test_released_defect_is_observed_and_a_property_is_to_find_it(bug: Bug) -> None:
    if bug.release:
        assert bug.release in (RAN, READ)
        assert "NautilusTrader" in bug.observed
        assert bug.property in {entry.id for entry in CATALOGUE}
    if bug.property:
        assert bug.scenario in BUILT_IN


def test_measurement_stays_out_of_pages_that_do_not_ask_for_it() -> None:
    assert measured.retaken("no marks\n", "zoo", lambda header, rows: "") == "no marks\n"
