"""The search keeps the failure, takes everything else away, and does it the same way each time."""

from collections.abc import Callable

import msgspec
import pytest

from simulation.cut import Cut
from simulation.entropy import SeededEntropy, Stream, Tape, TapeEntropy
from simulation.outcome import Outcome, Verdict, same_failure
from simulation.scenarios import calm, default, instruments
from simulation.shrink_search import Search
from simulation.tapes import deviations, places, trimmed
from simulation.trials import Tried

SECOND = 1_000_000_000

Toy = Callable[[Callable[[str], Stream]], str]  # what a run breaks: a property's id, or ""


class Sea:
    """A run of forty draws on five streams; `toy` judges it. Counts what it is asked."""

    def __init__(self, toy: Toy) -> None:
        self.toy = toy
        self.asked: list[tuple[Cut, Tape]] = []

    def recorded(self, seed: int) -> Tape:
        entropy = SeededEntropy(seed, keep_tape=True)
        self.toy(entropy.stream)
        return entropy.tape or {}

    def attempt(self, cut: Cut, tape: Tape) -> Tried | None:
        self.asked.append((cut, tape))
        entropy = TapeEntropy(tape, keep_tape=True)
        broke = self.toy(entropy.stream)
        verdict = Verdict.VIOLATION if broke else Verdict.PASS
        outcome = Outcome("toy", 0, verdict, "", 0, "", broke)
        return Tried(outcome, entropy.tape or {}, 9 * SECOND)

    def search(self, tape: Tape, tries: int = 10_000) -> Search:
        first = self.attempt(Cut(), tape)
        assert first is not None
        done = Search(calm(), Cut(), first, self.attempt, lambda: len(self.asked) > tries)
        done.run()
        return done


def two_of_many(stream: Callable[[str], Stream]) -> str:
    """Breaks when two particular choices among forty are large."""
    drawn = {
        (name, index): stream(name).below(1_000, "x") for name in "abcde" for index in range(8)
    }
    if drawn["b", 3] > 500 and drawn["d", 6] > 20:
        return "TOY-1"
    return "TOY-2" if drawn["a", 0] == 1 else ""


def failing_seed(sea: Sea, wanted: str) -> Tape:
    for seed in range(200):
        tape = sea.recorded(seed)
        tried = sea.attempt(Cut(), tape)
        if tried is not None and tried.outcome.property_id == wanted:
            sea.asked.clear()
            return tape
    raise AssertionError("no seed fails")


def test_what_the_failure_does_not_need_goes_and_values_come_down() -> None:
    sea = Sea(two_of_many)
    found = sea.search(failing_seed(sea, "TOY-1"))
    assert places(found.best.tape) == [("b", 3), ("d", 6)]
    assert found.best.outcome.property_id == "TOY-1"
    assert found.best.tape["d"][6][2] == 32
    assert not found.ran_out


def test_nothing_is_tried_twice_and_the_same_is_found_again() -> None:
    sea, other = Sea(two_of_many), Sea(two_of_many)
    tape = failing_seed(sea, "TOY-1")
    one, two = sea.search(tape), other.search(tape)
    tried = [msgspec.msgpack.encode((cut, trimmed(each))) for cut, each in sea.asked[1:]]
    assert len(set(tried)) == len(tried)
    assert (one.best, one.cut) == (two.best, two.cut)
    assert sea.asked == other.asked


def test_two_choices_that_need_each_other_go_together() -> None:
    def equal(stream: Callable[[str], Stream]) -> str:
        one, two = stream("a").below(9, "x"), stream("b").below(9, "x")
        return "TOY-1" if one == two and stream("c").below(9, "x") else ""

    sea = Sea(equal)
    found = sea.search({"a": [("x", 9, 4)], "b": [("x", 9, 4)], "c": [("x", 9, 8)]})
    assert places(found.best.tape) == [("c", 0)]


def test_a_smaller_run_that_breaks_another_property_is_not_taken() -> None:
    def other_when_less(stream: Callable[[str], Stream]) -> str:
        return "TOY-1" if stream("a").below(9, "x") and stream("b").below(9, "x") else "TOY-2"

    found = Sea(other_when_less).search({"a": [("x", 9, 4)], "b": [("x", 9, 4)]})
    assert found.best.outcome.property_id == "TOY-1"
    assert deviations(found.best.tape) == 2


def test_a_spent_budget_ends_the_search_with_the_best_so_far() -> None:
    sea = Sea(two_of_many)
    tape = failing_seed(sea, "TOY-1")
    found = sea.search(tape, tries=16)
    assert found.ran_out
    assert len(sea.asked) == 17
    assert 2 < deviations(found.best.tape) < deviations(tape)


def test_a_try_that_takes_the_process_down_is_not_taken() -> None:
    sea = Sea(two_of_many)
    tape = failing_seed(sea, "TOY-1")
    first = sea.attempt(Cut(), tape)
    assert first is not None
    search = Search(calm(), Cut(), first, lambda _cut, _tape: None, lambda: False)
    search.run()
    assert search.best is first
    assert search.cut == Cut()


@pytest.mark.parametrize("make", [default, instruments])
def test_participants_that_the_failure_does_not_need_are_left_out(
    make: Callable[[], object],
) -> None:
    scenario = make()
    sea = Sea(lambda stream: "TOY-1" if stream("a").below(9, "x") else "")
    first = sea.attempt(Cut(), {"a": [("x", 9, 4)]})
    assert first is not None
    search = Search(scenario, Cut(), first, sea.attempt, lambda: False)  # type: ignore[arg-type]
    search.run()
    assert search.cut.traders == (1, 2)
    assert search.cut.stop_ns == first.elapsed_ns
    listed = 5 if make is instruments else 1
    assert len(search.cut.instruments) == listed - 1


def test_exceptions_are_one_failure_only_where_they_were_raised_at_one_place() -> None:
    def raised(line: int) -> Outcome:
        trace = f'Traceback:\n  File "kernel.py", line {line}, in turn\nValueError'
        return Outcome("toy", 0, Verdict.VIOLATION, "", 0, "", "KRN-1", traceback=trace)

    assert same_failure(raised(7), raised(7))
    assert not same_failure(raised(7), raised(8))


def test_a_fault_follows_its_message_when_what_came_before_it_goes() -> None:
    """Eight steps may each send three messages; the fault has to strike the last message of all."""

    def attempt(cut: Cut, tape: Tape) -> Tried | None:
        entropy = TapeEntropy(tape, keep_tape=True)
        busy = [
            number
            for number in range(8)
            if entropy.stream(f"workload.T.step.{number}").below(2, "action")
        ]
        heard = [("user", number) for number in busy for _ in range(3)] + [("end", 9)]
        value = entropy.stream("faults.gap").below(300, "strikes")
        broke = "TOY-1" if value == 299 - (len(heard) - 1) else ""
        verdict = Verdict.VIOLATION if broke else Verdict.PASS
        outcome = Outcome("toy", 0, verdict, "", 0, "", broke)
        return Tried(outcome, entropy.tape or {}, 9 * SECOND, {"faults.gap": heard})

    tape: Tape = {f"workload.T.step.{number}": [("action", 2, 1)] for number in range(8)}
    first = attempt(Cut(), tape | {"faults.gap": [("strikes", 300, 299 - 24)]})
    assert first is not None and first.outcome.property_id == "TOY-1"
    found = Search(calm(), Cut(), first, attempt, lambda: False)
    found.run()
    assert trimmed(found.best.tape) == {"faults.gap": [("strikes", 300, 299)]}
