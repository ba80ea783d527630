"""What an actor may hear of a market beside quotes, trades and bars, and how it asks for the past."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from engine.actor import Actor
from engine.model.bars import Bar, BarType
from engine.model.commands import (
    RequestBars,
    RequestInstrument,
    RequestQuoteTicks,
    Subscribe,
    SubscribeBars,
    SubscribeCustom,
    Unsubscribe,
    UnsubscribeBars,
    UnsubscribeCustom,
)
from engine.model.data import (
    F_LAST,
    NO_LEVEL,
    CustomData,
    DepthLevel,
    FundingRateUpdate,
    IndexPriceUpdate,
    InstrumentClose,
    InstrumentStatus,
    MarkPriceUpdate,
    MboDelta,
    MboDeltas,
    OrderBookDelta,
    OrderBookDeltas,
    OrderBookDepth10,
)
from engine.model.data_type import DataType
from engine.model.enums import (
    BUY,
    AnswerStatus,
    BookAction,
    BookType,
    DataKind,
    InstrumentCloseType,
    MarketStatusAction,
)
from engine.model.identifiers import ClientId, InstrumentId
from engine.model.reports import DataResponse

MS = 1_000_000
BTCUSDT = InstrumentId("BTC/USDT.SIM")
SIM = ClientId("SIM")
MINUTE = BarType.from_str("BTC/USDT.SIM-1-MINUTE-LAST-EXTERNAL")


class Signal(msgspec.Struct, frozen=True):
    strength: int


SIGNAL = DataType("Signal", {"source": "BTC/USDT.SIM", "kind": "fast"})


class Listener(Actor):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, object]] = []
        self.read: list[object] = []  # what the cache held as the hook ran

    def on_mbo_deltas(self, deltas: MboDeltas) -> None:
        self.seen.append(("mbo", deltas))
        self.read.append(self.cache.order_book_l3(deltas.instrument_id))

    def on_order_book_depth(self, depth: OrderBookDepth10) -> None:
        self.seen.append(("depth", depth))
        self.read.append(self.cache.order_book_depth(depth.instrument_id))

    def on_order_book(self, book: OrderBookDepth10) -> None:
        self.seen.append(("book", book))

    def on_mark_price(self, update: MarkPriceUpdate) -> None:
        self.seen.append(("mark", update))
        self.read.append(self.cache.mark_price(update.instrument_id))

    def on_index_price(self, update: IndexPriceUpdate) -> None:
        self.seen.append(("index", update))
        self.read.append(self.cache.index_price(update.instrument_id))

    def on_funding_rate(self, update: FundingRateUpdate) -> None:
        self.seen.append(("funding", update))
        self.read.append(self.cache.funding_rate(update.instrument_id))

    def on_instrument_status(self, status: InstrumentStatus) -> None:
        self.seen.append(("status", status))
        self.read.append(self.cache.instrument_status(status.instrument_id))

    def on_instrument_close(self, close: InstrumentClose) -> None:
        self.seen.append(("close", close))
        self.read.append(self.cache.instrument_close(close.instrument_id))

    def on_instrument(self, instrument: Any) -> None:
        self.seen.append(("instrument", instrument))
        self.read.append(self.cache.instrument(instrument.id))

    def on_bar(self, bar: Bar) -> None:
        self.seen.append(("bar", bar))
        self.read.append(self.cache.bar(bar.bar_type))

    def on_data(self, data: CustomData) -> None:
        self.seen.append(("data", data))

    def on_historical_data(self, datum: object) -> None:
        self.seen.append(("history", datum))


@pytest.fixture
def listener(desk: Any) -> Listener:
    actor: Listener = desk.add_actor(Listener())
    actor.start()
    return actor


def depth(ts_ns: int, bid: int = 100, sequence: int = 1) -> OrderBookDepth10:
    bids = (DepthLevel(bid, 5, 2), *[NO_LEVEL] * 9)
    asks = (DepthLevel(bid + 1, 6, 1), *[NO_LEVEL] * 9)
    return OrderBookDepth10(BTCUSDT, bids, asks, F_LAST, sequence, 2, 3, ts_ns, ts_ns)


def mark(ts_ns: int) -> MarkPriceUpdate:
    return MarkPriceUpdate(BTCUSDT, 10_050, 2, ts_ns, ts_ns)


def index(ts_ns: int) -> IndexPriceUpdate:
    return IndexPriceUpdate(BTCUSDT, 10_051, 2, ts_ns, ts_ns)


def funding(ts_ns: int) -> FundingRateUpdate:
    return FundingRateUpdate(BTCUSDT, -125, 6, ts_ns, ts_ns, 480, ts_ns + 1)


def status(ts_ns: int) -> InstrumentStatus:
    return InstrumentStatus(BTCUSDT, MarketStatusAction.HALT, ts_ns, ts_ns, reason="news")


def close(ts_ns: int) -> InstrumentClose:
    return InstrumentClose(BTCUSDT, 9_999, 2, InstrumentCloseType.END_OF_SESSION, ts_ns, ts_ns)


def bar(ts_ns: int, last: int = 100, is_revision: bool = False) -> Bar:
    return Bar(MINUTE, 100, 101, 99, last, 7, 2, 3, ts_ns, ts_ns, is_revision)


def orders(ts_ns: int, *rows: tuple[BookAction, int, int]) -> MboDeltas:
    """(action, order id, size), all bids at 100; sequence counts from 1."""
    deltas = tuple(
        MboDelta(action, BUY, 100, size, order_id, F_LAST if number == len(rows) else 0, number)
        for number, (action, order_id, size) in enumerate(rows, 1)
    )
    return MboDeltas(BTCUSDT, deltas, 2, 3, ts_ns, ts_ns)


KINDS: list[tuple[str, DataKind, Callable[[int], Any]]] = [
    ("order_book_depth", DataKind.BOOK_DEPTH10, depth),
    ("mark_prices", DataKind.MARK_PRICES, mark),
    ("index_prices", DataKind.INDEX_PRICES, index),
    ("funding_rates", DataKind.FUNDING_RATES, funding),
    ("instrument_status", DataKind.INSTRUMENT_STATUS, status),
    ("instrument_close", DataKind.INSTRUMENT_CLOSE, close),
]


@pytest.mark.parametrize(("name", "kind", "make"), KINDS, ids=[name for name, _, _ in KINDS])
def test_update_is_asked_for_once_heard_with_the_cache_holding_it_and_let_go(
    desk: Any, listener: Listener, name: str, kind: DataKind, make: Callable[[int], Any]
) -> None:
    subscribe, unsubscribe = (
        getattr(listener, f"{verb}_{name}") for verb in ("subscribe", "unsubscribe")
    )
    assert subscribe(BTCUSDT) is None
    assert subscribe(BTCUSDT).reason == "ALREADY_SUBSCRIBED"
    assert desk.data_engine.owners(SIM, kind, BTCUSDT) == ["Listener"]
    update = make(desk.clock.now_ns)
    desk.data_engine.process(update)
    assert [seen for _, seen in listener.seen] == [update]
    assert listener.read == [update]

    assert unsubscribe(BTCUSDT) is None
    assert unsubscribe(BTCUSDT).reason == "NOT_SUBSCRIBED"
    desk.data_engine.process(make(desk.clock.now_ns + 1))
    assert len(listener.seen) == 1
    sent = [(type(command), command.kind) for _, command in desk.ctx.outbox]
    assert sent == [(Subscribe, kind), (Unsubscribe, kind)]


@pytest.mark.parametrize(("name", "kind", "make"), KINDS, ids=[name for name, _, _ in KINDS])
def test_update_stamped_before_the_last_is_refused_and_nobody_hears_it(
    desk: Any, listener: Listener, name: str, kind: DataKind, make: Callable[[int], Any]
) -> None:
    getattr(listener, f"subscribe_{name}")(BTCUSDT)
    now_ns = desk.clock.now_ns
    desk.data_engine.process(make(now_ns))
    desk.data_engine.process(make(now_ns - 1))
    assert len(listener.seen) == 1
    assert desk.data_engine.refused_count == 1


def test_values_of_updates_are_exact(desk: Any) -> None:
    now_ns = desk.clock.now_ns
    assert str(mark(now_ns).value) == "100.50"
    assert str(close(now_ns).close_price) == "99.99"
    assert str(funding(now_ns).rate) == "-0.000125"
    assert [tuple(map(str, level)) for level in depth(now_ns).bid_levels()] == [("1.00", "0.005")]


def test_deltas_by_order_make_the_book_by_order(desk: Any, listener: Listener) -> None:
    listener.subscribe_order_book_deltas(BTCUSDT, book_type=BookType.L3_MBO)
    add = BookAction.ADD
    desk.data_engine.process(orders(desk.clock.now_ns, (add, 1, 5), (add, 2, 7), (add, 1, 3)))
    book = desk.cache.order_book_l3(BTCUSDT)
    assert listener.read == [book]
    assert book.queue_at(BUY, 100) == [(1, 3), (2, 7)]
    assert desk.cache.order_book(BTCUSDT) is book  # no other book: it reads like one by price
    assert desk.data_engine.owners(SIM, DataKind.MBO_DELTAS, BTCUSDT) == ["Listener"]
    listener.unsubscribe_order_book_deltas(BTCUSDT, BookType.L3_MBO)
    assert desk.data_engine.wanted(SIM) == []


def test_books_by_price_and_by_order_are_two_books(desk: Any, listener: Listener) -> None:
    now_ns = desk.clock.now_ns
    desk.data_engine.process(orders(now_ns, (BookAction.ADD, 1, 5)))
    by_price = OrderBookDeltas(
        BTCUSDT, (OrderBookDelta(BookAction.ADD, BUY, 90, 4, F_LAST, 9),), 2, 3, now_ns, now_ns
    )
    desk.data_engine.process(by_price)
    assert desk.cache.order_book(BTCUSDT).best_bid() == (90, 4)
    assert desk.cache.order_book_l3(BTCUSDT).best_bid() == (100, 5)
    assert len(desk.cache.order_books()) == 2


def test_late_batch_by_order_changes_nothing_and_is_refused_aloud(
    desk: Any, listener: Listener
) -> None:
    add = BookAction.ADD
    listener.subscribe_order_book_deltas(BTCUSDT, book_type=BookType.L3_MBO)
    desk.data_engine.process(orders(desk.clock.now_ns, (add, 1, 5), (add, 2, 7)))
    desk.data_engine.process(orders(desk.clock.now_ns, (add, 3, 9)))
    assert desk.cache.order_book_l3(BTCUSDT).queue_at(BUY, 100) == [(1, 5), (2, 7)]
    assert len(listener.seen) == 1
    assert desk.data_engine.refused_count == 1


def test_images_make_a_book_only_where_no_deltas_do(desk: Any) -> None:
    now_ns = desk.clock.now_ns
    desk.data_engine.process(depth(now_ns))
    assert desk.cache.order_book(BTCUSDT).bids() == [(100, 5)]
    desk.data_engine.process(depth(now_ns, bid=101, sequence=2))
    assert desk.cache.order_book(BTCUSDT).bids() == [(101, 5)]
    desk.data_engine.process(
        OrderBookDeltas(
            BTCUSDT, (OrderBookDelta(BookAction.ADD, BUY, 90, 4, F_LAST, 9),), 2, 3, now_ns, now_ns
        )
    )
    desk.data_engine.process(depth(now_ns, bid=102, sequence=3))
    assert desk.cache.order_book(BTCUSDT).bids() == [(90, 4)]
    assert desk.cache.order_book_depth(BTCUSDT).sequence == 3


def test_image_that_is_none_is_refused_at_its_making() -> None:
    level = DepthLevel(100, 5)
    for bids in (
        (level,),
        (NO_LEVEL, level, *[NO_LEVEL] * 8),
        (level, level, *[NO_LEVEL] * 8),
        (DepthLevel(100, -5), *[NO_LEVEL] * 9),
    ):
        with pytest.raises(ValueError, match="depth image"):
            OrderBookDepth10(BTCUSDT, bids, (NO_LEVEL,) * 10, F_LAST, 1, 2, 3, 0, 0)


def test_book_at_interval_comes_at_multiples_as_an_image_that_stays(
    desk: Any, listener: Listener
) -> None:
    start_ns = desk.clock.now_ns
    listener.subscribe_order_book_at_interval(BTCUSDT, 300)
    assert [command.kind for _, command in desk.ctx.outbox] == [DataKind.BOOK_DELTAS]
    desk.fire_timers(start_ns + 400 * MS)
    assert listener.seen == []  # never fed: there is no book
    deltas = (
        OrderBookDelta(BookAction.ADD, BUY, 100, 5, 0, 1),
        OrderBookDelta(BookAction.ADD, BUY, 99, 6, F_LAST, 1),
    )
    fed_ns = desk.clock.now_ns
    desk.data_engine.process(OrderBookDeltas(BTCUSDT, deltas, 2, 3, fed_ns, fed_ns))
    desk.fire_timers(start_ns + 1_000 * MS)
    images = [image for _, image in listener.seen]
    assert [image.ts_init % (300 * MS) for image in images] == [0] * len(images)
    assert len(images) == 2
    assert images[0].ts_event == fed_ns
    assert [level.price_mantissa for level in images[0].bids[:2]] == [100, 99]
    desk.cache.order_book(BTCUSDT).clear()
    assert images[1].bids[0].size_mantissa == 5

    listener.unsubscribe_order_book_at_interval(BTCUSDT, 300)
    assert desk.clock.next_timer_ns() is None
    assert desk.data_engine.wanted(SIM) == []


def test_interval_that_is_none_is_refused(listener: Listener) -> None:
    with pytest.raises(ValueError, match="0 ms"):
        listener.subscribe_order_book_at_interval(BTCUSDT, 0)
    with pytest.raises(TypeError, match="interval_ms"):
        listener.subscribe_order_book_at_interval(BTCUSDT, 1.5)  # type: ignore[arg-type]


# --- bars of a venue -------------------------------------------------------------------------


def test_external_bars_are_asked_of_the_client_and_taken_as_they_come(
    desk: Any, listener: Listener
) -> None:
    now_ns = desk.clock.now_ns
    listener.subscribe_bars(MINUTE)
    assert desk.data_engine.wanted(SIM) == [(DataKind.BARS, MINUTE)]
    first, second = bar(now_ns), bar(now_ns + 60_000 * MS)
    desk.data_engine.process(first)
    desk.data_engine.process(second)
    assert [seen for _, seen in listener.seen] == listener.read == [first, second]
    listener.unsubscribe_bars(MINUTE)
    commands = [command for _, command in desk.ctx.outbox]
    assert [type(command) for command in commands] == [SubscribeBars, UnsubscribeBars]
    assert all(command.bar_type == MINUTE and command.owner is None for command in commands)


def test_bar_that_is_old_repeated_or_ours_to_build_is_refused(
    desk: Any, listener: Listener
) -> None:
    now_ns = desk.clock.now_ns
    desk.data_engine.process(bar(now_ns))
    desk.data_engine.process(bar(now_ns))
    desk.data_engine.process(bar(now_ns - 1))
    internal = BarType.from_str("BTC/USDT.SIM-1-MINUTE-LAST-INTERNAL")
    desk.data_engine.process(msgspec.structs.replace(bar(now_ns + 1), bar_type=internal))
    refused = [message.reason for topic, message in desk.heard if topic == "events.refused"]
    assert refused == ["DUPLICATE_BAR", "STALE_BAR", "BAR_NOT_EXTERNAL"]
    assert desk.cache.bar_count(MINUTE) == 1


def test_revision_replaces_the_last_bar_and_is_told(desk: Any, listener: Listener) -> None:
    now_ns = desk.clock.now_ns
    listener.subscribe_bars(MINUTE)
    desk.data_engine.process(bar(now_ns))
    revised = bar(now_ns, last=101, is_revision=True)
    desk.data_engine.process(revised)
    assert desk.cache.bars(MINUTE) == [revised]
    assert listener.seen[-1] == ("bar", revised)


# --- custom data -----------------------------------------------------------------------------


def test_data_type_is_the_same_text_whatever_the_order_of_its_metadata() -> None:
    assert DataType("Signal", {"kind": "fast", "source": "BTC/USDT.SIM"}) == SIGNAL
    assert SIGNAL == "Signal.kind=fast.source=BTC/USDT.SIM"
    assert DataType("Signal") != SIGNAL


@pytest.mark.parametrize(
    ("name", "metadata"),
    [("", {}), ("A.B", {}), ("A*", {}), ("A", {"k.": "v"}), ("A", {"k": "v=w"}), ("A", {"k": "?"})],
)
def test_data_type_with_a_mark_of_ours_is_refused(name: str, metadata: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="data type"):
        DataType(name, metadata)


def test_custom_data_of_a_client_and_of_a_component_reaches_who_subscribed(
    desk: Any, listener: Listener
) -> None:
    now_ns = desk.clock.now_ns
    listener.subscribe_data(SIGNAL, SIM)
    assert desk.data_engine.wanted(SIM) == [(DataKind.CUSTOM, SIGNAL)]
    theirs = CustomData(SIGNAL, Signal(3), now_ns, now_ns)
    ours = CustomData(SIGNAL, Signal(4), now_ns, now_ns)
    desk.data_engine.process(theirs)
    listener.publish_data(ours)
    desk.data_engine.process(CustomData(DataType("Signal"), Signal(5), now_ns, now_ns))
    assert listener.seen == [("data", theirs), ("data", ours)]
    listener.unsubscribe_data(SIGNAL)
    assert [type(command) for _, command in desk.ctx.outbox] == [SubscribeCustom, UnsubscribeCustom]


def test_custom_data_without_a_client_asks_nobody(desk: Any, listener: Listener) -> None:
    listener.subscribe_data(SIGNAL)
    listener.unsubscribe_data(SIGNAL)
    assert desk.ctx.outbox == []
    assert desk.data_engine.refused_count == 0


def test_custom_data_that_could_change_or_is_another_class_is_refused() -> None:
    class Loose(msgspec.Struct):
        strength: int

    with pytest.raises(TypeError, match="no frozen Struct"):
        CustomData(DataType("Loose"), Loose(1), 0, 0)
    with pytest.raises(ValueError, match="Signal is no Other"):
        CustomData(DataType("Other"), Signal(1), 0, 0)


# --- requests --------------------------------------------------------------------------------


def answer(desk: Any, *data: Any, status: AnswerStatus = AnswerStatus.OK) -> DataResponse:
    """To the last request that left."""
    request = desk.ctx.outbox[-1][1]
    response = DataResponse(SIM, request.command_id, status, data, desk.clock.now_ns)
    desk.data_engine.process(response)
    return response


def test_history_goes_to_its_hook_then_the_callback_and_behind_what_the_cache_holds(
    desk: Any, listener: Listener
) -> None:
    live = desk.quote(200, 202)
    desk.data_engine.process(live)
    past = [
        msgspec.structs.replace(live, ts_event=live.ts_event - age, bid_mantissa=age)
        for age in (30, 20, 10, 0)
    ]
    heard: list[object] = []
    start_ns = live.ts_event - 30
    request_id = listener.request_quote_ticks(BTCUSDT, start_ns, callback=heard.append)
    request = desk.ctx.outbox[-1][1]
    assert type(request) is RequestQuoteTicks
    assert (request.command_id, request.client_id) == (request_id, SIM)
    assert (request.start_ns, request.end_ns) == (start_ns, desk.clock.now_ns)

    response = answer(desk, *past)
    assert listener.seen == [("history", quote) for quote in past]
    assert heard == [response]
    assert desk.cache.quote_ticks(BTCUSDT) == [live, past[2], past[1], past[0]]
    live_topics = [topic for topic in desk.topics_heard() if topic.startswith("data.")]
    assert live_topics == ["data.quotes.SIM.BTC/USDT"]  # the live one's own


@pytest.mark.parametrize(
    "ask",
    [
        lambda actor, now, heard: actor.request_quote_ticks(BTCUSDT, now + 1, callback=heard),
        lambda actor, now, heard: actor.request_trade_ticks(BTCUSDT, 9, 8, callback=heard),
        lambda actor, now, heard: actor.request_order_book_deltas(
            BTCUSDT, limit=-1, callback=heard
        ),
        lambda actor, now, heard: actor.request_funding_rates(
            InstrumentId("A.NOWHERE"), callback=heard
        ),
        lambda actor, now, heard: actor.request_instrument(
            BTCUSDT, ClientId("NOBODY"), callback=heard
        ),
        lambda actor, now, heard: actor.request_bars(
            BarType.from_str("BTC/USDT.SIM-1-MINUTE-LAST-INTERNAL"), callback=heard
        ),
    ],
)
def test_request_that_cannot_be_asked_is_answered_failed_once(
    desk: Any, listener: Listener, ask: Callable[..., str]
) -> None:
    heard: list[DataResponse] = []
    desk.in_one_hook(lambda: ask(listener, desk.clock.now_ns, heard.append))
    assert [(response.status, response.data) for response in heard] == [(AnswerStatus.FAILED, ())]
    assert desk.ctx.outbox == []
    assert desk.data_engine.refused_count == 1


def test_request_nobody_answers_times_out_once_and_a_late_answer_is_refused(
    desk: Any, listener: Listener
) -> None:
    heard: list[DataResponse] = []
    listener.request_trade_ticks(BTCUSDT, callback=heard.append)
    desk.fire_timers(desk.clock.now_ns + 60_000 * MS)
    assert [response.status for response in heard] == [AnswerStatus.TIMEOUT]
    answer(desk, desk.trade())
    assert len(heard) == 1
    assert listener.seen == []
    assert not desk.cache.has_trade_ticks(BTCUSDT)
    assert desk.data_engine.refused_count == 1
    assert desk.clock.next_timer_ns() is None


def test_second_answer_to_a_request_is_refused(desk: Any, listener: Listener) -> None:
    heard: list[DataResponse] = []
    listener.request_trade_ticks(BTCUSDT, callback=heard.append)
    answer(desk, desk.trade())
    answer(desk, desk.trade())
    assert len(heard) == 1
    assert desk.data_engine.refused_count == 1


def test_answer_that_is_not_what_was_asked_for_counts_as_failed(
    desk: Any, listener: Listener
) -> None:
    now_ns = desk.clock.now_ns
    trade = desk.trade()
    elsewhere = msgspec.structs.replace(trade, instrument_id=InstrumentId("ETH/USDT.SIM"))
    early = msgspec.structs.replace(trade, ts_event=now_ns - 100)
    for data in ((desk.quote(),), (elsewhere,), (early,), (trade, early), (trade, trade, trade)):
        heard: list[DataResponse] = []
        listener.request_trade_ticks(BTCUSDT, now_ns - 50, limit=2, callback=heard.append)
        answer(desk, *data)
        assert [(response.status, response.data) for response in heard] == [
            (AnswerStatus.FAILED, ())
        ], data
    assert listener.seen == []
    assert not desk.cache.has_trade_ticks(BTCUSDT)


def test_failed_answer_is_handed_on_as_it_is(desk: Any, listener: Listener) -> None:
    heard: list[DataResponse] = []
    listener.request_bars(MINUTE, callback=heard.append)
    assert type(desk.ctx.outbox[-1][1]) is RequestBars
    response = answer(desk, status=AnswerStatus.FAILED)
    assert heard == [response]


def test_definition_that_was_asked_for_is_cached_and_published_like_one_that_came(
    desk: Any, listener: Listener
) -> None:
    listener.subscribe_instrument(BTCUSDT)
    listener.request_instrument(BTCUSDT)
    assert type(desk.ctx.outbox[-1][1]) is RequestInstrument
    answer(desk, desk.instrument)
    assert listener.seen == [("instrument", desk.instrument), ("history", desk.instrument)]
    assert listener.read == [desk.instrument]


def test_snapshot_that_was_asked_for_leaves_the_kernels_book_alone(
    desk: Any, listener: Listener
) -> None:
    now_ns = desk.clock.now_ns
    desk.data_engine.process(depth(now_ns))
    image = desk.cache.order_book(BTCUSDT).to_deltas(now_ns, now_ns)
    listener.request_order_book_snapshot(BTCUSDT, 5)
    answer(desk, msgspec.structs.replace(image, deltas=image.deltas[:2]))
    assert [name for name, _ in listener.seen] == ["history"]
    assert desk.cache.order_book(BTCUSDT).asks() == [(101, 6)]


def test_actor_that_stopped_hears_no_answer(desk: Any, listener: Listener) -> None:
    heard: list[DataResponse] = []
    listener.request_trade_ticks(BTCUSDT, callback=heard.append)
    listener.stop()
    answer(desk, desk.trade())
    assert (heard, listener.seen) == ([], [])


def test_actor_that_is_released_lets_go_of_everything(desk: Any, listener: Listener) -> None:
    listener.subscribe_mark_prices(BTCUSDT)
    listener.subscribe_order_book_at_interval(BTCUSDT)
    listener.subscribe_data(SIGNAL, SIM)
    listener.subscribe_bars(MINUTE)
    assert len(desk.data_engine.wanted(SIM)) == 4
    listener.release()
    assert desk.data_engine.wanted(SIM) == []
    assert desk.clock.next_timer_ns() is None
