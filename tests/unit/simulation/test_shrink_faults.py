"""Strikes are numbers of messages on a tape: they can be taken out, moved and made to follow."""

import pytest

from simulation.entropy import SeededEntropy, Tape, TapeEntropy
from simulation.faults import STORMY, FaultKind
from simulation.injection import Faults, Heard, stream_name
from simulation.scheduler import Scheduler
from simulation.shrink_faults import Strike, early_strikes, followed, spared, strikes, with_strikes
from simulation.trace import Trace

DELAY = stream_name(FaultKind.DELAY)
GAP = stream_name(FaultKind.GAP)
MESSAGES = 600
SECOND = 1_000_000_000


def struck(tape: Tape, kind: FaultKind) -> list[tuple[int, int]]:
    """(number of the message, how long it was delayed) of what a run of 600 messages strikes."""
    heard: Heard = []
    entropy = TapeEntropy(tape)
    faults = Faults(STORMY, entropy, Scheduler(0), Trace(False), 60 * SECOND, heard=heard)
    hits = []
    for number in range(MESSAGES):
        if faults.fires(kind, "channel"):
            hits.append((number, faults.amount_ns(kind, 0, 10**6)))
    assert heard == [(kind, "channel", 0)] * MESSAGES
    assert not entropy.mismatches
    return hits


def drawn_run(seed: int) -> Tape:
    """The tape of such a run in which delays are on."""
    entropy = SeededEntropy(seed, keep_tape=True)
    faults = Faults(STORMY, entropy, Scheduler(0), Trace(False), 60 * SECOND)
    for _ in range(MESSAGES):
        if faults.fires(FaultKind.DELAY, "channel"):
            faults.amount_ns(FaultKind.DELAY, 0, 10**6)
    tape = entropy.tape or {}
    return {name: tape[name] for name in ("faults.swarm", DELAY)}


SEEDS = [
    seed
    for seed in range(40)
    if FaultKind.DELAY
    in Faults(STORMY, SeededEntropy(seed), Scheduler(0), Trace(False), 60 * SECOND).kinds_on
]


@pytest.mark.parametrize("seed", SEEDS)
def test_strikes_of_a_tape_are_the_messages_that_its_run_strikes(seed: int) -> None:
    tape = drawn_run(seed)
    hits = struck(tape, FaultKind.DELAY)
    found = [(each.message, each.drawn[0][2]) for each in strikes(tape) if each.drawn]
    assert found == hits
    assert len(hits) > 4


@pytest.mark.parametrize("seed", SEEDS)
def test_a_spared_message_leaves_every_other_strike_where_it_was(seed: int) -> None:
    tape = drawn_run(seed)
    hits = struck(tape, FaultKind.DELAY)
    for gone in strikes(tape)[: len(hits)]:
        left = [hit for hit in hits if hit[0] != gone.message]
        assert struck(spared(tape, [gone]), FaultKind.DELAY) == left


def test_a_strike_can_be_put_on_any_message() -> None:
    tape = drawn_run(SEEDS[0])
    drawn = (("amount_ns", 10**6 + 1, 77),)
    for message in range(0, 200):
        alone = with_strikes(tape, [Strike(DELAY, message, drawn)])
        assert struck(alone, FaultKind.DELAY) == [(message, 77)]


def test_early_strikes_are_one_each_of_each_kind_with_its_largest_draw() -> None:
    tape: Tape = {
        DELAY: [("strikes", 60, 9), ("amount_ns", 50, 3), ("strikes", 60, 9), ("amount_ns", 50, 8)],
        GAP: [("strikes", 300, 4)],
    }
    made = [strikes(each) for each in early_strikes(tape, 3)]
    drawn = (("amount_ns", 50, 8),)
    assert made == [
        *([Strike(DELAY, number, drawn)] for number in range(3)),
        *([Strike(GAP, number)] for number in range(3)),
    ]


def test_a_strike_follows_its_message_to_the_nearest_of_the_same_channel() -> None:
    tape: Tape = {GAP: [("strikes", 300, 297)]}  # the third message
    before = {GAP: [("book", 10), ("book", 20), ("user", 30), ("book", 40)]}
    now = {GAP: [("user", 5), ("book", 29), ("book", 30), ("book", 31), ("user", 33)]}
    assert [strikes(each) for each in followed(tape, before, now)] == [
        [Strike(GAP, 4)],
        [Strike(GAP, 0)],
    ]


def test_where_its_channel_is_silent_a_strike_keeps_its_number() -> None:
    tape: Tape = {GAP: [("strikes", 300, 297)]}
    before = {GAP: [("book", 10), ("book", 20), ("user", 30)]}
    assert list(followed(tape, before, {GAP: [("book", 30)]})) == [
        tape | {GAP: [("strikes", 300, 297), ("strikes", 300, 0)]}
    ]


def test_a_tape_without_strikes_has_nothing_to_follow() -> None:
    assert list(followed({"market": [("move", 9, 3)]}, {}, {})) == []
