"""What is wrong with a book update, as a message."""

from enum import StrEnum

import msgspec


class BookFaultKind(StrEnum):
    TOO_MANY_LEVELS = "TOO_MANY_LEVELS"  # an L1 book with two prices on a side
    ORDERS_CROSSED = "ORDERS_CROSSED"  # best bid above best ask; a locked book is valid
    LADDER_BROKEN = "LADDER_BROKEN"  # our own two records of a side disagree: a bug of ours


class BookFault(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=True):
    kind: BookFaultKind
    detail: str
