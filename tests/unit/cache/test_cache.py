"""The cache: what is written is found, once, sorted, and at the place its status demands."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from engine.cache import AlreadyCached, Cache, CacheConfig, NotCached
from engine.model.accounts import CashAccount
from engine.model.bars import Bar, BarType
from engine.model.book import OrderBook
from engine.model.currencies import BTC, USDT
from engine.model.enums import BookType, OrderSide, OrderStatus, OrderType, PriceType
from engine.model.events import OrderCanceled
from engine.model.identifiers import (
    AccountId,
    ClientId,
    ClientOrderId,
    InstrumentId,
    Venue,
    VenueOrderId,
)
from engine.model.instruments import CurrencyPair
from engine.model.orders import Order
from engine.model.values import Price, Quantity

if TYPE_CHECKING:
    from conftest import Shelf

SIM = Venue("SIM")
O1 = ClientOrderId("O-1")
V1 = VenueOrderId("V-1")


def names(orders: list[Order]) -> list[str]:
    return [str(order.client_order_id) for order in orders]


# --- market data ---------------------------------------------------------------------------------


def test_quote_after_its_write_is_the_newest_and_the_very_object(shelf: "Shelf") -> None:
    old, new = shelf.quote(99, 101), shelf.quote(100, 102)
    shelf.cache.add_quote(old)
    shelf.cache.add_quote(new)

    assert shelf.cache.quote_tick(shelf.instrument_id) is new
    assert shelf.cache.quote_tick(shelf.instrument_id, 1) is old
    assert shelf.cache.quote_ticks(shelf.instrument_id) == [new, old]


@pytest.mark.parametrize("index", [-1, 1, 99])
def test_quote_at_an_index_without_one_is_none(shelf: "Shelf", index: int) -> None:
    shelf.cache.add_quote(shelf.quote(99, 101))

    assert shelf.cache.quote_tick(shelf.instrument_id, index) is None


def test_quotes_beyond_capacity_drop_the_oldest(shelf: "Shelf") -> None:
    for bid in (1, 2, 3, 4):
        shelf.cache.add_quote(shelf.quote(bid, 10))

    assert [q.bid_mantissa for q in shelf.cache.quote_ticks(shelf.instrument_id)] == [4, 3, 2]
    assert shelf.cache.quote_tick_count(shelf.instrument_id) == 3


def test_quotes_of_another_instrument_are_kept_apart(shelf: "Shelf") -> None:
    shelf.cache.add_quote(shelf.quote(99, 101))

    assert not shelf.cache.has_quote_ticks(shelf.other_id)
    assert shelf.cache.quote_tick(shelf.other_id) is None
    assert shelf.cache.quote_ticks(shelf.other_id) == []


def test_trades_are_newest_first_and_bounded(shelf: "Shelf") -> None:
    trades = [shelf.trade(100 + n, n) for n in range(5)]
    for trade in trades:
        shelf.cache.add_trade(trade)

    assert shelf.cache.trade_tick(shelf.instrument_id) is trades[4]
    assert shelf.cache.trade_ticks(shelf.instrument_id) == trades[:1:-1]
    assert shelf.cache.has_trade_ticks(shelf.instrument_id)
    assert shelf.cache.trade_tick_count(shelf.instrument_id) == 3


def test_trades_since_a_time_end_before_the_first_that_is_older(shelf: "Shelf") -> None:
    trades = [replace(shelf.trade(100), ts_init=ns) for ns in (5, 9, 7)]
    for trade in trades:
        shelf.cache.add_trade(trade)

    assert shelf.cache.trade_ticks_since(shelf.instrument_id, 8) == []
    assert shelf.cache.trade_ticks_since(shelf.instrument_id, 6) == [trades[2], trades[1]]
    assert shelf.cache.trade_ticks_since(shelf.instrument_id, 5) == trades[::-1]
    assert shelf.cache.trade_ticks_since(shelf.other_id, 5) == []


def test_bars_are_newest_first_and_bounded_per_type(shelf: "Shelf") -> None:
    bar_type = BarType.from_str("BTC/USDT.SIM-1-MINUTE-LAST-INTERNAL")
    bars = [Bar(bar_type, n, n, n, n, 1, 2, 6, n, n) for n in (1, 2, 3)]
    for bar in bars:
        shelf.cache.add_bar(bar)

    assert shelf.cache.bar(bar_type) is bars[2]
    assert shelf.cache.bars(bar_type) == [bars[2], bars[1]]
    assert shelf.cache.bar_count(bar_type) == 2
    assert shelf.cache.has_bars(bar_type)
    assert shelf.cache.bar_types() == [bar_type]


@pytest.mark.parametrize(
    ("price_type", "expected"),
    [
        (PriceType.BID, "100.00"),
        (PriceType.ASK, "100.01"),
        (PriceType.MID, "100.005"),
        (PriceType.LAST, "99.90"),
    ],
)
def test_price_of_a_kind_reads_quote_or_trade_exactly(
    shelf: "Shelf", price_type: PriceType, expected: str
) -> None:
    shelf.cache.add_quote(shelf.quote(10_000, 10_001))
    shelf.cache.add_trade(shelf.trade(9_990))

    assert str(shelf.cache.price(shelf.instrument_id, price_type)) == expected


@pytest.mark.parametrize("price_type", list(PriceType))
def test_price_without_data_is_none(shelf: "Shelf", price_type: PriceType) -> None:
    assert shelf.cache.price(shelf.instrument_id, price_type) is None


def test_instruments_are_sorted_and_filtered_by_venue(shelf: "Shelf") -> None:
    late, early = InstrumentId("ZEC/USDT.SIM"), InstrumentId("ADA/USDT.SIM")
    for instrument_id in (late, early, shelf.other_id):
        shelf.cache.add_instrument(_pair(instrument_id))

    assert shelf.cache.instrument_ids(SIM) == [early, shelf.instrument_id, late]
    assert [i.id for i in shelf.cache.instruments(SIM)] == [early, shelf.instrument_id, late]
    assert len(shelf.cache.instruments()) == 4
    assert shelf.cache.instrument(InstrumentId("NO/SUCH.SIM")) is None


def test_instrument_definition_amended_replaces_the_old_one(shelf: "Shelf") -> None:
    amended = _pair(shelf.instrument_id)
    shelf.cache.add_instrument(amended)

    assert shelf.cache.instrument(shelf.instrument_id) is amended
    assert len(shelf.cache.instruments()) == 1


def _pair(instrument_id: InstrumentId) -> CurrencyPair:
    return CurrencyPair(
        id=instrument_id,
        base_currency=BTC,
        quote_currency=USDT,
        price_increment=Price("0.01"),
        size_increment=Quantity("0.000001"),
    )


def test_books_are_found_by_instrument_and_sorted(shelf: "Shelf") -> None:
    books = {i: OrderBook(i, BookType.L2_MBP, 2, 6) for i in (shelf.other_id, shelf.instrument_id)}
    for book in books.values():
        shelf.cache.add_book(book)

    assert shelf.cache.order_book(shelf.other_id) is books[shelf.other_id]
    assert shelf.cache.order_books() == [books[shelf.instrument_id], books[shelf.other_id]]


@pytest.mark.parametrize("field", ["tick_capacity", "bar_capacity"])
@pytest.mark.parametrize("capacity", [0, -1])
def test_capacity_that_is_not_positive_is_refused(field: str, capacity: int) -> None:
    with pytest.raises(ValueError, match=field):
        CacheConfig(**{field: capacity})


# --- orders: state sets --------------------------------------------------------------------------

MEMBERSHIP = {
    OrderStatus.INITIALIZED: "local",
    OrderStatus.EMULATED: "local",
    OrderStatus.RELEASED: "local",
    OrderStatus.SUBMITTED: "inflight",
    OrderStatus.PENDING_UPDATE: "inflight open",
    OrderStatus.PENDING_CANCEL: "inflight open",
    OrderStatus.ACCEPTED: "open",
    OrderStatus.TRIGGERED: "open",
    OrderStatus.PARTIALLY_FILLED: "open",
    OrderStatus.DENIED: "closed",
    OrderStatus.REJECTED: "closed",
    OrderStatus.CANCELED: "closed",
    OrderStatus.EXPIRED: "closed",
    OrderStatus.FILLED: "closed",
}


def found_in(cache: Cache, order: Order) -> str:
    coid = order.client_order_id
    held: list[tuple[str, Callable[[], list[Order]], Callable[[ClientOrderId], bool], int]] = [
        (
            "local",
            cache.orders_active_local,
            cache.is_order_active_local,
            cache.orders_active_local_count(),
        ),
        ("inflight", cache.orders_inflight, cache.is_order_inflight, cache.orders_inflight_count()),
        ("open", cache.orders_open, cache.is_order_open, cache.orders_open_count()),
        ("closed", cache.orders_closed, cache.is_order_closed, cache.orders_closed_count()),
    ]
    found = []
    for name, query, is_in, count in held:
        assert (order in query()) == is_in(coid) == bool(count)
        if is_in(coid):
            found.append(name)
    return " ".join(found)


@pytest.mark.parametrize("status", list(OrderStatus))
def test_order_added_in_any_status_is_in_the_sets_of_that_status(
    shelf: "Shelf", status: OrderStatus
) -> None:
    order = shelf.order(order_type=OrderType.STOP_LIMIT)
    shelf.bring_to(order, status)
    shelf.cache.add_order(order)

    assert order.status is status
    assert found_in(shelf.cache, order) == MEMBERSHIP[status]


@pytest.mark.parametrize("status", list(OrderStatus))
def test_order_moved_from_initialized_leaves_its_old_sets(
    shelf: "Shelf", status: OrderStatus
) -> None:
    order = shelf.order(order_type=OrderType.STOP_LIMIT)
    shelf.cache.add_order(order)
    shelf.bring_to(order, status)
    shelf.cache.update_order(order)

    assert found_in(shelf.cache, order) == MEMBERSHIP[status]
    assert shelf.cache.orders() == [order]


@pytest.mark.parametrize("order_type", [OrderType.LIMIT, OrderType.MARKET])
def test_working_views_hold_an_order_from_submit_to_its_end(
    shelf: "Shelf", order_type: OrderType
) -> None:
    cache, order = shelf.cache, shelf.order(order_type=order_type)
    is_market = order_type is OrderType.MARKET
    cache.add_order(order)
    assert list(cache.working_orders(shelf.instrument_id)) == []

    order.apply(shelf.submitted(order))
    cache.update_order(order)
    assert list(cache.working_orders(shelf.instrument_id)) == [order]
    assert list(cache.inflight_orders()) == [order]
    assert list(cache.working_market_orders()) == ([order] if is_market else [])

    order.apply(shelf.filled(order, "5"))
    cache.update_order(order)
    assert list(cache.working_orders(shelf.instrument_id)) == []
    assert list(cache.working_market_orders()) == []


def test_pending_cancel_is_told_apart(shelf: "Shelf") -> None:
    order = shelf.order()
    shelf.bring_to(order, OrderStatus.PENDING_CANCEL)
    shelf.cache.add_order(order)

    assert shelf.cache.is_order_pending_cancel_local(O1)
    assert not shelf.cache.is_order_pending_cancel_local(ClientOrderId("O-2"))


# --- orders: refusals ----------------------------------------------------------------------------


def test_duplicate_client_order_id_is_refused_and_the_genuine_order_untouched(
    shelf: "Shelf",
) -> None:
    genuine = shelf.order()
    shelf.accept(genuine)
    copy = shelf.order(strategy_id=shelf.other_strategy_id)

    with pytest.raises(AlreadyCached) as refused:
        shelf.cache.add_order(copy)

    assert refused.value.key == "O-1"
    assert shelf.cache.order(O1) is genuine
    assert shelf.cache.orders_open() == [genuine]
    assert shelf.cache.orders(strategy_id=shelf.other_strategy_id) == []
    assert shelf.cache.check_integrity() == []


def test_update_of_a_denied_copy_moves_nothing_of_the_genuine_order(shelf: "Shelf") -> None:
    genuine, copy = shelf.order(), shelf.order()
    shelf.accept(genuine)
    shelf.bring_to(copy, OrderStatus.DENIED)

    with pytest.raises(NotCached):
        shelf.cache.update_order(copy)

    assert shelf.cache.orders_open() == [genuine]
    assert shelf.cache.check_integrity() == []


def test_update_of_an_order_never_added_is_refused(shelf: "Shelf") -> None:
    with pytest.raises(NotCached):
        shelf.cache.update_order(shelf.order())


# --- orders: queries -----------------------------------------------------------------------------


def test_query_results_are_sorted_by_id_whatever_the_order_of_writes(shelf: "Shelf") -> None:
    for name in ("O-3", "O-1", "O-2"):
        shelf.accept(shelf.order(name), f"V-{name}")

    assert names(shelf.cache.orders()) == ["O-1", "O-2", "O-3"]
    assert names(shelf.cache.orders_open()) == ["O-1", "O-2", "O-3"]


def test_orders_that_match_every_filter_are_found(shelf: "Shelf") -> None:
    cache = shelf.cache
    shelf.accept(shelf.order("O-1", OrderSide.BUY), "V-1")
    shelf.accept(shelf.order("O-2", OrderSide.SELL), "V-2")
    shelf.accept(shelf.order("O-3", OrderSide.BUY, strategy_id=shelf.other_strategy_id), "V-3")
    shelf.accept(shelf.order("O-4", OrderSide.BUY, instrument_id=shelf.other_id), "V-4")
    cache.add_order(shelf.order("O-5", OrderSide.BUY))

    assert names(cache.orders(instrument_id=shelf.instrument_id)) == ["O-1", "O-2", "O-3", "O-5"]
    assert names(cache.orders(strategy_id=shelf.other_strategy_id)) == ["O-3"]
    assert names(cache.orders(side=OrderSide.SELL)) == ["O-2"]
    assert names(cache.orders(venue=Venue("ALT"))) == ["O-4"]
    assert names(cache.orders(account_id=AccountId("SIM-001"))) == ["O-1", "O-2", "O-3", "O-4"]
    assert names(cache.orders_open(SIM, shelf.instrument_id, shelf.strategy_id)) == ["O-1", "O-2"]
    assert names(cache.orders_open(SIM, shelf.instrument_id, shelf.strategy_id, OrderSide.BUY)) == [
        "O-1"
    ]
    assert cache.orders_open(instrument_id=InstrumentId("NO/SUCH.SIM")) == []


def test_result_lists_are_new_each_time(shelf: "Shelf") -> None:
    shelf.cache.add_order(shelf.order())
    shelf.cache.orders().clear()

    assert len(shelf.cache.orders()) == 1


def test_order_queries_of_an_unknown_id_find_nothing(shelf: "Shelf") -> None:
    cache, unknown = shelf.cache, ClientOrderId("O-9")

    assert cache.order(unknown) is None
    assert not cache.order_exists(unknown)
    assert not cache.is_order_open(unknown)
    assert cache.venue_order_id(unknown) is None
    assert cache.client_id(unknown) is None
    assert cache.strategy_id_for_order(unknown) is None
    assert cache.position_id(unknown) is None
    assert cache.position_for_order(unknown) is None


def test_client_and_strategy_of_an_order_are_remembered(shelf: "Shelf") -> None:
    shelf.cache.add_order(shelf.order("O-1"), ClientId("SIM-A"))
    shelf.cache.add_order(shelf.order("O-2"))

    assert shelf.cache.client_id(O1) == "SIM-A"
    assert shelf.cache.client_id(ClientOrderId("O-2")) is None
    assert shelf.cache.strategy_id_for_order(O1) == shelf.strategy_id
    assert shelf.cache.strategy_ids() == [shelf.strategy_id]


# --- venue order ids -----------------------------------------------------------------------------


def test_venue_order_id_leads_to_the_order_and_back(shelf: "Shelf") -> None:
    shelf.accept(shelf.order())

    assert shelf.cache.client_order_id(V1) == "O-1"
    assert shelf.cache.venue_order_id(O1) == "V-1"


def test_superseded_venue_order_id_keeps_leading_to_the_order(shelf: "Shelf") -> None:
    order = shelf.order()
    shelf.accept(order)
    order.apply(shelf.updated(order, "V-2"))
    shelf.cache.add_venue_order_id(O1, VenueOrderId("V-2"), overwrite=True)

    assert shelf.cache.venue_order_id(O1) == "V-2"
    assert shelf.cache.client_order_id(V1) == "O-1"
    assert shelf.cache.client_order_id(VenueOrderId("V-2")) == "O-1"
    assert shelf.cache.check_integrity() == []


def test_second_venue_order_id_without_overwrite_is_refused(shelf: "Shelf") -> None:
    shelf.accept(shelf.order())

    with pytest.raises(AlreadyCached):
        shelf.cache.add_venue_order_id(O1, VenueOrderId("V-2"))

    assert shelf.cache.venue_order_id(O1) == "V-1"
    assert shelf.cache.client_order_id(VenueOrderId("V-2")) is None


def test_same_venue_order_id_again_is_no_error(shelf: "Shelf") -> None:
    shelf.accept(shelf.order())
    shelf.cache.add_venue_order_id(O1, V1)

    assert shelf.cache.venue_order_id(O1) == "V-1"


@pytest.mark.parametrize("overwrite", [False, True])
def test_venue_order_id_of_another_order_is_refused(shelf: "Shelf", overwrite: bool) -> None:
    shelf.accept(shelf.order("O-1"))
    shelf.submit(shelf.order("O-2"))

    with pytest.raises(AlreadyCached):
        shelf.cache.add_venue_order_id(ClientOrderId("O-2"), V1, overwrite)

    assert shelf.cache.client_order_id(V1) == "O-1"
    assert shelf.cache.venue_order_id(ClientOrderId("O-2")) is None


def test_venue_order_id_of_an_unknown_order_is_refused(shelf: "Shelf") -> None:
    with pytest.raises(NotCached):
        shelf.cache.add_venue_order_id(O1, V1)


# --- unresolved ----------------------------------------------------------------------------------


def test_unresolved_is_a_mark_beside_the_status(shelf: "Shelf") -> None:
    first, second = shelf.order("O-1"), shelf.order("O-2")
    shelf.submit(second)
    shelf.submit(first)
    shelf.cache.mark_unresolved(second.client_order_id)
    shelf.cache.mark_unresolved(first.client_order_id)
    shelf.cache.mark_unresolved(first.client_order_id)

    assert shelf.cache.orders_unresolved() == [first, second]
    assert shelf.cache.is_order_unresolved(O1)
    assert shelf.cache.orders_inflight() == [first, second]

    shelf.cache.clear_unresolved(O1)
    shelf.cache.clear_unresolved(O1)

    assert shelf.cache.orders_unresolved() == [second]


def test_unresolved_mark_on_an_unknown_order_is_refused(shelf: "Shelf") -> None:
    with pytest.raises(NotCached):
        shelf.cache.mark_unresolved(O1)


# --- positions -----------------------------------------------------------------------------------


def test_position_goes_from_open_to_closed_and_back(shelf: "Shelf") -> None:
    cache = shelf.cache
    buy, sell = shelf.order("O-1"), shelf.order("O-2", OrderSide.SELL)
    shelf.accept(buy, "V-1")
    shelf.accept(sell, "V-2")

    position = shelf.fill(buy, "3", "T-1")
    assert cache.positions_open() == [position] and cache.positions_closed() == []
    assert cache.is_position_open(position.id) and not cache.is_position_closed(position.id)

    shelf.fill(sell, "3", "T-2")
    assert cache.positions_open() == [] and cache.positions_closed() == [position]
    assert cache.is_position_closed(position.id) and not cache.is_position_open(position.id)

    shelf.fill(buy, "2", "T-3")
    assert cache.positions_open() == [position] and cache.positions_closed() == []
    assert cache.positions() == [position]
    assert (cache.positions_total_count(), cache.positions_open_count()) == (1, 1)
    assert cache.positions_closed_count() == 0


def test_position_and_its_orders_lead_to_each_other(shelf: "Shelf") -> None:
    buy, sell, unfilled = (
        shelf.order("O-1"),
        shelf.order("O-2", OrderSide.SELL),
        shelf.order("O-3"),
    )
    for number, order in enumerate((sell, buy, unfilled)):
        shelf.accept(order, f"V-{number}")
    position = shelf.fill(buy, "3", "T-1")
    shelf.fill(sell, "1", "T-2")

    assert shelf.cache.orders_for_position(position.id) == [buy, sell]
    assert shelf.cache.position_for_order(O1) is position
    assert shelf.cache.position_id(O1) == position.id
    assert shelf.cache.position_id(ClientOrderId("O-3")) is None
    assert shelf.cache.strategy_id_for_position(position.id) == shelf.strategy_id


def test_positions_that_match_every_filter_are_found(shelf: "Shelf") -> None:
    first = shelf.order("O-1")
    second = shelf.order("O-2", strategy_id=shelf.other_strategy_id)
    shelf.accept(first, "V-1")
    shelf.accept(second, "V-2")
    late = shelf.fill(second, "1", "T-1")
    early = shelf.fill(first, "1", "T-2")

    cache = shelf.cache
    assert cache.positions() == [early, late]
    assert cache.positions(strategy_id=shelf.other_strategy_id) == [late]
    assert cache.positions_open(SIM, shelf.instrument_id, shelf.strategy_id) == [early]
    assert cache.positions_open(account_id=AccountId("SIM-002")) == []
    assert cache.positions(venue=Venue("ALT")) == []
    assert list(cache.positions_of(shelf.instrument_id)) == [late, early]
    assert list(cache.positions_of(shelf.other_id)) == []


def test_position_id_taken_is_refused(shelf: "Shelf") -> None:
    order = shelf.order()
    shelf.accept(order)
    position = shelf.fill(order, "1")

    with pytest.raises(AlreadyCached):
        shelf.cache.add_position(position)


# --- accounts ------------------------------------------------------------------------------------


def test_account_is_found_by_id_and_by_venue(shelf: "Shelf") -> None:
    account = CashAccount(AccountId("SIM-001"))
    shelf.cache.add_account(account)

    assert shelf.cache.account(AccountId("SIM-001")) is account
    assert shelf.cache.account_for_venue(SIM) is account
    assert shelf.cache.account_id(SIM) == "SIM-001"
    assert shelf.cache.accounts() == [account]
    assert shelf.cache.account_for_venue(Venue("ALT")) is None


@pytest.mark.parametrize("second", ["SIM-001", "SIM-002"])
def test_second_account_of_a_venue_is_refused(shelf: "Shelf", second: str) -> None:
    genuine = CashAccount(AccountId("SIM-001"))
    shelf.cache.add_account(genuine)

    with pytest.raises(AlreadyCached):
        shelf.cache.add_account(CashAccount(AccountId(second)))

    assert shelf.cache.accounts() == [genuine]


def test_update_of_an_unknown_account_is_refused(shelf: "Shelf") -> None:
    with pytest.raises(NotCached):
        shelf.cache.update_account(CashAccount(AccountId("SIM-001")))


def test_canceled_order_filled_late_stays_closed(shelf: "Shelf") -> None:
    order = shelf.order()
    shelf.accept(order)
    order.apply(OrderCanceled(*shelf.head(order)))
    shelf.cache.update_order(order)
    shelf.fill(order, "1")

    assert shelf.cache.orders_closed() == [order]
    assert shelf.cache.orders_open() == []
    assert shelf.cache.check_integrity() == []
