"""Changes that leave an input's shape as it is, beside the fuzzer's own, which know no shape.

A mutator takes an input, its greatest length and a seed, and depends on nothing else.
"""

import random
import re
from collections.abc import Callable
from typing import Final

Mutator = Callable[[bytes, int, int], bytes]

_DIGITS: Final = re.compile(rb"[0-9]+")
_WIDTH_MAX: Final = 20  # digits of a number that is made


def change_a_number(data: bytes, length_max: int, seed: int) -> bytes:
    """One of the numbers in a text becomes another: a neighbour, a multiple, a round one, any."""
    found = [match.span() for match in _DIGITS.finditer(data)]
    if not found:
        return data[:length_max]
    chance = random.Random(seed)
    begin, end = found[chance.getrandbits(16) % len(found)]
    value = int(data[begin : min(end, begin + _WIDTH_MAX)])
    other = (
        value + 1,
        max(value - 1, 0),
        value * 2,
        value // 2,
        value * 10,
        value // 10,
        10 ** (chance.getrandbits(8) % _WIDTH_MAX),
        chance.getrandbits(1 + chance.getrandbits(6)),
    )[chance.getrandbits(3)]
    return (data[:begin] + str(other).encode() + data[end:])[:length_max]


def change_records(
    records: list[tuple[bytes, bytes]], keys: list[bytes], seed: int
) -> list[tuple[bytes, bytes]]:
    """Some of the records of a `BytesEntropy` change; the others, and so the choices of all other
    streams, stay.

    Args:
        records: (key, choices).
        keys: those that a new record may have.
    """
    chance = random.Random(seed)
    pick = chance.getrandbits
    changed = list(records)
    for _ in range(1 + pick(2)):
        way = pick(3)
        if way == 0 or not changed:  # a stream that chose nothing so far
            changed.append((keys[pick(16) % len(keys)], chance.randbytes(1 + pick(4))))
            continue
        at = pick(16) % len(changed)
        key, choices = changed[at]
        if way == 1:
            del changed[at]
        elif way == 2:
            changed[at] = (key, choices + chance.randbytes(1 + pick(3)))
        elif way == 3:
            changed[at] = (key, choices[: pick(8) % (len(choices) + 1)])
        elif way == 4:  # a stream that chooses all anew
            changed[at] = (key, chance.randbytes(max(1, len(choices))))
        elif choices:
            place = pick(16) % len(choices)
            changed[at] = (key, choices[:place] + chance.randbytes(1) + choices[place + 1 :])
    return changed
