"""Messages the execution engine sends to itself, so that each step is a unit of its own.

An answer of the venue can mean several events. Each goes through `ExecEngine.process` as its own
unit, applied and published before the next; what depends on all of them comes last, as one of
these.
"""

from enum import IntEnum

import msgspec

from engine.model.identifiers import ClientId
from engine.model.reports import OrderAnswer


class OrderAnswered(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=True):
    """The reports that `answer` gave rise to are applied: judge what it proves.

    `sequence` is the query's: requests with a higher one were made after it.
    """

    answer: OrderAnswer
    sequence: int


class Stage(IntEnum):
    """What a reconcile pass does next, now that everything it heard so far is applied."""

    COMPARE = 1  # the venue's open orders with the cache, for the fills are in
    INVESTIGATE = 2  # ask about each order that the open orders do not explain
    END = 3


class PassStep(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=True):
    client_id: ClientId
    pass_number: int
    stage: Stage
