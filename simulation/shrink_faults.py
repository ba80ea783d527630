"""Which messages the faults struck, changed on a tape (`simulation.injection` draws it).

The stream of a kind that strikes messages is a row of windows. Each begins with the choice which
of its messages is struck, 0 for none; what a strike draws (how long, which way) follows it. So a
message is spared by a zero and by taking out what its strike drew: else the next window would read
that, and every later strike of the kind would hit another message.

A strike is a number, so whatever else goes from a run makes it hit something else: one order less,
and there are five messages less before it. `followed` gives it the number that its message has now.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final

import msgspec

from simulation.entropy import Tape
from simulation.tapes import without_streams

Choice = tuple[str, int, int]
Heard = Mapping[str, Sequence[tuple[str, int]]]  # by stream: each message's channel, and when

_STRIKES: Final = "strikes"


class Strike(msgspec.Struct, frozen=True):
    """One message that is struck.

    Attributes:
        name: of the kind's stream.
        message: its number among all that the kind could strike, from 0.
        drawn: what the strike itself drew.
    """

    name: str
    message: int
    drawn: tuple[Choice, ...] = ()


def strikes(tape: Tape) -> list[Strike]:
    """Every strike, by stream in the tape's order, each in the order of its messages."""
    return [strike for name in tape for strike in _strikes_of(name, tape[name])]


def with_strikes(tape: Tape, some: Collection[Strike]) -> Tape:
    """The tape with these strikes and no others. Of two in one window the first one holds."""
    edited = dict(tape)
    for name in dict.fromkeys(strike.name for strike in strikes(tape)):
        _, bound, _ = tape[name][0]
        edited[name] = _laid_out([each for each in some if each.name == name], bound)
    return edited


def spared(tape: Tape, some: Collection[Strike]) -> Tape:
    """The tape without these strikes: all others hit what they hit."""
    return with_strikes(tape, [strike for strike in strikes(tape) if strike not in some])


def early_strikes(tape: Tape, messages: int) -> Iterator[Tape]:
    """The tape with one strike alone: of each kind in turn, at each of its first messages, with
    what the largest of its strikes drew."""
    found = strikes(tape)
    names = list(dict.fromkeys(strike.name for strike in found))
    for name in names:
        others = without_streams(tape, [other for other in names if other != name])
        drawn = max((each.drawn for each in found if each.name == name), key=_size)
        for message in range(messages):
            yield with_strikes(others, [Strike(name, message, drawn)])


def followed(tape: Tape, before: Heard, now: Heard) -> Iterator[Tape]:
    """The tape with its strikes at the messages that they struck before: the same channel, the
    nearest in time. Then with one of them at the next nearest, and so on.

    Args:
        before: what was heard when they struck what they are to strike.
        now: what was heard in the run of this tape.
    """
    found = strikes(tape)
    near = [_nearest(strike, before, now) for strike in found]
    best = [messages[0] for messages in near]
    for rank in range(max((len(messages) for messages in near), default=0)):
        for at, messages in enumerate(near):
            if rank < len(messages) and (rank or not at):
                places = [*best[:at], messages[rank], *best[at + 1 :]]
                yield with_strikes(
                    tape,
                    [
                        Strike(strike.name, message, strike.drawn)
                        for strike, message in zip(found, places, strict=True)
                    ],
                )


def _nearest(strike: Strike, before: Heard, now: Heard) -> list[int]:
    """The messages of the strike's channel, by how near they are to it in time; its own number
    where there are none, or where it struck nothing."""
    heard = before.get(strike.name, ())
    if strike.message >= len(heard):
        return [strike.message]
    where, at_ns = heard[strike.message]
    ranked = sorted(
        (abs(other_ns - at_ns), message)
        for message, (channel, other_ns) in enumerate(now.get(strike.name, ()))
        if channel == where
    )
    return [message for _, message in ranked] or [strike.message]


def _strikes_of(name: str, choices: Sequence[Choice]) -> list[Strike]:
    if not choices or choices[0][0] != _STRIKES:
        return []
    messages: list[int] = []
    drawn: list[list[Choice]] = []
    owed: list[list[Choice]] = []  # strikes that may still draw
    window = -1
    for choice in choices:
        label, bound, value = choice
        if label != _STRIKES:
            if owed:
                owed[0].append(choice)
                del owed[:1]
            continue
        window += 1
        if value:
            # a window's last message is struck after the next window has begun
            messages.append(window * (bound - 1) + bound - 1 - value)
            drawn.append([])
            owed.append(drawn[-1])
    return [Strike(name, message, tuple(own)) for message, own in zip(messages, drawn, strict=True)]


def _laid_out(some: Sequence[Strike], bound: int) -> list[Choice]:
    """A stream with these strikes."""
    choices: list[Choice] = []
    late: tuple[Choice, ...] = ()
    size = bound - 1
    in_window = {strike.message // size: strike for strike in reversed(some)}
    for window in range(max(in_window, default=-1) + 2):
        strike = in_window.get(window)
        value = 0 if strike is None else size - strike.message % size
        choices.append((_STRIKES, bound, value))
        choices += late
        late = ()
        if strike is not None:
            if value == 1:
                late = strike.drawn
            else:
                choices += strike.drawn
    return choices


def _size(choices: Sequence[Choice]) -> int:
    return sum(value for _, _, value in choices)
