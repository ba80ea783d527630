"""What a venue remembers, shows of ten levels, and publishes when a definition changes."""

import pytest

from engine.model.currencies import BTC, USDT
from engine.model.identifiers import InstrumentId
from engine.model.instruments import CurrencyPair
from engine.model.values import Price, Quantity
from simulation.entropy import SeededEntropy
from simulation.faults import CALM, FaultKind
from simulation.injection import Faults
from simulation.scheduler import Scheduler
from simulation.trace import Trace
from simulation.venue import protocol as wire
from simulation.venue.enums import BUY, SELL, AccountType
from simulation.venue.exchange import Exchange
from simulation.venue.gateway import Gateway
from simulation.venue.history import REMEMBERED_MAX, History
from simulation.venue.ledger import AccountSpec
from simulation.venue.limits import Limits

START_NS = 1_700_000_000_000_000_000
SECOND = 10**9
SYMBOL = "BTC/USDT"


def pair(**changes):
    fields = {
        "id": InstrumentId(f"{SYMBOL}.SIM"),
        "base_currency": BTC,
        "quote_currency": USDT,
        "price_increment": Price("0.01"),
        "size_increment": Quantity("0.001"),
        "maker_fee": "0.0002",
        "taker_fee": "0.0004",
    }
    return CurrencyPair(**{**fields, **changes})


class Line:
    id = 1

    def __init__(self):
        self.frames = []

    def send(self, body):
        self.frames.append(wire.decode_venue_frame(body))

    def close(self):
        raise AssertionError("closed by the venue")

    def of(self, kind):
        return [frame for frame in self.frames if type(frame) is kind]


class Door:
    def __init__(self, remembers=True, page=500):
        self.scheduler = Scheduler(START_NS)
        entropy = SeededEntropy(7)
        self.faults = Faults(CALM, entropy, self.scheduler, Trace(False), 60 * SECOND)
        self.exchange = Exchange(
            "SIM",
            [pair()],
            AccountSpec(AccountType.CASH, {"BTC": "10", "USDT": "100000"}),
            lambda: self.scheduler.now_ns,
            self.scheduler.post,
        )
        history = History(self.exchange) if remembers else None
        limits = Limits(page=page)
        self.gateway = Gateway(
            self.exchange, self.faults, entropy.stream("venue"), limits, None, history
        )
        self.book = self.exchange.books[SYMBOL]

    def ask(self, channel=wire.CHANNEL_QUOTES, start=0, end=10**19 // 2, before=0, limit=100):
        query = wire.HistoryQuery("r", channel, SYMBOL, start, end, before, limit)
        status, body = self.gateway.on_request(wire.encode(query))
        return status, wire.decode_answer(body)

    def rest(self, side, price, size=10):
        self.exchange.floor.join(self.book, side, price, size)
        self.exchange.floor.settle(self.book)

    def busy(self, steps):
        """A better bid each second."""
        for step in range(steps):
            self.scheduler.now_ns += SECOND
            self.rest(BUY, 9_000 + step)

    def line(self, channel):
        line = Line()
        self.gateway.on_connect(line)
        for frame in (wire.Login("key"), wire.StreamSubscribe(channel, SYMBOL)):
            self.gateway.on_frame(line, wire.encode(frame))
        return line


# --- history -------------------------------------------------------------------------------


def test_a_range_holds_both_its_ends_ascending():
    door = Door()
    door.busy(6)
    status, answer = door.ask(start=START_NS + 2 * SECOND, end=START_NS + 4 * SECOND)
    assert status == 200
    assert [frame.bid for frame in answer.frames] == [9_001, 9_002, 9_003]
    assert [frame.seq for frame in answer.frames] == [2, 3, 4]
    assert not answer.more


def test_a_limit_gives_the_newest_and_says_that_there_is_more():
    door = Door()
    door.busy(6)
    _, answer = door.ask(limit=2)
    assert [frame.seq for frame in answer.frames] == [5, 6]
    assert answer.more
    _, older = door.ask(limit=10, before=5)
    assert [frame.seq for frame in older.frames] == [1, 2, 3, 4]
    assert not older.more


def test_no_page_is_longer_than_the_venue_allows():
    door = Door(page=3)
    door.busy(6)
    _, answer = door.ask(limit=100)
    assert len(answer.frames) == 3 and answer.more


def test_trades_and_book_changes_are_remembered_as_they_were_published():
    door = Door()
    line = door.line(wire.CHANNEL_BOOK)
    door.busy(3)
    door.rest(SELL, 9_000, 25)  # takes two bids and half of the third
    _, answer = door.ask(wire.CHANNEL_BOOK)
    assert [(f.update, f.bids, f.asks, f.ts) for f in answer.frames] == [
        (f.update, f.bids, f.asks, f.ts) for f in line.of(wire.BookFrame)
    ]
    _, answer = door.ask(wire.CHANNEL_TRADES)
    assert [(f.price, f.quantity, f.aggressor) for f in answer.frames] == [
        (9_002, 10, "SELL"),
        (9_001, 10, "SELL"),
        (9_000, 5, "SELL"),
    ]


def test_what_is_too_old_is_forgotten():
    door = Door()
    history = History(door.exchange)
    for number in range(REMEMBERED_MAX + 5):
        history.on_quote(SYMBOL, number, number + 1, 1, 1, START_NS + number)
    frames, more = history.page(wire.CHANNEL_QUOTES, SYMBOL, 0, 10**19, 0, 10**6)
    assert len(frames) == REMEMBERED_MAX and not more
    assert frames[0].seq == 6


@pytest.mark.parametrize(
    "question",
    [{"channel": "user"}, {"start": 5, "end": 4}, {"limit": 0}, {"before": -1}],
)
def test_a_question_without_sense_is_refused(question):
    status, answer = Door().ask(**question)
    assert status == 400
    assert answer.code in ("UNKNOWN_SYMBOL", "MALFORMED")


def test_a_venue_without_a_history_says_so():
    status, answer = Door(remembers=False).ask()
    assert (status, answer.code) == (400, "NO_HISTORY")


# --- ten levels ----------------------------------------------------------------------------


def test_a_depth_image_comes_on_subscription_and_when_one_of_ten_levels_changed():
    door = Door()
    for level in range(12):
        door.rest(BUY, 9_000 - level)
    line = door.line(wire.CHANNEL_DEPTH)
    (first,) = line.of(wire.DepthFrame)
    assert [price for price, _ in first.bids] == list(range(9_000, 8_990, -1))
    assert (first.asks, first.update, first.seq) == ((), door.book.update, 1)
    door.rest(BUY, 8_989)  # the twelfth level
    assert len(line.of(wire.DepthFrame)) == 1
    door.rest(BUY, 8_995)
    latest = line.of(wire.DepthFrame)[-1]
    assert (8_995, 20) in latest.bids
    assert (latest.update, latest.seq) == (door.book.update, 2)


def test_a_withheld_image_is_told_again_at_the_heartbeat():
    door = Door()
    door.rest(BUY, 9_000)
    line = door.line(wire.CHANNEL_DEPTH)
    door.faults.strike_next(FaultKind.GAP)
    door.rest(BUY, 9_001)
    assert len(line.of(wire.DepthFrame)) == 1
    door.scheduler.run_until(START_NS + 2 * SECOND)
    assert [frame.seq for frame in line.of(wire.DepthFrame)] == [1, 3]
    assert line.of(wire.DepthFrame)[-1].bids == ((9_001, 10), (9_000, 10))


# --- definitions ---------------------------------------------------------------------------


def test_a_definition_comes_on_subscription_and_when_it_is_amended():
    door = Door()
    line = door.line(wire.CHANNEL_INSTRUMENT)
    door.exchange.amend(pair(taker_fee="0.001", min_quantity=Quantity("0.010")))
    first, second = line.of(wire.InstrumentFrame)
    assert (first.instrument.taker_fee, first.instrument.min_quantity) == ("0.0004", "")
    assert (second.instrument.taker_fee, second.instrument.min_quantity) == ("0.001", "0.010")
    assert (first.seq, second.seq) == (1, 2)


def test_an_amended_definition_judges_and_charges_from_then_on():
    door = Door()
    door.rest(SELL, 10_000, 100)
    door.exchange.amend(pair(taker_fee="0.01", min_quantity=Quantity("0.010")))
    terms = ("BTC/USDT", "BUY", "MARKET", "GTC")
    with pytest.raises(Exception, match="QUANTITY_BELOW_MINIMUM"):
        door.exchange.submit("O-1", *terms, 9)
    door.exchange.submit("O-2", *terms, 10)
    (trade,) = door.exchange.floor.trades
    assert trade.fee == 10**8 // 100  # 1.00 at one per cent


@pytest.mark.parametrize(
    "change",
    [
        {"price_increment": Price("0.05")},
        {"size_increment": Quantity("0.010")},
        {"id": InstrumentId("ETH/USDT.SIM")},
        {"margin_init": "0.5"},
    ],
)
def test_what_would_upset_open_orders_cannot_be_amended(change):
    door = Door()
    before = door.book.listing.instrument
    with pytest.raises(ValueError, match=r"amended|listed"):
        door.exchange.amend(pair(**change))
    assert door.book.listing.instrument is before


# --- several cancels -----------------------------------------------------------------------


def test_each_cancel_of_a_batch_is_answered_as_if_it_had_come_alone():
    door = Door()
    for name in ("O-1", "O-2", "O-3"):
        door.exchange.submit(name, SYMBOL, "BUY", "LIMIT", "GTC", 10, 9_000)
    door.exchange.cancel(SYMBOL, "O-2")
    cancels = (("a", "O-1"), ("b", "O-2"), ("c", "O-9"), ("d", "O-3"))
    request = wire.BatchCancelRequest("key", "r", START_NS, SYMBOL, cancels)
    status, body = door.gateway.on_request(wire.encode(request))
    answer = wire.decode_answer(body)
    assert status == 200
    assert [part.request_id for part in answer.answers] == ["a", "b", "c", "d"]
    assert [getattr(part, "code", "done") for part in answer.answers] == [
        "done",
        "ORDER_CLOSED",
        "UNKNOWN_ORDER",
        "done",
    ]
    assert not door.exchange.floor.open
    (true,) = door.exchange.requests
    assert (true.kind, true.client_order_ids) == ("BATCH_CANCEL", ("O-1", "O-2", "O-9", "O-3"))


def test_too_long_a_batch_does_nothing():
    door = Door()
    door.exchange.submit("O-1", SYMBOL, "BUY", "LIMIT", "GTC", 10, 9_000)
    cancels = (("a", "O-1"),) * (wire.BATCH_MAX + 1)
    request = wire.BatchCancelRequest("key", "r", START_NS, SYMBOL, cancels)
    status, body = door.gateway.on_request(wire.encode(request))
    assert (status, wire.decode_answer(body).code) == (400, "MALFORMED")
    assert door.exchange.floor.open
