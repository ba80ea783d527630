"""Trace and logbook as one sequence of rows, with what led to what.

Causes are found, not guessed: a turn whose instant is that of a message's arrival was brought by
it; a request carries the id of the command that asked for it; what a venue does at the instant of a
request's arrival it does for it; a fault names the message that was being handled.
"""

from collections.abc import Iterator, Mapping
from typing import Final, cast

import msgspec

from seatrial.timeline import words
from seatrial.timeline.reading import Named, Plain, Reader, readable, seconds
from simulation.faults import DESCRIPTIONS, FaultKind
from simulation.logbook import POSITION, Change, Entry, Log
from simulation.outcome import Outcome, Verdict
from simulation.trace import read_record

CALM, FAULT, LOST, BROKEN = range(4)  # how much a row matters

# fields that name something which other rows name too, and what that is
_IDS: Final[Mapping[str, str]] = {
    "client_order_id": "order",
    "opening_order_id": "order",
    "closing_order_id": "order",
    "venue_order_id": "venue order",
    "trade_id": "trade",
    "command_id": "request",
    "request_id": "request",
    "correlation_id": "request",
}
_MARKET: Final = ("QuoteFrame", "TradeFrame", "BookFrame", "DepthFrame", "InstrumentFrame")
_ACCOUNT: Final = ("OrderFrame", "FillFrame", "BalanceFrame", "SettlementFrame")
_MILLISECOND: Final = 1_000_000


class Row(msgspec.Struct):
    """One line of the timeline.

    Attributes:
        number: of the trace record; 0: it is of the logbook.
        at: nanoseconds since the start; `arrived`, `ended` likewise, -1 where they do not apply.
        weight: CALM, FAULT, LOST or BROKEN.
        body: what there is to read, as the reader gives it.
        ids: (what, name) of everything it names, each once.
        causes: indices of the rows that led to it.
    """

    number: int
    at: int
    lane: str
    kind: str
    text: str
    body: dict[str, Plain]
    ids: list[tuple[str, str]]
    weight: int = CALM
    arrived: int = -1
    ended: int = -1
    causes: list[int] = []


class Rows:
    """All rows of a run, in order.

    Attributes:
        rows: the sequence.
        at_record, at_entry: index of the row of a trace record (by number) and of an entry.
        lanes: names, top to bottom.
    """

    def __init__(self, records: list[bytes], log: Log, outcome: Outcome) -> None:
        self._reader = Reader(log.start_ns, log.precisions)
        self._log = log
        self._outcome = outcome
        self.rows: list[Row] = []
        self.at_record: dict[int, int] = {}
        self.at_entry: dict[int, int] = {}
        self._turns: dict[int, int] = {}  # turn -> row
        self._open: dict[str, Row] = {}  # connections
        entries = iter(enumerate(log.entries))
        pending = next(entries, None)
        while pending is not None and pending[1].after == 0:
            pending = self._add_entry(*pending, entries)
        for number, record in enumerate(records, 1):
            self._add_record(number, record)
            while pending is not None and pending[1].after <= number:
                pending = self._add_entry(*pending, entries)
        while pending is not None:  # what a turn sent that broke off
            pending = self._add_entry(*pending, entries)
        for row in self._open.values():
            row.ended = self.rows[-1].at
        self._find_causes()
        for change in log.changes:  # a record is also about what it moved
            self.rows[self.row_of(change)].ids.append((change.sort, change.subject))
        for row in self.rows:
            row.ids = list(dict.fromkeys(row.ids))
        self._name_the_subject()
        venues = dict.fromkeys(entry.venue for entry in log.entries)
        self.lanes = ["Verdict", "Faults", "Kernel"]
        for venue in venues:
            self.lanes += [f"{venue} {what}" for what in ("requests", *_STREAMS, "venue")]

    def row_of(self, change: Change) -> int:
        """The row that made kernel or venue hold something else."""
        if change.entry >= 0:
            return self.at_entry[change.entry]
        return self.at_record.get(change.record, 0)

    @property
    def types(self) -> Mapping[str, tuple[str, ...]]:
        return self._reader.types

    # --- trace records ---------------------------------------------------------------------

    def _add_record(self, number: int, record: bytes) -> None:
        kind, ts, payload = read_record(record)
        plain = cast("Plain", payload)
        at = ts - self._log.start_ns
        self.at_record[number] = len(self.rows)
        self.rows.append(self._record_row(number, at, kind, plain))

    def _record_row(self, number: int, at: int, kind: str, plain: Plain) -> Row:
        reader = self._reader
        if kind == "turn":
            fields = reader.named(reader.message(plain))
            heard = fields.get("input")
            name = str(heard[0]) if isinstance(heard, list) and heard else "turn"
            turn = fields.get("turn")
            if isinstance(turn, int):
                self._turns[turn] = len(self.rows)
            text = words.turn(fields, reader.named)
            body = {key: fields.get(key) for key in ("turn", "input", "facts", "commands")}
            return Row(number, at, "Kernel", name, text, body, self._ids(list(body.values())))
        parts = plain if isinstance(plain, list) else []
        if kind == "fault":
            name, where = (str(part) for part in parts)
            body = {"fault": name, "where": where, "means": DESCRIPTIONS[FaultKind[name]].means}
            text = f"{where} · {body['means']}"
            return Row(number, at, "Faults", name, text, body, [], FAULT)
        if kind == "heal":
            return Row(number, at, "Faults", "heal", "Faults end; the quiet begins", {}, [])
        if kind == "verdict":
            return self._verdict_row(number, at)
        host, connection = parts or ("", "")
        text = f"connection {connection} {'opened' if kind == 'connect' else 'over'}"
        name = f"{host} {connection}"
        body = {"venue": host, "connection": connection}
        row = Row(number, at, f"{host} session", kind, text, body, [("connection", name)])
        if kind == "connect":
            self._open[name] = row
        elif name in self._open:
            self._open.pop(name).ended = at
        return row

    def _verdict_row(self, number: int, at: int) -> Row:
        outcome = self._outcome
        detail = readable(outcome.detail, self._log.start_ns)
        text = f"{outcome.subject}: {detail}" if outcome.subject else "no violation"
        body: dict[str, Plain] = {
            "verdict": str(outcome.verdict),
            "property": outcome.property_id,
            "sentence": self._log.sentence,
            "subject": outcome.subject,
            "detail": outcome.detail,
        }
        kind = f"{outcome.verdict} {outcome.property_id}".strip()
        weight = CALM if outcome.verdict is Verdict.PASS else BROKEN
        return Row(number, at, "Verdict", kind, text, body, [], weight)

    # --- the logbook's entries -------------------------------------------------------------

    def _add_entry(
        self, index: int, entry: Entry, rest: Iterator[tuple[int, Entry]]
    ) -> tuple[int, Entry] | None:
        self.at_entry[index] = len(self.rows)
        self.rows.append(self._entry_row(entry))
        return next(rest, None)

    def _entry_row(self, entry: Entry) -> Row:
        start_ns = self._log.start_ns
        message = self._wire(entry.body, entry.venue)
        kind = entry.kind or (str(message[0]) if isinstance(message, list) else "unreadable")
        body: dict[str, Plain] = {"message": message}
        if entry.answer:
            body["answer"] = self._wire(entry.answer, entry.venue)
        text = words.brief(message, self._reader.named)
        ids = self._ids(list(body.values()))
        if entry.connection:
            ids.append(("connection", f"{entry.venue} {entry.connection}"))
            body["connection"] = entry.connection
        row = Row(0, entry.ts - start_ns, "", kind, text, body, ids)
        if entry.sort == "venue":
            row.lane = f"{entry.venue} venue"
            return row
        if entry.kind == "closed":
            row.lane, row.text = f"{entry.venue} session", f"our end: {entry.note}"
            row.body = {"connection": entry.connection, "why": entry.note}
            return row
        row.arrived = entry.arrived_ns - start_ns if entry.arrived_ns else -1
        if entry.sort == "request":
            row.lane = f"{entry.venue} requests"
            row.ended = entry.ended_ns - start_ns if entry.ended_ns else -1
            fate, is_lost = _fate_of_request(entry)
        else:
            stream = "market" if kind in _MARKET else "account" if kind in _ACCOUNT else "session"
            row.lane = f"{entry.venue} {stream}"
            fate, is_lost = _fate_of_frame(entry)
        row.weight = LOST if is_lost else CALM
        said = (fate, text) if is_lost else (text, fate)
        row.text = " · ".join(part for part in said if part)
        body["fate"] = fate
        return row

    def _wire(self, body: bytes, venue: str) -> Plain:
        try:
            plain = msgspec.msgpack.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return body.hex()
        return self._reader.message(plain, venue)

    # --- ids and causes --------------------------------------------------------------------

    def _ids(self, parts: list[Plain]) -> list[tuple[str, str]]:
        found: dict[tuple[str, str], None] = {}
        self._gather(parts, found)
        return list(found)

    def _gather(self, value: Plain, found: dict[tuple[str, str], None]) -> None:
        if not isinstance(value, list):
            return
        fields: Named = self._reader.named(value)
        for field, item in fields.items():
            what = _IDS.get(field)
            if what is not None and isinstance(item, str) and item:
                found[(what, item)] = None
        for item in value:
            self._gather(item, found)

    def _find_causes(self) -> None:
        rows = self.rows
        arrivals: dict[int, int] = {}  # instant at our end -> row
        requests: dict[int, int] = {}  # instant at the venue -> row
        acts: dict[tuple[int, str, str], int] = {}  # instant, event, order or trade -> row
        asked: dict[str, int] = {}  # command id -> row of the turn that sends it
        for index, entry in enumerate(self._log.entries):
            at = self.at_entry[index]
            row = rows[at]
            if entry.sort == "request":
                arrivals[row.ended] = at
                requests[row.arrived] = at
            elif entry.sort == "stream" and entry.to_us and row.arrived >= 0:
                arrivals[row.arrived] = at
            row.causes = [self.at_record[number] for number in self._struck_by(entry)]
        for at in self.at_record.values():
            row = rows[at]
            if row.lane == "Kernel":
                came_by = arrivals.get(row.at)
                if came_by is not None and row.kind != "FireTimer":
                    row.causes = [came_by]
                for command in cast("list[Plain]", row.body.get("commands") or []):
                    asked[str(self._reader.named(command).get("command_id"))] = at
        for index, entry in enumerate(self._log.entries):
            at = self.at_entry[index]
            row = rows[at]
            if entry.sort == "request":
                senders = (asked.get(name) for what, name in row.ids if what == "request")
                row.causes += [sender for sender in senders if sender is not None][:1]
            elif entry.sort == "venue":
                request = requests.get(row.at)
                if request is not None:
                    row.causes.append(request)
                for _, name in row.ids:
                    acts[(row.at, row.kind, name)] = at
            elif entry.to_us:
                event = self._reader.named(row.body.get("message")).get("event")
                what, kind = ("order", str(event)) if event else ("trade", "FILL")
                found = (acts.get((row.at, kind, name)) for sort, name in row.ids if sort == what)
                row.causes += [act for act in found if act is not None][:1]
        self._blame(arrivals)

    def _struck_by(self, entry: Entry) -> Iterator[int]:
        """The faults that struck a message: of those that fired while it was handled, those of
        its own channel (a request also makes frames, and they have faults of their own)."""
        for number in entry.faults:
            at = self.at_record.get(number)
            if at is None or self.rows[at].lane != "Faults":
                continue
            where = str(self.rows[at].body.get("where"))
            of_request = where.endswith((".request", ".answer"))
            if of_request == (entry.sort == "request"):
                yield number

    def _blame(self, arrivals: Mapping[int, int]) -> None:
        """The verdict was found behind the turn that the outcome names. One that broke off left
        no record: then what it had heard is to blame."""
        if self.rows and self.rows[-1].lane == "Verdict":
            verdict = self.rows[-1]
            at = self._turns.get(self._outcome.turn, arrivals.get(verdict.at))
            verdict.causes = [] if at is None else [at]

    def _name_the_subject(self) -> None:
        """The verdict is about whatever other rows name so; a position is named by what it is of."""
        subject = self._outcome.subject
        if not subject or not self.rows:
            return
        for row in self.rows:
            for what, name in row.ids:
                if name == subject or (what == POSITION and subject.startswith(name)):
                    self.rows[-1].ids = [(what, name)]
                    return


_STREAMS: Final = ("account", "market", "session")


def _fate_of_request(entry: Entry) -> tuple[str, bool]:
    """(what became of it, whether that is a loss)."""
    if entry.note == "refused":
        return "connection refused", True
    if not entry.arrived_ns:
        return "not arrived", True
    if not entry.ended_ns:
        return (
            f"arrived after {_ms(entry.arrived_ns - entry.ts)}, answer {entry.status} not back",
            True,
        )
    took = _ms(entry.ended_ns - entry.ts)
    if entry.note:
        return f"answer {entry.status} came {entry.note} after {took}", True
    return f"{entry.status} after {took}", entry.status != 200


def _fate_of_frame(entry: Entry) -> tuple[str, bool]:
    if not entry.to_us:
        return "", False
    if not entry.arrived_ns:
        return "not arrived", True
    took = _ms(entry.arrived_ns - entry.ts)
    return (f"arrived {entry.note} after {took}", True) if entry.note else (took, False)


def _ms(ns: int) -> str:
    if ns >= 1000 * _MILLISECOND:
        return seconds(ns // _MILLISECOND * _MILLISECOND)[:-8] + " s"
    return f"{ns // _MILLISECOND}.{ns % _MILLISECOND // 100_000} ms"
