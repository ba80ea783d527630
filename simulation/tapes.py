"""Edits on tapes. None of them changes the tape that it is given.

A *deviation* is a choice that is not zero. A tape says nothing by its trailing zeros and by a
stream of zeros alone: past its end a tape answers zero.
"""

from collections.abc import Callable, Collection, Iterator, Mapping

from simulation.entropy import Tape

Place = tuple[str, int]  # (stream, index) of a choice


def deviations(tape: Tape) -> int:
    """How many choices are not zero."""
    return sum(1 for choices in tape.values() for _, _, value in choices if value)


def places(tape: Tape) -> list[Place]:
    """Where they are, by stream in the tape's order, each in draw order."""
    return [
        (name, index)
        for name, choices in tape.items()
        for index, (_, _, value) in enumerate(choices)
        if value
    ]


def shown(tape: Tape) -> Iterator[str]:
    """A line per deviation: STREAM LABEL = VALUE of BOUND."""
    for name, index in places(tape):
        label, bound, value = tape[name][index]
        yield f"{name}[{index}] {label} = {value} of {bound}"


def weight(tape: Tape) -> tuple[int, int, int]:
    """What the smaller of two tapes has less of: deviations, then choices, then values.

    A value counts by its length in bits: a thousandth less of one delay is no simplification.
    """
    size = values = 0
    for choices in tape.values():
        size += len(choices)
        for _, _, value in choices:
            values += value.bit_length()
    return deviations(tape), size, values


def trimmed(tape: Tape) -> Tape:
    """The same answers in fewer words."""
    short: Tape = {}
    for name, choices in tape.items():
        end = len(choices)
        while end and not choices[end - 1][2]:
            end -= 1
        if end:
            short[name] = choices[:end]
    return short


def with_values(tape: Tape, values: Mapping[Place, int]) -> Tape:
    """The tape with other answers at some places; those it does not have are passed over."""
    edited = dict(tape)
    for (name, index), value in values.items():
        choices = edited.get(name)
        if choices is None or index >= len(choices):
            continue
        if choices is tape.get(name):
            choices = edited[name] = list(choices)
        label, bound, _ = choices[index]
        choices[index] = (label, bound, value)
    return edited


def zeroed(tape: Tape, some: Collection[Place]) -> Tape:
    return with_values(tape, dict.fromkeys(some, 0))


def without_streams(tape: Tape, some: Collection[str]) -> Tape:
    return {name: choices for name, choices in tape.items() if name not in some}


def relabelled(
    tape: Tape, stream: Callable[[str], bool], label: str, answers: Mapping[int, int]
) -> Tape:
    """The tape for a run that has fewer answers to one question.

    Args:
        stream: whose questions are meant.
        label: of the question.
        answers: old value -> new one, of those that are left. A choice with one answer left is
            none, and goes. A stream that chose what has gone is zero from there on.
    """
    edited: Tape = {}
    for name, choices in tape.items():
        if not stream(name):
            edited[name] = choices
            continue
        kept = edited[name] = []
        for asked, bound, value in choices:
            if asked != label:
                kept.append((asked, bound, value))
            elif value not in answers:
                break
            elif len(answers) > 1:
                kept.append((asked, len(answers), answers[value]))
    return edited
