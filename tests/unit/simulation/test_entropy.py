import hashlib
import struct

import pytest

from simulation.entropy import (
    EnumeratingEntropy,
    EnumerationDiverged,
    SeededEntropy,
    TapeEntropy,
)

PINNED = [372, 67, 71, 25, 716, 149]


def test_seeded_stream_is_a_function_of_seed_and_name_alone() -> None:
    one = SeededEntropy(7)
    other = SeededEntropy(7)
    other.stream("noise").below(1000, "n")
    draws = [one.stream("a").below(1_000_000, "d") for _ in range(20)]
    assert draws == [other.stream("a").below(1_000_000, "d") for _ in range(20)]
    assert draws != [one.stream("b").below(1_000_000, "d") for _ in range(20)]
    assert draws != [SeededEntropy(8).stream("a").below(1_000_000, "d") for _ in range(20)]


def test_seeded_stream_gives_the_same_numbers_on_every_python() -> None:
    stream = SeededEntropy(1).stream("pinned")
    assert [stream.below(1000, "d") for _ in range(6)] == PINNED


def test_stream_of_a_name_is_the_same_object_each_time() -> None:
    entropy = SeededEntropy(1)
    assert entropy.stream("a") is entropy.stream("a")


@pytest.mark.parametrize("bound", [2, 3, 7, 8, 1000, 1 << 70])
def test_below_stays_below_its_bound_and_reaches_both_ends(bound: int) -> None:
    stream = SeededEntropy(3).stream("s")
    draws = [stream.below(bound, "d") for _ in range(300)]
    assert all(0 <= draw < bound for draw in draws)
    if bound <= 8:
        assert set(draws) == set(range(bound))


def test_below_without_a_choice_draws_nothing() -> None:
    entropy = SeededEntropy(3, keep_tape=True)
    assert entropy.stream("s").below(1, "d") == 0
    assert entropy.tape == {"s": []}


@pytest.mark.parametrize("bound", [0, -1])
def test_below_without_any_answer_is_refused(bound: int) -> None:
    for entropy in (SeededEntropy(1), TapeEntropy({}), EnumeratingEntropy(3)):
        with pytest.raises(ValueError, match="at least one answer"):
            entropy.stream("s").below(bound, "d")


def test_chance_follows_its_odds() -> None:
    stream = SeededEntropy(5).stream("s")
    hits = sum(stream.chance(1, 4, "c") for _ in range(8000))
    assert 1800 < hits < 2200
    assert not any(stream.chance(0, 4, "c") for _ in range(50))
    assert all(stream.chance(4, 4, "c") for _ in range(50))


@pytest.mark.parametrize(("numerator", "denominator"), [(-1, 2), (1, 0)])
def test_chance_without_odds_is_refused(numerator: int, denominator: int) -> None:
    for entropy in (SeededEntropy(1), TapeEntropy({}), EnumeratingEntropy(3)):
        with pytest.raises(ValueError, match="no odds"):
            entropy.stream("s").chance(numerator, denominator, "c")


def _some_draws(entropy: SeededEntropy | TapeEntropy) -> list[object]:
    a, b = entropy.stream("a"), entropy.stream("b")
    return [a.below(10, "x"), b.chance(1, 3, "y"), a.below(99, "x"), b.below(4, "z")]


def test_tape_replays_what_was_recorded() -> None:
    seeded = SeededEntropy(11, keep_tape=True)
    drawn = _some_draws(seeded)
    assert seeded.tape is not None
    replayed = TapeEntropy(seeded.tape)
    assert _some_draws(replayed) == drawn
    assert replayed.mismatches == []


def test_tape_that_has_run_out_answers_zero() -> None:
    entropy = TapeEntropy({"a": [("x", 10, 7)]})
    stream = entropy.stream("a")
    assert [stream.below(10, "x"), stream.below(10, "x")] == [7, 0]
    assert entropy.stream("never recorded").below(10, "x") == 0
    assert not entropy.stream("never recorded").chance(1, 2, "c")
    assert entropy.mismatches == []


def test_tape_asked_for_something_else_answers_zero_and_says_so() -> None:
    entropy = TapeEntropy({"a": [("x", 10, 7), ("y", 10, 9), ("z", 10, 3)]})
    stream = entropy.stream("a")
    assert stream.below(10, "other") == 0
    assert stream.below(5, "y") == 0  # 9 is no answer to this question
    assert stream.below(5, "z") == 3  # another bound, but an answer
    assert [(name, index) for name, index, _, _ in entropy.mismatches] == [("a", 0), ("a", 1)]


def test_enumeration_makes_every_combination_once() -> None:
    entropy = EnumeratingEntropy(choices_max=8)
    seen = []
    while entropy.next_run():
        stream = entropy.stream("s")
        first = stream.below(3, "f")
        seen.append((first, stream.chance(1, 9, "c") if first == 1 else stream.below(2, "t")))
    assert seen == [(0, 0), (0, 1), (1, False), (1, True), (2, 0), (2, 1)]
    assert entropy.runs == 6


def test_enumeration_answers_zero_beyond_its_choices() -> None:
    entropy = EnumeratingEntropy(choices_max=1)
    seen = []
    while entropy.next_run():
        stream = entropy.stream("s")
        seen.append([stream.below(2, "a"), stream.below(2, "b")])
    assert seen == [[0, 0], [1, 0]]


def test_enumeration_of_a_run_that_asks_differently_is_refused() -> None:
    entropy = EnumeratingEntropy(choices_max=4)
    assert entropy.next_run()
    entropy.stream("s").below(3, "a")
    entropy.stream("s").below(2, "b")
    assert entropy.next_run()
    with pytest.raises(EnumerationDiverged):
        entropy.stream("s").below(4, "a")


@pytest.mark.parametrize("bound", [2, 1_000, (1 << 30) + 1, (1 << 32) + 7, 1 << 40])
def test_a_draw_is_the_words_share_of_its_bound(bound: int) -> None:
    digests = (hashlib.blake2b(f"7/some/{block}".encode()).digest() for block in range(5))
    words = [word for digest in digests for word in reversed(struct.unpack("<8Q", digest))]
    stream = SeededEntropy(7).stream("some")
    assert [stream.below(bound, "d") for _ in words] == [word * bound >> 64 for word in words]
