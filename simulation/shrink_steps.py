"""What a random trader did, made shorter on its tape (`simulation.workload` draws it).

Step n draws from a stream named by n, so steps can be moved by renaming streams. A step that
draws nothing but zeros rests, and the next one comes as soon as it can.
"""

import re
from collections.abc import Iterator
from typing import Final

from simulation.entropy import Tape
from simulation.tapes import trimmed
from simulation.workload import first_draws

_STEP: Final = re.compile(r"(?P<trader>workload\..+)\.(?:step\.(?P<number>[0-9]+)|start)")
_GAP: Final = "gap"
_ACTION: Final = "action"


def steps_of(tape: Tape) -> dict[str, list[int]]:
    """{trader: numbers of its steps that do something}, ascending."""
    busy: dict[str, list[int]] = {}
    for name in trimmed(tape):
        found = _STEP.fullmatch(name)
        if found is not None and found["number"] is not None:
            busy.setdefault(found["trader"], []).append(int(found["number"]))
    return {trader: sorted(numbers) for trader, numbers in busy.items()}


def moved(tape: Tape, trader: str, first: int, by: int) -> Tape:
    """The tape with the trader's steps from `first` on `by` steps later; earlier when negative,
    in the place of those before them."""
    edited: Tape = {}
    for name, choices in tape.items():
        found = _STEP.fullmatch(name)
        if found is None or found["trader"] != trader or found["number"] is None:
            edited[name] = choices
            continue
        number = int(found["number"])
        if number >= first:
            edited[f"{trader}.step.{number + by}"] = choices
        elif number < first + by or by >= 0:
            edited[name] = choices
    return edited


def without_rests(tape: Tape) -> Iterator[Tape]:
    """The tape without steps that rest: without all of them, then without those of one trader,
    then without those between two steps of one."""
    busy = steps_of(tape)
    every = tape
    for trader in busy:
        every = _packed(every, trader)
    yield every
    if len(busy) > 1:
        for trader in busy:
            yield _packed(tape, trader)
    for trader, numbers in busy.items():
        for before, number in zip([-1, *numbers], numbers, strict=False):
            if number - before > 1:
                yield moved(tape, trader, number, before + 1 - number)


def _packed(tape: Tape, trader: str) -> Tape:
    for place in range(len(steps_of(tape).get(trader, ()))):
        number = steps_of(tape)[trader][place]
        if place < number:
            tape = moved(tape, trader, number, place - number)
    return tape


def rests_for_gaps(tape: Tape, step_ms: int) -> Iterator[Tape]:
    """The tape with one drawn gap between two steps turned into so many steps that rest."""
    least = max(1, step_ms // 4)
    for name, choices in tape.items():
        found = _STEP.fullmatch(name)
        if found is None:
            continue
        after = 0 if found["number"] is None else int(found["number"]) + 1
        for index, (label, bound, value) in enumerate(choices):
            if label != _GAP or not value:
                continue
            dull = {**tape, name: [*choices[:index], (label, bound, 0), *choices[index + 1 :]]}
            for rests in dict.fromkeys((value // least, value // least + 1)):
                yield moved(dull, found["trader"], after, rests)


def plain_step(tape: Tape, name: str) -> Iterator[Tape]:
    """The tape with nothing drawn in one step but an action: each action in turn. None when the
    stream `name` is no step, or draws one thing alone already."""
    choices = tape.get(name, [])
    at = next((at for at, choice in enumerate(choices) if choice[0] == _ACTION), None)
    if at is None or not _STEP.fullmatch(name):
        return
    if sum(1 for choice in choices if choice[2]) < 2:
        return
    dull = [(label, bound, 0) for label, bound, _ in choices[:at]]
    label, bound, _ = choices[at]
    for draw in first_draws():
        yield {**tape, name: [*dull, (label, bound, draw)]}
