"""What a log can be asked, property by property: nothing is left out without a word."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

import msgspec


class Standing(StrEnum):
    """Whether a property can be judged from the records of a session alone."""

    JUDGED = "judged"
    IN_PART = "judged in part"
    NEEDS_LIMITS = "needs the limits"  # judged where the log's header names them
    NEEDS_TRUTH = "needs the venue's truth"
    NEEDS_BUS = "needs the bus"
    NEEDS_KERNEL = "needs the kernel"
    NEEDS_END = "needs a healed end"
    NEEDS_RUNS = "needs two runs"
    UNSAID = "nobody has said"  # a property that this table does not know


class Hook(StrEnum):
    """The calls of a check that a log can make."""

    TURN = "turn"
    EVERY_TURN = "every_turn"
    DELIVERED = "delivered"  # of the batch of a book that the turn began with
    END = "end"


class OnLog(msgspec.Struct, frozen=True):
    """What becomes of one property.

    Attributes:
        hooks: the calls of its check that are made.
        note: what is judged, or what is missing to judge it.
    """

    standing: Standing
    note: str
    hooks: tuple[Hook, ...] = ()


_J, _P, _L = Standing.JUDGED, Standing.IN_PART, Standing.NEEDS_LIMITS
_TURN, _END = (Hook.TURN,), (Hook.TURN, Hook.END)

UNSAID: Final = OnLog(Standing.UNSAID, "a property without a row in invariants/log_table.py")
ON_LOG: Final[Mapping[str, OnLog]] = {
    "FIL-1": OnLog(_P, "counted once, and told by a report; who heard of it needs the bus", _TURN),
    "FIL-2": OnLog(_P, "of the executions that a report told of", (Hook.END,)),
    "POS-1": OnLog(_P, "sums of fills, and every step as stated; not the venue's holding", _TURN),
    "POS-2": OnLog(_J, "every step of a fill through flat", _TURN),
    "ACC-1": OnLog(_J, "every account state", _TURN),
    "ACC-3": OnLog(Standing.NEEDS_TRUTH, "the venue's balances at the end"),
    "ORD-1": OnLog(_J, "every event of every order, folded twice", _TURN),
    "ORD-2": OnLog(_J, "every order, at each of its events and at the end", _END),
    "ORD-3": OnLog(_P, "ends, against what reports said of the order", _TURN),
    "ORD-4": OnLog(Standing.NEEDS_END, "a log may be cut anywhere"),
    "CCH-1": OnLog(Standing.NEEDS_KERNEL, "its cache"),
    "CCH-2": OnLog(Standing.NEEDS_KERNEL, "its cache"),
    "CCH-3": OnLog(Standing.NEEDS_BUS, "when a handler ran"),
    "BUS-1": OnLog(Standing.NEEDS_BUS, "who heard what"),
    "BUS-2": OnLog(Standing.NEEDS_BUS, "in which order it was heard"),
    "CLK-1": OnLog(_P, "stamps; what handlers saw needs the bus", (Hook.EVERY_TURN,)),
    "CLK-2": OnLog(Standing.NEEDS_KERNEL, "its timers"),
    "CLK-3": OnLog(_J, "every position that closed", _TURN),
    "BK-1": OnLog(_P, "which batches were refused; not the kernel's own book", _END),
    "BK-2": OnLog(_P, "the books that the inputs make", (Hook.DELIVERED, Hook.END)),
    "BK-3": OnLog(Standing.NEEDS_KERNEL, "its books by order"),
    "BAR-1": OnLog(Standing.NEEDS_BUS, "bars are told and no facts"),
    "BAR-2": OnLog(Standing.NEEDS_BUS, "bars are told and no facts"),
    "NET-1": OnLog(Standing.NEEDS_TRUTH, "the venue's subscriptions"),
    "NET-2": OnLog(_P, "how often each intention left; not how often it arrived", (Hook.END,)),
    "NET-3": OnLog(Standing.NEEDS_TRUTH, "what arrived at our end of the streams"),
    "NET-4": OnLog(_J, "every request that left", _END),
    "REC-1": OnLog(Standing.NEEDS_TRUTH, "the venue's orders at the end"),
    "REC-2": OnLog(_P, "against what reports said of the order", _END),
    "LIF-1": OnLog(_P, "who sends at rest; not the timers that it holds", _TURN),
    "LIF-3": OnLog(_P, "components; the kernel's own states are no facts", _TURN),
    "VAL-1": OnLog(_J, "every order that left and every part of a fill", _TURN),
    "VAL-2": OnLog(_J, "every order and every step of a position", _TURN),
    "KRN-1": OnLog(_P, "audits of faulted turns, which a journal has and a trace has not"),
    "KRN-2": OnLog(Standing.NEEDS_KERNEL, "what its clients were given, and when"),
    "DET-1": OnLog(Standing.NEEDS_RUNS, "the same seed twice"),
    "MAT-1": OnLog(Standing.NEEDS_TRUTH, "the venue's queues"),
    "MAT-2": OnLog(Standing.NEEDS_TRUTH, "the venue's trades in their order"),
    "POS-3": OnLog(_J, "every position and every cash account", _END),
    "POS-4": OnLog(_P, "owners of orders, commands and holdings; topics need the bus", _END),
    "POS-5": OnLog(Standing.NEEDS_KERNEL, "which position an order is for is in no record"),
    "ACC-2": OnLog(_P, "every account; of margin accounts at the default leverage", _TURN),
    "RSK-1": OnLog(_L, "every order and modify that left", _TURN),
    "RSK-2": OnLog(_L, "every order and modify that left", _TURN),
    "RSK-3": OnLog(_L, "every order that was made", _END),
    "ORD-5": OnLog(_J, "every order that was made", _TURN),
    "MAT-3": OnLog(Standing.NEEDS_TRUTH, "the venue's best prices as it traded"),
    "MAT-5": OnLog(Standing.NEEDS_TRUTH, "the venue's hours as it traded"),
    "NET-5": OnLog(Standing.NEEDS_KERNEL, "a log may begin after the connect"),
    "MDL-1": OnLog(Standing.NEEDS_KERNEL, "its orders, positions and accounts at the end"),
    "CCH-4": OnLog(Standing.NEEDS_KERNEL, "its cache"),
    "PRT-1": OnLog(Standing.NEEDS_KERNEL, "its portfolio"),
    "SER-1": OnLog(Standing.NEEDS_KERNEL, "what was read may be written otherwise"),
    "BUS-3": OnLog(Standing.NEEDS_BUS, "what was told of a turn's facts"),
    "ORD-6": OnLog(_J, "every report that became an event", _TURN),
    "RSK-4": OnLog(Standing.NEEDS_KERNEL, "what it knew when it turned something back"),
    "KRN-3": OnLog(Standing.NEEDS_KERNEL, "what it knew when it said so"),
    "LIF-4": OnLog(Standing.NEEDS_KERNEL, "its own states are no facts"),
    "NET-6": OnLog(Standing.NEEDS_TRUTH, "the venue's last word"),
    "CLK-4": OnLog(Standing.NEEDS_KERNEL, "its timers"),
    "POS-6": OnLog(Standing.NEEDS_KERNEL, "what a strategy asked for"),
}


def on_log(property_id: str, limits_known: bool) -> OnLog:
    """What becomes of a property; `limits_known`: the log names the configured limits."""
    entry = ON_LOG.get(property_id, UNSAID)
    if entry.standing is not Standing.NEEDS_LIMITS:
        return entry
    if limits_known:
        return OnLog(Standing.JUDGED, entry.note, entry.hooks)
    return OnLog(Standing.NEEDS_LIMITS, "the log's header does not name them")
