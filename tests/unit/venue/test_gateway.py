"""The front door: statuses, streams, and bad habits that stay within their contract."""

import pytest

from engine.model.currencies import BTC, USDT
from engine.model.identifiers import InstrumentId
from engine.model.instruments import CurrencyPair
from engine.model.values import Price, Quantity
from invariants.truth import TrueSubscription
from simulation.entropy import SeededEntropy
from simulation.faults import CALM, FaultKind
from simulation.injection import Faults
from simulation.scheduler import Scheduler
from simulation.trace import Trace
from simulation.venue.enums import BUY, SELL, AccountType
from simulation.venue.exchange import Exchange
from simulation.venue.gateway import Gateway
from simulation.venue.ledger import AccountSpec
from simulation.venue.limits import Limits
from simulation.venue.protocol import (
    AccountQuery,
    BalanceFrame,
    BookFrame,
    CancelAllRequest,
    CancelRequest,
    DepthQuery,
    FillFrame,
    Heartbeat,
    InstrumentsQuery,
    LoggedIn,
    Login,
    LoginRefused,
    ModifyRequest,
    OpenOrdersQuery,
    OrderFrame,
    OrderQuery,
    Ping,
    Pong,
    QuoteFrame,
    StreamRefused,
    StreamSubscribe,
    StreamSubscribed,
    StreamUnsubscribe,
    StreamUnsubscribed,
    SubmitRequest,
    TradeFrame,
    TradesQuery,
    decode_answer,
    decode_venue_frame,
    encode,
)

START_NS = 1_700_000_000_000_000_000
SECOND_NS = 1_000_000_000
SYMBOL = "BTC/USDT"
INSTRUMENT = CurrencyPair(
    id=InstrumentId(f"{SYMBOL}.SIM"),
    base_currency=BTC,
    quote_currency=USDT,
    price_increment=Price("0.01"),
    size_increment=Quantity("0.001"),
    maker_fee="0.0002",
    taker_fee="0.0004",
)


class Line:
    """A peer of the venue that decodes what it is sent."""

    def __init__(self, number: int) -> None:
        self.id = number
        self.frames = []
        self.closed = False

    def send(self, body: bytes) -> None:
        self.frames.append(decode_venue_frame(body))

    def close(self) -> None:
        self.closed = True

    def of(self, kind):
        return [frame for frame in self.frames if type(frame) is kind]


class Door:
    def __init__(self, limits: Limits | None = None, key: str | None = None, seed: int = 7) -> None:
        self.scheduler = Scheduler(START_NS)
        entropy = SeededEntropy(seed)
        self.faults = Faults(CALM, entropy, self.scheduler, Trace(False), 60 * SECOND_NS)
        self.exchange = Exchange(
            "SIM",
            [INSTRUMENT],
            AccountSpec(AccountType.CASH, {"BTC": "10", "USDT": "100000"}),
            lambda: self.scheduler.now_ns,
            self.scheduler.post,
        )
        self.gateway = Gateway(self.exchange, self.faults, entropy.stream("venue"), limits, key)
        self.book = self.exchange.books[SYMBOL]
        self.requests = 0
        self.lines = 0

    def ask(self, request):
        status, body = self.gateway.on_request(encode(request))
        return status, decode_answer(body)

    def name(self) -> str:
        self.requests += 1
        return f"r-{self.requests}"

    def submit(self, coid="O-1", side="BUY", price=9_900, quantity=5, late=False, key="key"):
        deadline_ns = self.scheduler.now_ns - 1 if late else self.scheduler.now_ns
        type_ = "LIMIT" if price else "MARKET"
        return self.ask(
            SubmitRequest(
                key, self.name(), deadline_ns, coid, SYMBOL, side, type_, "GTC",
                quantity, price, None, 0, False, False,
            )
        )  # fmt: skip

    def cancel(self, coid="O-1"):
        return self.ask(CancelRequest("key", self.name(), self.scheduler.now_ns, SYMBOL, coid))

    def depth(self):
        return self.ask(DepthQuery(self.name(), SYMBOL))[1]

    def others(self, side, price, size):
        self.exchange.floor.join(self.book, side, price, size)
        self.exchange.floor.settle(self.book)

    def run(self, ns: int) -> None:
        self.scheduler.run_until(self.scheduler.now_ns + ns)

    def line(self, *channels: str, login: bool = True) -> Line:
        self.lines += 1
        line = Line(self.lines)
        self.gateway.on_connect(line)
        if login:
            self.frame(line, Login("key"))
        for channel in channels:
            self.frame(line, StreamSubscribe(channel, "" if channel == "user" else SYMBOL))
        return line

    def frame(self, line: Line, frame) -> None:
        self.gateway.on_frame(line, encode(frame))


# --- requests ------------------------------------------------------------------------------


def test_submit_modify_cancel_answer_with_the_order_as_it_stands() -> None:
    door = Door()
    status, answer = door.submit()
    assert (status, answer.order.status, answer.order.ts_accepted) == (200, "ACCEPTED", START_NS)
    request = ModifyRequest("key", "m", START_NS, SYMBOL, "O-1", 8, None, None)
    assert door.ask(request)[1].order.quantity == 8
    status, answer = door.cancel()
    assert (status, answer.order.status) == (200, "CANCELED")
    door.submit("O-2")
    assert door.ask(CancelAllRequest("key", "c", START_NS, SYMBOL, None))[1].canceled == 1


def test_business_refusal_is_400_with_its_code_and_unknown_order_404() -> None:
    door = Door()
    status, answer = door.submit(quantity=0)
    assert (status, answer.code) == (400, "QUANTITY_NOT_POSITIVE")
    status, answer = door.cancel("GHOST")
    assert (status, answer.code) == (404, "UNKNOWN_ORDER")


def test_request_after_its_deadline_is_refused_as_late_and_leaves_no_order() -> None:
    door = Door()
    status, answer = door.submit(late=True)
    assert (status, answer.code) == (408, "LATE")
    assert door.ask(OrderQuery("key", "q", "O-1"))[1].order is None


def test_unreadable_body_is_refused_without_effect() -> None:
    door = Door()
    for body in (b"", b"\xc1", encode(("Nonsense", 1)), encode(Login("key"))):
        status, answer = door.gateway.on_request(body)
        assert (status, decode_answer(answer).code) == (400, "MALFORMED")
    assert door.exchange.requests == []


def test_unknown_key_neither_acts_nor_logs_in() -> None:
    door = Door(key="right")
    status, answer = door.submit(key="wrong")
    assert (status, answer.code, door.exchange.orders) == (400, "INVALID_KEY", {})
    line = door.line("user")
    assert [type(frame) for frame in line.frames] == [LoginRefused, StreamRefused]


def test_queries_answer_orders_trades_account_and_instruments() -> None:
    door = Door()
    door.others(SELL, 10_000, 3)
    door.submit(price=10_000)
    answer = door.ask(OrderQuery("key", "q", "O-1"))[1]
    assert (answer.order.status, len(answer.trades)) == ("PARTIALLY_FILLED", 1)
    assert len(door.ask(OpenOrdersQuery("key", "q"))[1].orders) == 1
    trades = door.ask(TradesQuery("key", "q", 0, 0, 10))[1]
    assert ([trade.trade_no for trade in trades.trades], trades.more) == ([1], False)
    account = door.ask(AccountQuery("key", "q"))[1]
    assert (account.account, account.type) == ("SIM-001", "CASH")
    assert [(p.symbol, p.signed_quantity) for p in account.positions] == [(SYMBOL, 3)]
    (instrument,) = door.ask(InstrumentsQuery("q"))[1].instruments
    assert (instrument.kind, instrument.tick, instrument.step) == ("SPOT", "0.01", "0.001")
    assert (instrument.maker_fee, instrument.min_quantity) == ("0.0002", "")


def test_trades_page_is_limited_by_the_venue_whatever_is_asked() -> None:
    door = Door(Limits(page=2))
    door.submit(quantity=9)
    for _ in range(3):
        door.exchange.floor.hit(door.book, SELL, 3, None)
    answer = door.ask(TradesQuery("key", "q", 0, 0, 0))[1]
    assert (len(answer.trades), answer.more) == (2, True)


def test_request_log_says_what_arrived_and_whether_it_acted() -> None:
    door = Door()
    door.submit()
    door.submit()
    door.submit("O-2", late=True)
    door.cancel()
    door.depth()
    log = [(r.kind, r.client_order_id, r.acted) for r in door.exchange.truth().requests]
    assert log == [
        ("SUBMIT", "O-1", True),
        ("SUBMIT", "O-1", False),
        ("SUBMIT", "O-2", False),
        ("CANCEL", "O-1", True),
        ("QUERY", "", True),
    ]


# --- limits --------------------------------------------------------------------------------


def test_bucket_empties_refills_and_says_how_long_to_wait() -> None:
    door = Door(Limits(requests_per_second=10, burst=2))
    assert [door.submit(f"O-{n}")[0] for n in range(3)] == [200, 200, 429]
    status, answer = door.submit("O-9")
    assert (status, answer.code, answer.retry_after_ns) == (429, "RATE_LIMITED", SECOND_NS // 10)
    door.run(answer.retry_after_ns)
    assert door.submit("O-9")[0] == 200


def test_stubborn_client_is_banned_and_the_ban_ends() -> None:
    door = Door(Limits(requests_per_second=1, burst=1, ban_after=3, ban_ns=SECOND_NS))
    statuses = [door.submit(f"O-{n}")[0] for n in range(5)]
    assert statuses == [200, 429, 429, 418, 418]
    door.run(SECOND_NS)
    assert door.submit("O-9")[0] == 200


def test_ban_as_a_fault_lasts_at_most_five_seconds_and_healing_lifts_it() -> None:
    door = Door()
    door.faults.strike_next(FaultKind.RATE_LIMIT_BAN)
    status, answer = door.submit()
    assert (status, answer.code) == (418, "BANNED")
    assert SECOND_NS <= answer.retry_after_ns <= 5 * SECOND_NS
    assert door.submit()[0] == 418
    door.faults.heal()
    assert door.submit()[0] == 200


# --- streams -------------------------------------------------------------------------------


def test_login_subscribe_unsubscribe_are_acknowledged_in_order() -> None:
    door = Door()
    line = door.line("trades", "user")
    door.frame(line, StreamUnsubscribe("trades", SYMBOL))
    door.frame(line, StreamUnsubscribe("trades", SYMBOL))
    door.frame(line, StreamSubscribe("trades", "NO/SUCH"))
    door.frame(line, StreamSubscribe("gossip", SYMBOL))
    door.frame(line, Ping(5))
    assert [type(frame) for frame in line.frames] == [
        LoggedIn,
        StreamSubscribed,
        StreamSubscribed,
        StreamUnsubscribed,
        StreamRefused,
        StreamRefused,
        StreamRefused,
        Pong,
    ]


def test_nothing_is_subscribed_before_login() -> None:
    door = Door()
    line = door.line("quotes", login=False)
    assert [type(frame) for frame in line.frames] == [StreamRefused]
    assert door.exchange.truth().subscriptions == ()


def test_unreadable_frame_ends_the_connection() -> None:
    door = Door()
    line = door.line("quotes")
    door.gateway.on_frame(line, b"\xc1")
    assert line.closed
    assert door.exchange.truth().subscriptions == ()


def test_heartbeats_come_every_second_while_open_and_logged_in() -> None:
    door = Door()
    line = door.line()
    stranger = door.line(login=False)
    door.run(3 * SECOND_NS)
    door.gateway.on_close(line)
    door.run(3 * SECOND_NS)
    assert [frame.ts - START_NS for frame in line.of(Heartbeat)] == [
        SECOND_NS,
        2 * SECOND_NS,
        3 * SECOND_NS,
    ]
    assert stranger.frames == []


def test_second_login_on_a_connection_does_not_double_the_heartbeat() -> None:
    door = Door()
    line = door.line()
    door.frame(line, Login("key"))
    door.run(SECOND_NS)
    assert len(line.of(Heartbeat)) == 1


def test_each_channel_is_numbered_on_its_own_and_anew_on_each_connection() -> None:
    door = Door()
    line = door.line("quotes", "book")
    door.others(BUY, 9_900, 5)
    door.others(SELL, 10_000, 5)
    late = door.line("book")
    door.others(BUY, 9_800, 5)
    assert [frame.seq for frame in line.of(QuoteFrame)] == [1, 2]
    assert [(frame.seq, frame.update) for frame in line.of(BookFrame)] == [(1, 1), (2, 2), (3, 3)]
    assert [(frame.seq, frame.update) for frame in late.of(BookFrame)] == [(1, 3)]


def test_new_quote_subscription_is_told_the_present_quote() -> None:
    door = Door()
    door.others(BUY, 9_900, 5)
    (quote,) = door.line("quotes").of(QuoteFrame)
    assert (quote.seq, quote.bid, quote.bid_size, quote.ask_size) == (1, 9_900, 5, 0)


def test_depth_answer_and_book_frames_share_the_update_number() -> None:
    door = Door()
    line = door.line("book")
    door.others(BUY, 9_900, 5)
    answer = door.depth()
    assert (answer.update, answer.bids, answer.asks) == (1, ((9_900, 5),), ())
    assert line.of(BookFrame)[-1].update == answer.update


def test_user_channel_tells_acceptance_fill_and_balance_in_order() -> None:
    door = Door()
    line = door.line("user", "trades")
    door.others(SELL, 10_000, 5)
    door.submit(price=10_000)
    door.run(SECOND_NS // 2)
    user = [frame for frame in line.frames if type(frame) in (OrderFrame, FillFrame, BalanceFrame)]
    assert [type(frame) for frame in user] == [OrderFrame, FillFrame, BalanceFrame]
    assert [frame.seq for frame in user] == [1, 2, 3]
    assert (user[0].event, user[0].request_id) == ("ACCEPTED", "r-1")
    assert user[1].trade.trade_id == line.of(TradeFrame)[0].trade_id


def test_balances_that_change_twice_in_half_a_second_are_told_once_as_they_then_stand() -> None:
    door = Door()
    line = door.line("user")
    door.submit("O-1")
    door.submit("O-2")
    door.run(SECOND_NS // 2)
    (told,) = line.of(BalanceFrame)
    assert told.balances == door.exchange.ledger.balance_records()


def test_duplicate_subscriptions_are_counted_over_open_connections_and_sent_once() -> None:
    door = Door()
    line = door.line("quotes", "quotes", "user")
    other = door.line("user")
    door.others(BUY, 9_900, 5)
    assert len(line.of(QuoteFrame)) == 1
    assert door.exchange.truth().subscriptions == (
        TrueSubscription("quotes", f"{SYMBOL}.SIM", 2),
        TrueSubscription("user", "", 2),
    )
    door.gateway.on_close(other)
    door.frame(line, StreamUnsubscribe("quotes", SYMBOL))
    assert door.exchange.truth().subscriptions == (TrueSubscription("user", "", 1),)


# --- bad habits ----------------------------------------------------------------------------


def test_stream_events_leave_after_the_answer_by_default() -> None:
    door = Door()
    line = door.line("user")
    door.submit()
    assert line.of(OrderFrame) == []
    door.run(0)
    assert [frame.event for frame in line.of(OrderFrame)] == ["ACCEPTED"]


def test_stream_events_leave_before_the_answer_when_the_fault_strikes() -> None:
    door = Door()
    line = door.line("user")
    door.faults.strike_next(FaultKind.EVENT_BEFORE_ANSWER)
    door.submit()
    assert [frame.event for frame in line.of(OrderFrame)] == ["ACCEPTED"]


def test_frames_held_for_an_answer_are_not_overtaken_by_later_ones() -> None:
    door = Door()
    line = door.line("book")
    door.submit()
    door.others(BUY, 9_800, 5)
    door.run(0)
    assert [frame.update for frame in line.of(BookFrame)] == [1, 2]


def test_error_status_is_503_without_acting_or_500_with_or_without() -> None:
    seen = []
    for seed in range(30):
        door = Door(seed=seed)
        door.faults.strike_next(FaultKind.ERROR_STATUS)
        status, _ = door.submit()
        acted = "O-1" in door.exchange.orders
        assert door.exchange.requests[0].acted is acted
        if (status, acted) not in seen:
            seen.append((status, acted))
    assert sorted(seen) == [(500, False), (500, True), (503, False)]


def test_withheld_user_frame_uses_a_number_and_another_follows_within_a_heartbeat() -> None:
    door = Door()
    line = door.line("user")
    door.submit()
    door.run(SECOND_NS // 2)
    assert [frame.seq for frame in line.of(BalanceFrame)] == [2]
    door.faults.strike_next(FaultKind.GAP)
    door.exchange.floor.hit(door.book, SELL, 5, None)  # its balance frame comes with the settling
    door.run(SECOND_NS)
    assert line.of(FillFrame) == []
    assert [frame.seq for frame in line.of(BalanceFrame)] == [2, 4]


@pytest.mark.parametrize(("channel", "kind"), [("quotes", QuoteFrame), ("book", BookFrame)])
def test_withheld_market_frame_shows_within_a_heartbeat_of_a_silent_market(channel, kind) -> None:
    door = Door()
    line = door.line(channel)
    door.others(BUY, 9_900, 5)
    door.faults.strike_next(FaultKind.GAP)
    door.others(BUY, 9_950, 5)
    assert [frame.seq for frame in line.of(kind)] == [1]
    door.run(SECOND_NS)
    assert [frame.seq for frame in line.of(kind)] == [1, 3]
    if kind is BookFrame:
        assert line.of(kind)[-1].update == 3 == door.depth().update


def test_stale_snapshot_is_an_honest_picture_of_an_older_update() -> None:
    door = Door()
    for price in (9_900, 9_910, 9_920):
        door.others(BUY, price, 5)
    fresh = door.depth()
    door.faults.strike_next(FaultKind.STALE_SNAPSHOT)
    stale = door.depth()
    assert stale.update < fresh.update
    assert len(stale.bids) == stale.update
    assert door.depth() == type(fresh)(f"r-{door.requests}", SYMBOL, 3, fresh.bids, fresh.asks)


def test_book_that_was_answered_with_an_older_one_changes_within_five_seconds() -> None:
    door = Door()
    door.others(BUY, 9_900, 5)
    door.others(BUY, 9_800, 5)
    line, other = door.line("book"), door.line("quotes")
    door.faults.strike_next(FaultKind.STALE_SNAPSHOT)
    stale = door.depth()
    door.run(5 * SECOND_NS)
    (frame,) = line.of(BookFrame)
    assert frame.update > stale.update + 1  # the number between is missing, and shows it
    assert not other.of(BookFrame)
    door.run(20 * SECOND_NS)
    assert len(line.of(BookFrame)) == 1


def test_book_that_changes_anyway_after_an_older_picture_is_not_told_again() -> None:
    door = Door()
    door.others(BUY, 9_900, 5)
    line = door.line("book")
    door.faults.strike_next(FaultKind.STALE_SNAPSHOT)
    door.depth()
    door.others(BUY, 9_800, 5)
    door.run(5 * SECOND_NS)
    assert len(line.of(BookFrame)) == 1


def test_reconnect_may_see_old_user_events_again_under_new_numbers() -> None:
    door = Door()
    first = door.line("user")
    door.submit()
    door.run(SECOND_NS // 2)
    door.gateway.on_close(first)
    door.faults.strike_next(FaultKind.DUPLICATE_AFTER_RECONNECT)
    again = door.line("user")
    repeated = again.frames[2:]
    assert repeated
    assert [frame.seq for frame in repeated] == list(range(1, len(repeated) + 1))
    assert type(repeated[-1]) is BalanceFrame
    assert repeated[-1].balances == first.of(BalanceFrame)[-1].balances


def test_first_connection_sees_nothing_twice() -> None:
    door = Door()
    door.submit()
    door.run(0)
    door.faults.strike_next(FaultKind.DUPLICATE_AFTER_RECONNECT)
    assert [type(frame) for frame in door.line("user").frames] == [LoggedIn, StreamSubscribed]
