"""What a run's trace leaves out, kept for who looks at one run: the wire, and both sides' ledgers.

The trace holds what decides a digest. A logbook stands beside it and never in it: every message
between the client and a venue with its fate, everything that became of our orders at the venue,
and what kernel and venue each hold to be so, noted where it changes. `simulation.scribe` fills
one in; a run without one does nothing for it.
"""

import msgspec

from engine.model.fixed import FIXED_PRECISION, UNITS

# What is held to be so of one subject. Of an order: side, status, quantity, filled, price, trigger
# price; of a position: signed quantity; of a balance: total, locked. Numbers are decimal text
# without trailing zeros, so that both sides write the same one alike; "" is none.
Standing = tuple[str, ...]

ORDER, POSITION, BALANCE = "order", "position", "balance"


class Entry(msgspec.Struct):
    """One thing that happened outside the kernel.

    Attributes:
        after: how many records the trace held before it.
        sort: "request", "stream" or "venue".
        venue: at or with which.
        kind: of a venue's entry, what became of the order: ACCEPTED, FILL and so on; of a
            stream's, "closed" where our end heard of its end; else "".
        body: the message as it was sent, MessagePack.
        to_us: the venue sent it.
        connection: its ordinal; 0 for a request.
        arrived_ns: when it reached the other end; 0: never.
        status, answer: of a request, what the venue answered; 0: nothing.
        ended_ns: when the answer reached us; 0: never.
        note: how it ended, where that is not plain: "refused", "spoiled", why it was closed.
        faults: numbers of the trace records of the faults that struck while it was handled.
    """

    after: int
    ts: int
    sort: str
    venue: str
    kind: str = ""
    body: bytes = b""
    to_us: bool = False
    connection: int = 0
    arrived_ns: int = 0
    status: int = 0
    answer: bytes = b""
    ended_ns: int = 0
    note: str = ""
    faults: list[int] = []


class Change(msgspec.Struct, frozen=True):
    """From here on, kernel (belief) or venue (truth) holds something else of a subject.

    Attributes:
        record: the trace record that it stands behind; 0: before the first.
        entry: index of the entry that made it so; -1: that record itself.
        is_truth: the venue's word; else the kernel's.
        sort: ORDER, POSITION or BALANCE.
        subject: client order id, instrument id, or account and currency.
    """

    record: int
    entry: int
    is_truth: bool
    sort: str
    subject: str
    standing: Standing


class Log(msgspec.Struct, frozen=True):
    """A whole logbook.

    Attributes:
        start_ns: the run's first instant.
        sentence: what the broken property says; "" where none broke.
        precisions: decimals of the mantissas on the wire: by "VENUE SYMBOL" those of prices and
            sizes, by "VENUE CURRENCY" those of money.
        entries: in the order they happened.
        changes: likewise.
    """

    start_ns: int
    sentence: str
    precisions: dict[str, tuple[int, ...]]
    entries: list[Entry]
    changes: list[Change]


def plain(raw: int | None) -> str:
    """A raw integer (units of 1e-16) as exact decimal text."""
    if raw is None:
        return ""
    whole, fraction = divmod(abs(raw), UNITS[0])
    digits = f"{fraction:0{FIXED_PRECISION}d}".rstrip("0")
    return f"{'-' if raw < 0 else ''}{whole}{'.' if digits else ''}{digits}"
