"""Mutants are drawn the same by everybody, die of what they do, and are told of in full."""

import msgspec
import pytest

from mutants.campaign import Baseline, BaselineFailed, Campaign, baseline, judge, load, runs_of
from mutants.child import path_of
from mutants.draw import Mutant, draw
from mutants.page import PAGE, page
from mutants.reasons import Reason, Why
from simulation.scenarios import BUILT_IN

ORDERS = "engine.model.orders"
RUNS = (("perpetual", 0), ("default", 0))


@pytest.fixture(scope="module")
def against() -> Baseline:
    return baseline(RUNS, (ORDERS,))


def mutant(before: str, after: str) -> Mutant:
    source = path_of(ORDERS).read_text(encoding="utf-8")
    assert source.count(before) == 1
    line = source[: source.index(before)].count("\n") + 1
    mutated = source.replace(before, after)
    return Mutant(
        "0", ORDERS, "", line, (line, line), "by hand", (before,), (after,), source, mutated
    )


def test_a_mutant_that_counts_fills_the_wrong_way_is_killed(against: Baseline) -> None:
    wrong = mutant(
        "filled_raw = self.filled_raw + quantity_raw", "filled_raw = self.filled_raw - quantity_raw"
    )

    result = judge(wrong, against, RUNS)

    assert result.killer == "ORD-1"
    assert (result.scenario, result.seed) == RUNS[0]
    assert result.executed


def test_an_equivalent_mutant_survives_and_moves_no_digest(against: Baseline) -> None:
    result = judge(mutant("if quantity_raw <= 0:", "if quantity_raw < 1:"), against, RUNS)

    assert result.survived
    assert (result.runs, result.moved) == (len(RUNS), 0)


def test_a_mutant_that_never_ends_is_killed_by_its_time(against: Baseline) -> None:
    endless = mutant(
        "trigger, status, beneath, request_id = self._judge(event)",
        "trigger, status, beneath, request_id = self._judge(event)\n        while True: pass",
    )

    result = judge(endless, against, RUNS, seconds=1.5)

    assert result.killer == "TIMEOUT"


def test_a_mutant_that_cannot_be_imported_is_killed_as_such(against: Baseline) -> None:
    nowhere = mutant("Trigger.FILL_OF_REST: Order._on_fill,", "Trigger.FILL_OF_REST: Order._gone,")

    result = judge(nowhere, against, RUNS)

    assert result.killer == "IMPORT"


def test_a_mutant_of_which_nothing_comes_is_killed_by_what_a_campaign_owes(
    against: Baseline,
) -> None:
    nothing = mutant("self.strategy_id = init.strategy_id", "self.strategy_id = None")
    owing = tuple(("rough", seed) for seed in range(18))

    result = judge(nothing, against, owing)

    assert (result.killer, result.scenario) == ("OWED", "rough")
    assert "probe fill-before-accept" in result.detail
    assert judge(nothing, against, owing[:17]).survived


def test_code_that_fails_unchanged_is_no_measure() -> None:
    with pytest.raises(BaselineFailed, match="nowhere"):
        baseline((("nowhere", 0),), (ORDERS,))


def test_a_smaller_draw_is_the_beginning_of_a_larger_one(against: Baseline) -> None:
    few, more = (draw(7, count, against.lines, (ORDERS,)) for count in (4, 8))

    assert more.mutants[:4] == few.mutants
    assert more.pool == few.pool
    assert len({each.id for each in more.mutants}) == 8
    for each in more.mutants:
        assert each.mutated != each.source
        compile(each.mutated, each.module, "exec")


def test_another_seed_draws_others(against: Baseline) -> None:
    one, two = (draw(seed, 4, against.lines, (ORDERS,)) for seed in (1, 2))

    assert {each.id for each in one.mutants} != {each.id for each in two.mutants}


def test_functions_that_no_run_enters_are_named_and_not_drawn_from(against: Baseline) -> None:
    drawn = draw(1, 8, against.lines, (ORDERS,))

    assert f"{ORDERS} Order.slippage" in drawn.unentered
    assert not any(f"{each.module} {each.function}" in drawn.unentered for each in drawn.mutants)


def test_runs_are_dealt_over_scenarios_that_exist() -> None:
    assert runs_of({"a": 2, "b": 1}) == (("a", 0), ("b", 0), ("a", 1))
    assert len(load().runs) == 30
    assert {scenario for scenario, _ in load().runs} <= set(BUILT_IN)


def test_the_page_is_what_the_campaign_and_the_reasons_say() -> None:
    """When this fails: `python -m mutants.page`."""
    assert PAGE.read_text(encoding="utf-8") == page(load())


def test_a_reason_that_the_runs_contradict_is_not_shown() -> None:
    campaign = load()
    survivor = next(each for each in campaign.results if each.survived and each.executed)
    for moved, shown in ((0, "**unreachable**"), (3, "**not looked at**")):
        result = msgspec.structs.replace(survivor, moved=moved)
        alone: Campaign = msgspec.structs.replace(campaign, results=(result,))
        assert shown in page(alone, (Reason(Why.UNREACHABLE, "No run.", (survivor.id,)),))


def test_a_survivor_is_shown_with_its_reason_or_as_not_looked_at() -> None:
    campaign = load()
    survivor = next(
        each for each in campaign.results if each.survived and each.executed and not each.moved
    )
    alone: Campaign = msgspec.structs.replace(campaign, results=(survivor,))

    silent = page(alone, ())
    told = page(alone, (Reason(Why.EQUIVALENT, "Zero either way.", (survivor.id,)),))

    assert "**not looked at**" in silent
    assert "**equivalent**. Zero either way." in told
    assert "Equivalent are 100.0 % of all" in told
