"""Every planted bug is found by the property it breaks, and found again by its token."""

import pytest

from simulation.options import RunOptions
from simulation.outcome import Verdict
from simulation.recording import PYTHON, record_run
from simulation.token import Token
from zoo.bug import Bug
from zoo.bugs import BUGS
from zoo.hunt import ACROSS_RUNS, hunt, hunt_across_runs

CRASH = "KRN-1"  # the property of what raises; no other bug may be found by crashing
OTHERS_FIRST = 3  # a bug has one heart and several symptoms: which shows first is the seed's choice
CALM_SEEDS = 100
OF_RUNS = [bug for bug in BUGS.values() if bug.property]  # fuzz targets find the others
WITHIN_RUNS = [bug for bug in OF_RUNS if bug.property != ACROSS_RUNS]
NONDETERMINISTIC = [bug for bug in BUGS.values() if bug.property == ACROSS_RUNS]

# These break things that happen on a calm day too. The others need weather.
SEEN_IN_CALM = frozenset(
    {
        "queries-in-set-order",
        "fill-stamped-by-venue",
        "flip-loses-rest",
        "flip-reported-as-change",
        "free-cut-to-cents",
        "locks-full-quantity",
        "sell-locks-quote",
        "fill-drops-pending",
        "order-float-average",
        "acceptance-undoes-partial-fill",
        "cancel-all-untold",
        "unknown-instrument-only-logged",
        "duplicate-hides-order",
        "unapplied-event-told",
        "last-leaver-takes-route",
        "depth-first-publish",
        "timer-stop-exclusive",
        "timer-ties-by-name",
        "picture-taken-for-trigger",
        "outbox-before-journal",
        "half-batches-told",
        "silence-ends-bars",
        "turn-empties-bar",
        "taker-fill-names-no-position",
        "hedged-account-netted",
        "virtual-position-turned",
        "quanto-labelled-quote",
        "premium-not-paid",
        "settlement-half-applied",
        "duration-by-venue-stamps",
        "timers-survive-stop",
        "failed-hook-stays-between",
        "position-float-average",
        "finer-price-sent",
        "last-in-line-first",
        "shown-size-used-again",
        "post-only-forgotten-at-trigger",
        "modify-without-limits",
        "reducing-looks-at-direction",
        "rate-limits-a-whole-interval",
        "profit-rounded-each-time",
        "cancel-all-of-everybody",
        "reduce-only-against-anybody",
        "newcomer-doubles-route",
        "shrunk-order-loses-place",
        "composite-misses-last-part",
        "rest-of-split-counts-twice",
        "l3-level-keeps-what-left",
        "reduce-only-by-side",
        "flip-loses-fee-in-kind",
        "everything-heard-last",
        "unasked-update-passed-over",
        "cancels-do-not-wait",
        "stopped-hears-quotes",
        "filled-at-trigger-price",
        "slipped-beyond-limit",
        "closed-market-ignored",
        "stop-triggered-early",
        "margin-accounts-unlimited",
        "refused-counts-against-rate",
        "reducing-opens-from-flat",
        "netting-unheard",
        "flat-shown-long",
        "settled-position-never-closed",
        "queries-in-order-of-filing",
        "cash-equity-counts-coins-twice",
        "opposites-counted-twice",
        "refusals-untold",
        "started-although-unreconciled",
        "timers-of-nobody",
    }
)
STORM_ONLY = [bug for bug in OF_RUNS if bug.id not in SEEN_IN_CALM]


def _id(bug: Bug) -> str:
    return bug.id


@pytest.mark.parametrize("bug", WITHIN_RUNS, ids=_id)
def test_planted_bug_in_the_storm_of_its_scenario_is_found_by_its_property(
    bug: Bug, zoo_seeds: int
) -> None:
    failed = hunt(bug, zoo_seeds)

    assert failed, f"{bug.id} survived {zoo_seeds} seeds"
    for outcome in failed:
        assert outcome.verdict is Verdict.VIOLATION
        if bug.property != CRASH:
            assert outcome.property_id != CRASH, f"{outcome.token}: {outcome.detail}"
    outcome = failed[-1]
    assert outcome.property_id == bug.property, f"{outcome.token}: {outcome.detail}"
    assert len(failed) <= OTHERS_FIRST, [(each.token, each.property_id) for each in failed]

    token = Token.parse(outcome.token)
    assert token.bug == bug.id
    again = record_run(
        RunOptions(token.scenario, bug=token.bug, code=token.code),
        token.seed,
        launcher=(*PYTHON, "zoo.patched", token.bug),
        hash_seed="1",
    )
    assert again.outcome.digest == outcome.digest
    assert again.outcome.property_id == bug.property


@pytest.mark.parametrize("bug", NONDETERMINISTIC, ids=_id)
def test_planted_disorder_breaks_no_property_but_two_hash_seeds_tell_it_apart(
    bug: Bug, zoo_seeds: int
) -> None:
    found = hunt_across_runs(bug, zoo_seeds)

    assert found, f"{bug.id} survived {zoo_seeds} seeds"
    assert {outcome.verdict for outcome in found} == {Verdict.NONDETERMINISM}
    assert {outcome.property_id for outcome in found} == {ACROSS_RUNS}


@pytest.mark.parametrize("bug", STORM_ONLY, ids=_id)
def test_planted_bug_on_calm_days_is_never_noticed(bug: Bug) -> None:
    if bug.scenario == "default":
        failed = hunt(bug, CALM_SEEDS, "calm")
    else:
        failed = hunt(bug, CALM_SEEDS, faults="calm")

    assert not failed, [(each.token, each.property_id, each.detail) for each in failed]


def test_at_least_half_of_the_zoo_survives_calm_days() -> None:
    assert set(BUGS) >= SEEN_IN_CALM
    assert 2 * len(STORM_ONLY) >= len(OF_RUNS)
