from typing import Any

import pytest

from engine import topics
from engine.model.commands import Connect, Subscribe, Unsubscribe
from engine.model.currencies import BTC, USDT
from engine.model.data import F_LAST, OrderBookDelta
from engine.model.enums import BUY, SELL, BookAction, DataKind
from engine.model.events import Refused
from engine.model.identifiers import ClientId, ComponentId, InstrumentId
from engine.model.instruments import CurrencyPair
from engine.model.reports import InstrumentReceived
from engine.model.values import Price, Quantity

ONE, TWO = ComponentId("One"), ComponentId("Two")
SIM, SIM_2, XYZ = ClientId("SIM"), ClientId("SIM-2"), ClientId("XYZ")
BTCUSDT = InstrumentId("BTC/USDT.SIM")
QUOTES, TRADES, DELTAS = DataKind.QUOTES, DataKind.TRADES, DataKind.BOOK_DELTAS


# --- quotes and trades ---------------------------------------------------------------------


def test_quote_is_cached_before_its_subscribers_hear_it(desk: Any) -> None:
    seen = []
    desk.bus.subscribe(
        "data.quotes.SIM.BTC/USDT",
        lambda quote: seen.append(desk.cache.quote_tick(BTCUSDT) is quote),
    )
    desk.quote(1, 100, 101)
    assert seen == [True]


def test_trade_is_cached_before_its_subscribers_hear_it(desk: Any) -> None:
    seen = []
    desk.bus.subscribe(
        "data.trades.SIM.BTC/USDT",
        lambda trade: seen.append(desk.cache.trade_tick(BTCUSDT) is trade),
    )
    desk.trade(1, 100)
    assert seen == [True]


def test_quote_stamped_before_the_last_one_changes_nothing(desk: Any) -> None:
    newer = desk.quote(10, 100, 101)
    desk.quote(11, 90, 91, ts_event=9)
    assert desk.cache.quote_tick(BTCUSDT) is newer
    assert desk.refusals() == ["STALE_QUOTE"]
    assert desk.engine.refused_count == 1
    assert desk.heard[-1][0] == topics.REFUSED


def test_quote_with_the_stamp_of_the_last_one_is_news(desk: Any) -> None:
    desk.quote(10, 100, 101)
    desk.quote(11, 102, 103, ts_event=10)
    assert desk.cache.quote_tick(BTCUSDT).bid_mantissa == 102


def test_trade_delivered_twice_counts_once(desk: Any) -> None:
    desk.trade(1, 100, trade_id="T-1")
    desk.trade(2, 100, trade_id="T-1")
    assert desk.cache.trade_tick_count(BTCUSDT) == 1
    assert desk.refusals() == ["DUPLICATE_TRADE"]


def test_trade_ids_are_remembered_per_instrument(desk: Any) -> None:
    desk.trade(1, 100, trade_id="T-1")
    desk.instrument_id = InstrumentId("ETH/USDT.SIM")
    desk.trade(2, 100, trade_id="T-1")
    assert desk.refusals() == []


def test_at_least_the_configured_number_of_trade_ids_is_remembered(new_desk: Any) -> None:
    from engine.data.config import DataEngineConfig

    desk = new_desk(DataEngineConfig(trade_ids_remembered=3))
    for number in range(7):
        desk.trade(number, 100, trade_id=f"T-{number}")
    for number in (4, 5, 6):
        desk.trade(8, 100, trade_id=f"T-{number}")
    assert desk.refusals() == ["DUPLICATE_TRADE"] * 3
    desk.trade(9, 100, trade_id="T-0")
    assert len(desk.refusals()) == 3


def test_no_trade_ids_to_remember_accepts_repeats(new_desk: Any) -> None:
    from engine.data.config import DataEngineConfig

    desk = new_desk(DataEngineConfig(trade_ids_remembered=0))
    desk.trade(1, 100, trade_id="T-1")
    desk.trade(2, 100, trade_id="T-1")
    assert desk.refusals() == []


def test_refusals_are_facts_of_the_turn(desk: Any) -> None:
    desk.trade(1, 100, trade_id="T-1")
    desk.trade(2, 100, trade_id="T-1")
    assert [type(fact) for fact in desk.ctx.facts] == [Refused]


def test_instrument_is_cached_then_published(desk: Any) -> None:
    pair = CurrencyPair(
        id=BTCUSDT,
        base_currency=BTC,
        quote_currency=USDT,
        price_increment=Price.from_str("0.01"),
        size_increment=Quantity.from_str("0.001"),
    )
    desk.engine.process(InstrumentReceived(pair, 0))
    assert desk.cache.instrument(BTCUSDT) is pair
    assert desk.heard == [(topics.instrument(BTCUSDT), pair)]


def test_what_is_no_market_data_is_a_type_error(desk: Any) -> None:
    with pytest.raises(TypeError):
        desk.engine.process("quote")
    with pytest.raises(TypeError):
        desk.engine.execute(Connect("1-1-1", SIM, 0))


# --- books ---------------------------------------------------------------------------------


def test_book_shows_the_whole_batch_when_its_handlers_run(desk: Any) -> None:
    seen = []
    desk.bus.subscribe(
        "data.book.deltas.SIM.BTC/USDT",
        lambda _: seen.append(
            (desk.cache.order_book(BTCUSDT).best_bid(), desk.cache.order_book(BTCUSDT).best_ask())
        ),
    )
    desk.engine.process(desk.snapshot(1))
    assert seen == [((100, 5), (101, 6))]


def test_batch_whose_sequence_goes_back_is_refused_counted_and_alerted(desk: Any) -> None:
    desk.engine.process(desk.snapshot(5))
    desk.heard.clear()
    stale = OrderBookDelta(BookAction.UPDATE, BUY, 99, 1, F_LAST, 4)
    desk.engine.process(desk.batch(stale))
    assert desk.cache.order_book(BTCUSDT).bids() == [(100, 5)]
    assert [topic for topic, _ in desk.heard] == [topics.REFUSED, topics.ALERT]
    assert desk.alerts() == ["BOOK_SEQUENCE_BACK"]
    assert desk.engine.books.counts["BOOK_SEQUENCE_BACK"] == 1


def test_crossed_book_is_published_then_alerted(desk: Any) -> None:
    desk.engine.process(desk.snapshot(1, bids=((102, 1),), asks=((101, 1),)))
    assert [topic for topic, _ in desk.heard] == [topics.deltas(BTCUSDT), topics.ALERT]
    assert desk.alerts() == ["BOOK_CROSSED"]


def test_half_a_batch_reaches_nobody(desk: Any) -> None:
    desk.engine.process(desk.batch(OrderBookDelta(BookAction.ADD, SELL, 101, 1, 0, 1)))
    assert desk.refusals() == ["BOOK_BATCH_INCOMPLETE"]
    assert desk.cache.order_book(BTCUSDT) is None


# --- subscriptions -------------------------------------------------------------------------


def test_first_owner_subscribes_and_last_one_unsubscribes(desk: Any) -> None:
    desk.subscribe(owner=ONE)
    desk.subscribe(owner=TWO)
    assert desk.outbox() == [(SIM, Subscribe, QUOTES, BTCUSDT)]
    desk.unsubscribe(owner=ONE)
    assert desk.outbox() == []
    desk.unsubscribe(owner=TWO)
    assert desk.outbox() == [(SIM, Unsubscribe, QUOTES, BTCUSDT)]


def test_one_owner_asking_twice_is_counted_once(desk: Any) -> None:
    desk.subscribe(owner=ONE)
    desk.subscribe(owner=ONE)
    desk.unsubscribe(owner=ONE)
    assert [row[1] for row in desk.outbox()] == [Subscribe, Unsubscribe]
    assert desk.engine.wanted(SIM) == []


def test_a_subscription_that_named_nobody_is_the_operators(desk: Any) -> None:
    desk.subscribe(owner=None)
    assert desk.engine.owners(SIM, QUOTES, BTCUSDT) == ["Operator"]
    desk.unsubscribe(owner=None)
    assert desk.engine.wanted(SIM) == []


def test_the_command_that_leaves_carries_its_client_and_no_owner(desk: Any) -> None:
    desk.subscribe()
    _, command = desk.ctx.outbox[0]
    assert (command.client_id, command.owner) == (SIM, None)


def test_unsubscribing_what_one_does_not_own_is_refused(desk: Any) -> None:
    desk.subscribe(owner=ONE)
    desk.unsubscribe(owner=TWO)
    assert desk.refusals() == ["NOT_SUBSCRIBED"]
    assert desk.engine.wanted(SIM) == [(QUOTES, BTCUSDT)]


def test_command_without_a_client_goes_to_the_first_of_the_venue(desk: Any) -> None:
    desk.subscribe(instrument_id=InstrumentId("A/B.XYZ"))
    desk.subscribe()
    assert [row[0] for row in desk.outbox()] == [XYZ, SIM]


def test_named_client_is_counted_apart_from_the_default_one(desk: Any) -> None:
    desk.subscribe()
    desk.subscribe(client_id=SIM_2)
    assert [row[0] for row in desk.outbox()] == [SIM, SIM_2]
    assert desk.engine.wanted(SIM_2) == [(QUOTES, BTCUSDT)]


def test_unknown_client_is_refused_and_nothing_leaves(desk: Any) -> None:
    desk.subscribe(client_id=ClientId("NOBODY"))
    desk.subscribe(instrument_id=InstrumentId("A/B.NOWHERE"))
    assert desk.refusals() == ["UNKNOWN_CLIENT", "NO_DATA_CLIENT"]
    assert desk.outbox() == []


def test_wanted_is_sorted_by_kind_then_instrument(desk: Any) -> None:
    eth = InstrumentId("ETH/USDT.SIM")
    desk.subscribe(DELTAS)
    desk.subscribe(TRADES, instrument_id=eth)
    desk.subscribe(TRADES)
    desk.subscribe(QUOTES)
    assert desk.engine.wanted(SIM) == [
        (QUOTES, BTCUSDT),
        (TRADES, BTCUSDT),
        (TRADES, eth),
        (DELTAS, BTCUSDT),
    ]


def test_subscription_asked_before_the_connection_is_sent_once(desk: Any) -> None:
    desk.subscribe()
    assert len(desk.outbox()) == 1
    desk.engine.client_connected(SIM)
    assert desk.outbox() == []
    assert desk.engine.is_connected(SIM)
    desk.engine.client_disconnected(SIM)
    assert not desk.engine.is_connected(SIM)
    assert desk.engine.wanted(SIM) == [(QUOTES, BTCUSDT)]


def test_two_clients_of_one_name_are_refused(desk: Any) -> None:
    from engine.data.engine import DataEngine

    with pytest.raises(ValueError, match="SIM"):
        DataEngine(desk.ctx, [desk.clients[0], desk.clients[0]])
