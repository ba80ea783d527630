"""Each property has a canary that breaks it today, and what is planted in a running process is what
a fresh one would run."""

import pytest

from simulation.executors import Workers
from simulation.options import RunOptions
from simulation.recording import PYTHON, record_run
from simulation.run import prepare, simulate
from simulation.token import Token
from zoo import canary_search
from zoo.bugs import BUGS
from zoo.canaries import RENEWED_BY, canaries_of, hear
from zoo.canary_search import JUDGED, renewed, trips
from zoo.canary_table import CANARIES
from zoo.hunt import ACROSS_RUNS
from zoo.patch import PatchRefused
from zoo.planted import planted

WITHIN_RUNS = [property_id for property_id in JUDGED if property_id != ACROSS_RUNS]
# a function, a method, a property, a class method; of the kernel, the client and the venue
PLANTED_ANYWHERE = [
    "sell-locks-quote",
    "flip-loses-rest",
    "flat-shown-long",
    "free-cut-to-cents",
    "unconfirmed-forgotten",
    "last-in-line-first",
]


def outcome_of(token: Token) -> object:
    options = RunOptions.of_token(token)
    return simulate(prepare(options), token.seed, options)


def test_every_judged_property_has_a_canary_and_nothing_else_has() -> None:
    assert list(CANARIES) == list(JUDGED), f"renew the table: {RENEWED_BY}"


@pytest.mark.parametrize("property_id", WITHIN_RUNS)
def test_the_canary_of_a_property_breaks_it_at_its_seed(property_id: str) -> None:
    token = Token.parse(CANARIES[property_id])
    assert BUGS[token.bug].property == property_id
    assert trips(property_id, token) is not None, f"renew the table: {RENEWED_BY}"


def test_the_canary_of_nondeterminism_differs_under_two_hash_seeds_at_its_seed() -> None:
    known = canaries_of(prepare(RunOptions()), twice=True)
    (heard,) = hear(
        Workers(1), RunOptions(), [each for each in known if each.property_id == ACROSS_RUNS], 0
    )
    assert heard.found, f"renew the table: {RENEWED_BY}"


@pytest.mark.parametrize("bug_id", PLANTED_ANYWHERE)
def test_a_bug_planted_in_a_running_process_is_the_one_of_a_fresh_process(bug_id: str) -> None:
    bug = BUGS[bug_id]
    token = Token(bug.scenario, 5, bug=bug_id)
    with planted(bug):
        here = outcome_of(token)
    options = RunOptions.of_token(token)
    there = record_run(options, token.seed, launcher=(*PYTHON, "zoo.patched", bug_id)).outcome
    assert here.digest == there.digest  # type: ignore[attr-defined]
    assert there.property_id == bug.property


def test_a_bug_is_gone_from_the_process_when_it_is_no_longer_wanted() -> None:
    token = Token("default", 5)
    before = outcome_of(token)
    with pytest.raises(KeyError), planted(BUGS["free-cut-to-cents"]):
        assert outcome_of(token) != before
        raise KeyError
    assert outcome_of(token) == before


@pytest.mark.parametrize(
    ("bug_id", "where"),
    [
        ("fill-drops-pending", "engine.model.order_table"),  # a row of a table
        ("turn-empties-bar", "engine.data.aggregator.Aggregator"),  # a slot of a class
    ],
)
def test_a_bug_that_changes_more_than_functions_is_refused(bug_id: str, where: str) -> None:
    with pytest.raises(PatchRefused, match=f"{bug_id} changes more of {where} than"):
        planted(BUGS[bug_id]).__enter__()


def test_a_seed_that_no_longer_trips_is_replaced_and_the_others_stay(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(canary_search, "JUDGED", ("ACC-1", "BUS-2", "KRN-2"))
    stale = {
        "ACC-1": "default[bug=late-fill-leaves-free]@1",  # it trips at others
        "BUS-2": "default[bug=everything-heard-last]@3",
        "KRN-2": "default[bug=no-such-bug]@0",
    }
    assert renewed(stale) == {
        "ACC-1": CANARIES["ACC-1"],
        "BUS-2": stale["BUS-2"],
        "KRN-2": CANARIES["KRN-2"],
    }
