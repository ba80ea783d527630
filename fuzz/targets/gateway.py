"""Hostile requests and frames at the venue's door.

An input is a script. Each step is a byte that says what happens, and what that needs:

| Byte modulo 7 | Happens | Needs |
|---|---|---|
| 0 | a request | its length (1 byte) and its bytes |
| 1 | a frame of the client's stream | the same |
| 2 | bytes that the client would have to read as an answer or a frame | the same |
| 3 | time passes | 1 byte: so many bits of nanoseconds |
| 4, 5 | somebody else bids, offers | 1 byte: how many ticks from the middle; 1 byte: how many lots |
| 6 | somebody else trades | 1 byte: which side; 1 byte: how many lots |

The venue has one spot instrument and no faults, and starts anew with each input.
"""

from collections.abc import Callable, Mapping
from typing import Final

from fuzz.oracle import Wrong, agree
from simulation.entropy import BytesEntropy
from simulation.faults import CALM
from simulation.injection import Faults
from simulation.scenarios import BTCUSDT
from simulation.scheduler import Scheduler
from simulation.trace import Trace
from simulation.venue.enums import BUY, SELL, AccountType, Code
from simulation.venue.exchange import Exchange
from simulation.venue.gateway import Gateway
from simulation.venue.ledger import AccountSpec
from simulation.venue.protocol import (
    BANNED,
    LATE,
    NOT_A_MESSAGE,
    OK,
    RATE_LIMITED,
    REFUSED,
    UNKNOWN_ORDER,
    AccountAnswer,
    AccountQuery,
    CancelAllRequest,
    CancelRequest,
    DepthQuery,
    Heartbeat,
    InstrumentsQuery,
    Login,
    ModifyRequest,
    OpenOrdersQuery,
    OrderQuery,
    Ping,
    Refusal,
    StreamSubscribe,
    StreamUnsubscribe,
    SubmitRequest,
    TradesQuery,
    decode_answer,
    decode_client_frame,
    decode_request,
    decode_venue_frame,
    encode,
)

_START_NS: Final = 1_700_000_000_000_000_000
_STATUSES: Final = (OK, REFUSED, UNKNOWN_ORDER, LATE, BANNED, RATE_LIMITED)  # without faults
_OPENING: Final = {"BTC": 100, "USDT": 10_000_000}
_UNIT: Final = 10**8  # both currencies have eight decimals, sizes five, prices two
_SIZE_UNIT: Final = 10**3
_COST_UNIT: Final = 10
_MIDDLE: Final = 1_000_000  # ticks
_LOT: Final = 100  # size increments
_SYMBOL: Final = "BTC/USDT"
_BITS_MAX: Final = 34  # up to nine seconds
_NEVER_NS: Final = 2 * _START_NS


class _Peer:
    """The client's end of a connection: it reads what it is sent."""

    id = 1

    def __init__(self) -> None:
        self.is_open = True

    def send(self, body: bytes) -> None:
        frame = decode_venue_frame(body)
        agree("a frame encoded again", encode(frame), body)

    def close(self) -> None:
        self.is_open = False


class _Door:
    """One venue and one connection."""

    def __init__(self) -> None:
        self.scheduler = Scheduler(_START_NS)
        spec = AccountSpec(AccountType.CASH, {code: str(n) for code, n in _OPENING.items()}, 1)
        self.exchange = Exchange("SIM", [BTCUSDT], spec, self._now, self.scheduler.post)
        entropy = BytesEntropy(b"")
        faults = Faults(CALM, entropy, self.scheduler, Trace(False), 1)
        self.gateway = Gateway(self.exchange, faults, entropy.stream("gateway.SIM"))
        self.book = self.exchange.books[_SYMBOL]
        self.peer = self._connect()

    def _now(self) -> int:
        return self.scheduler.now_ns

    def _connect(self) -> _Peer:
        peer = _Peer()
        self.gateway.on_connect(peer)
        return peer

    def request(self, body: bytes) -> None:
        exchange = self.exchange
        before = exchange.open_orders()
        status, answered = self.gateway.on_request(body)
        answer = decode_answer(answered)
        agree("an answer encoded again", encode(answer), answered)
        if status not in _STATUSES:
            raise Wrong(f"status {status} from a venue without faults")
        agree("status 200 and a good answer", status == OK, type(answer) is not Refusal)
        try:
            asked = decode_request(body)
        except NOT_A_MESSAGE:
            agree("bytes that are no request", status, REFUSED)
            agree("their refusal", getattr(answer, "code", ""), Code.MALFORMED)
            return
        agree("the request id", answer.request_id, asked.request_id)
        if status != OK:
            agree("open orders after a refusal", exchange.open_orders(), before)

    def frame(self, body: bytes) -> None:
        if not self.peer.is_open:
            self.peer = self._connect()
        self.gateway.on_frame(self.peer, body)
        try:
            decode_client_frame(body)
        except NOT_A_MESSAGE:
            agree("a connection that sent no message is open", self.peer.is_open, False)

    def wait(self, bits: int) -> None:
        scheduler = self.scheduler
        end_ns = scheduler.now_ns + (1 << bits % _BITS_MAX)
        due_ns = scheduler.next_ns()
        while due_ns is not None and due_ns <= end_ns:
            scheduler.step()
            due_ns = scheduler.next_ns()
        scheduler.now_ns = end_ns

    def quote(self, is_bid: bool, away: int, lots: int) -> None:
        side, ticks = (BUY, -1 - away) if is_bid else (SELL, 1 + away)
        self.exchange.floor.join(self.book, side, _MIDDLE + ticks, (1 + lots) * _LOT)
        self.exchange.floor.settle(self.book)

    def take(self, which: int, lots: int) -> None:
        side = SELL if which & 1 else BUY
        self.exchange.floor.hit(self.book, side, (1 + lots) * _LOT, None)
        self.exchange.floor.settle(self.book)

    def check_books(self) -> None:
        """Balances are what the opening ones and the trades make; orders and locks are sane."""
        exchange = self.exchange
        totals = {code: amount * _UNIT for code, amount in _OPENING.items()}
        filled: dict[str, int] = {}
        for trade in exchange.floor.trades:
            sign = 1 if trade.side == "BUY" else -1
            totals["BTC"] += sign * trade.quantity * _SIZE_UNIT
            totals["USDT"] -= sign * trade.quantity * trade.price * _COST_UNIT
            totals[trade.fee_currency] -= trade.fee
            coid = trade.client_order_id
            filled[coid] = filled.get(coid, 0) + trade.quantity
        for balance in exchange.ledger.balance_records():
            agree(f"balance in {balance.currency}", balance.total, totals[balance.currency])
            if not 0 <= balance.locked <= balance.total:
                raise Wrong(f"locked of {balance.currency}: {balance.locked} of {balance.total}")
        for coid, order in exchange.orders.items():
            record = order.record()
            agree(f"filled of {coid!r}", record.filled, filled.get(coid, 0))
            if record.filled > max(record.quantity, 0):  # a refused one may have less than none
                raise Wrong(f"{coid!r} filled {record.filled} of {record.quantity}")


def check(data: bytes) -> None:
    door = _Door()
    at = 0
    while at < len(data):
        step = data[at] % 7
        first = data[at + 1] if at + 1 < len(data) else 0
        if step <= 2:
            body = data[at + 2 : at + 2 + first]
            at += 2 + first
            (door.request, door.frame, _read_words)[step](body)
        elif step == 3:
            door.wait(first)
            at += 2
        else:
            second = data[at + 2] if at + 2 < len(data) else 0
            at += 3
            if step == 6:
                door.take(first, second)
            else:
                door.quote(step == 4, first, second)
    door.check_books()


def _read_words(body: bytes) -> None:
    """What one side reads it can write, and reads the same again."""
    _there_and_back(decode_answer, body)
    _there_and_back(decode_venue_frame, body)


def _there_and_back(decode: Callable[[bytes], object], body: bytes) -> None:
    try:
        message = decode(body)
    except NOT_A_MESSAGE:
        return
    agree("a message there and back", decode(encode(message)), message)


def seeds() -> Mapping[str, bytes]:
    limit = _submit("A-1", "BUY", "LIMIT", 300, _MIDDLE - 5)
    market = _submit("A-2", "BUY", "MARKET", 250, None)
    book = _quote(4, 3, 5) + _quote(5, 2, 4) + _quote(5, 6, 9)
    login = _frame(Login("key"))
    user = _frame(StreamSubscribe("user", "")) + _frame(StreamSubscribe("quotes", _SYMBOL))
    cancel = _request(CancelRequest("key", "r-9", _NEVER_NS, _SYMBOL, "A-1"))
    modify = _request(ModifyRequest("key", "r-8", _NEVER_NS, _SYMBOL, "A-1", 200, None, None))
    stop = _submit("A-3", "SELL", "STOP_MARKET", 100, None, trigger=_MIDDLE - 3)
    return {
        "limit": book + limit,
        "limit-cancelled": book + login + user + limit + cancel,
        "limit-modified": book + limit + modify,
        "market": book + login + user + market + b"\x03\x1f",
        "stop-triggered": book + stop + _quote(6, 1, 5) + b"\x03\x1e",
        "cancel-all": limit + _request(CancelAllRequest("key", "r-7", _NEVER_NS, _SYMBOL, None)),
        "expired": book
        + _submit("A-4", "SELL", "LIMIT", 100, _MIDDLE + 9, tif="GTD")
        + 2 * b"\x03\x21",
        "fill-or-kill": book + _submit("A-5", "BUY", "LIMIT", 900, _MIDDLE + 3, tif="FOK"),
        "post-only": book + _submit("A-6", "BUY", "LIMIT", 100, _MIDDLE + 9, post_only=True),
        "off-grid": book + _submit("A-7", "BUY", "LIMIT", -1, _MIDDLE),
        "too-late": book + _request(CancelRequest("key", "r-6", 1, _SYMBOL, "A-1")),
        "no-key": _request(AccountQuery("", "r-5")),
        "queries": b"".join(
            _request(query)
            for query in (
                AccountQuery("key", "r-1"),
                DepthQuery("r-2", _SYMBOL),
                InstrumentsQuery("r-3"),
                OpenOrdersQuery("key", "r-4"),
                OrderQuery("key", "r-5", "A-1"),
                TradesQuery("key", "r-6", 0, 0, 10),
            )
        ),
        "not-logged-in": user,
        "unsubscribe": login + user + _frame(StreamUnsubscribe("quotes", _SYMBOL)) + b"\x03\x20",
        "ping": _frame(Ping(1)),
        "no-request": b"\x00\x03\x93\xa1A",
        "no-frame": login + b"\x01\x01\xc0",
        "answer": _step(2, encode(AccountAnswer("r-1", "SIM-001", "CASH", (), ()))),
        "heartbeat": _step(2, encode(Heartbeat(1))),
    }


def _submit(
    client_order_id: str,
    side: str,
    kind: str,
    quantity: int,
    price: int | None,
    trigger: int | None = None,
    tif: str = "GTC",
    post_only: bool = False,
) -> bytes:
    expire_ns = _START_NS + 10_000_000_000 if tif == "GTD" else 0
    return _request(
        SubmitRequest(
            "key",
            f"r-{client_order_id}",
            _NEVER_NS,
            client_order_id,
            _SYMBOL,
            side,
            kind,
            tif,
            quantity,
            price,
            trigger,
            expire_ns,
            post_only,
            False,
        )
    )


def _request(message: object) -> bytes:
    return _step(0, encode(message))


def _frame(message: object) -> bytes:
    return _step(1, encode(message))


def _step(what: int, body: bytes) -> bytes:
    return bytes((what, len(body))) + body


def _quote(what: int, away: int, lots: int) -> bytes:
    return bytes((what, away, lots))
