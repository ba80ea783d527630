"""Edits on tapes leave the tape they are given alone, and simplify."""

import pytest

from simulation.entropy import Tape, TapeEntropy
from simulation.tapes import (
    deviations,
    places,
    relabelled,
    shown,
    trimmed,
    weight,
    with_values,
    without_streams,
    zeroed,
)


@pytest.fixture
def tape() -> Tape:
    return {
        "a": [("x", 10, 7), ("y", 2, 0), ("z", 5, 1), ("y", 2, 0)],
        "b": [("x", 10, 0)],
        "c": [("x", 10, 3)],
    }


def test_a_deviation_is_a_choice_that_is_not_zero(tape: Tape) -> None:
    assert deviations(tape) == 3
    assert places(tape) == [("a", 0), ("a", 2), ("c", 0)]
    assert next(iter(shown(tape))) == "a[0] x = 7 of 10"
    assert deviations({}) == 0


def test_a_trimmed_tape_gives_the_same_answers_in_fewer_words(tape: Tape) -> None:
    short = trimmed(tape)
    assert short == {"a": tape["a"][:3], "c": tape["c"]}
    whole, less = TapeEntropy(tape), TapeEntropy(short)
    for name, choices in tape.items():
        for label, bound, value in choices:
            assert whole.stream(name).below(bound, label) == value
            assert less.stream(name).below(bound, label) == value


def test_zeroing_takes_choices_away_and_leaves_the_given_tape_alone(tape: Tape) -> None:
    before = {name: list(choices) for name, choices in tape.items()}
    assert deviations(zeroed(tape, [("a", 0), ("c", 0)])) == 1
    assert with_values(tape, {("a", 0): 9})["a"][0] == ("x", 10, 9)
    assert without_streams(tape, ["a"]) == {"b": tape["b"], "c": tape["c"]}
    assert tape == before


def test_a_place_that_the_tape_does_not_have_is_passed_over(tape: Tape) -> None:
    assert zeroed(tape, [("a", 99), ("nobody", 0)]) == tape


def test_fewer_deviations_weigh_less_than_shorter_tapes_and_smaller_values() -> None:
    one_large = {"a": [("x", 1 << 60, 1 << 59)] + [("x", 2, 0)] * 9}
    two_small = {"a": [("x", 2, 1), ("x", 2, 1)]}
    assert weight(one_large) < weight(two_small)
    assert weight({"a": [("x", 9, 8)]}) < weight({"a": [("x", 9, 1), ("x", 9, 0)]})
    assert weight({"a": [("x", 9, 1)]}) < weight({"a": [("x", 9, 8)]})


def test_a_question_with_fewer_answers_is_answered_anew_and_with_one_answer_not_asked() -> None:
    tape = {"w": [("gap", 9, 4), ("which", 3, 2), ("size", 5, 1)], "other": [("which", 3, 2)]}

    def is_w(name: str) -> bool:
        return name == "w"

    two = relabelled(tape, is_w, "which", {0: 0, 2: 1})
    assert two["w"] == [("gap", 9, 4), ("which", 2, 1), ("size", 5, 1)]
    assert two["other"] == tape["other"]
    assert relabelled(tape, is_w, "which", {2: 0})["w"] == [("gap", 9, 4), ("size", 5, 1)]
    assert relabelled(tape, is_w, "which", {0: 0})["w"] == [("gap", 9, 4)]


def test_a_kept_tape_is_what_was_asked_and_answered() -> None:
    entropy = TapeEntropy({"a": [("x", 10, 7), ("y", 10, 9)]}, keep_tape=True)
    stream = entropy.stream("a")
    answers = [stream.below(10, "x"), stream.below(5, "y"), stream.below(10, "z")]
    assert answers == [7, 0, 0]
    assert entropy.tape == {"a": [("x", 10, 7), ("y", 5, 0), ("z", 10, 0)]}
