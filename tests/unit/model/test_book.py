from decimal import Decimal

import pytest

from engine.model import book_analysis as analysis
from engine.model.book import BookFault, BookFaultKind, OrderBook
from engine.model.data import (
    F_LAST,
    F_SNAPSHOT,
    OrderBookDelta,
    OrderBookDeltas,
    QuoteTick,
    TradeTick,
)
from engine.model.enums import BUY, SELL, AggressorSide, BookAction, BookType, OrderSide
from engine.model.identifiers import InstrumentId, TradeId
from engine.model.values import Price, Quantity

BTC = InstrumentId("BTC/USDT.SIM")
ADD, UPDATE, DELETE, CLEAR = BookAction.ADD, BookAction.UPDATE, BookAction.DELETE, BookAction.CLEAR
Change = tuple[BookAction, OrderSide | None, int, int]


def l2() -> OrderBook:
    return OrderBook(BTC, BookType.L2_MBP, 2, 3)


def l1() -> OrderBook:
    return OrderBook(BTC, BookType.L1_MBP, 2, 3)


def batch(*changes: Change, sequence: int = 1, ts: int = 1, flags: int = 0) -> OrderBookDeltas:
    last = len(changes) - 1
    return OrderBookDeltas(
        BTC,
        tuple(
            OrderBookDelta(*change, flags | (F_LAST if index == last else 0), sequence)
            for index, change in enumerate(changes)
        ),
        2,
        3,
        ts,
        ts,
    )


def standing() -> OrderBook:
    book = l2()
    book.apply(
        batch(
            (ADD, BUY, 9900, 1000),
            (ADD, BUY, 9800, 2000),
            (ADD, SELL, 10000, 1000),
            (ADD, SELL, 10100, 2000),
            (ADD, SELL, 10300, 3000),
        )
    )
    return book


def quote(bid: int, ask: int, bid_size: int = 10, ask_size: int = 20, ts: int = 1) -> QuoteTick:
    return QuoteTick(BTC, bid, ask, bid_size, ask_size, 2, 3, ts, ts)


# -- levels ----------------------------------------------------------------------------------


def test_an_empty_book_has_no_best_prices() -> None:
    book = l2()
    assert (book.best_bid(), book.best_ask(), book.bids(), book.asks()) == (None, None, [], [])


def test_levels_are_sorted_best_first() -> None:
    book = standing()
    assert book.bids() == [(9900, 1000), (9800, 2000)]
    assert book.asks() == [(10000, 1000), (10100, 2000), (10300, 3000)]
    assert (book.best_bid(), book.best_ask()) == ((9900, 1000), (10000, 1000))
    assert (book.bids(1), book.asks(2)) == ([(9900, 1000)], [(10000, 1000), (10100, 2000)])
    assert (book.bids(0), book.asks(9)) == ([], book.asks())
    assert (book.bid_size_at(9800), book.ask_size_at(9800)) == (2000, 0)


def test_add_at_a_price_replaces_its_size_and_does_not_sum() -> None:
    book = l2()
    book.apply(batch((ADD, BUY, 1000, 5), (ADD, BUY, 1000, 7)))
    assert book.bids() == [(1000, 7)]


def test_update_of_an_unknown_price_adds_it_and_of_a_known_one_replaces() -> None:
    book = l2()
    book.apply(batch((UPDATE, SELL, 1000, 5)))
    book.apply(batch((UPDATE, SELL, 1000, 9)))
    assert book.asks() == [(1000, 9)]


@pytest.mark.parametrize("action", [ADD, UPDATE])
def test_size_zero_removes_the_level(action: BookAction) -> None:
    book = standing()
    book.apply(batch((action, BUY, 9900, 0), (action, SELL, 10000, 0), (action, SELL, 1, 0)))
    assert (book.best_bid(), book.best_ask()) == ((9800, 2000), (10100, 2000))
    assert book.check_integrity() == []


def test_delete_removes_a_known_price_and_ignores_an_unknown_one() -> None:
    book = standing()
    book.apply(batch((DELETE, SELL, 10100, 5), (DELETE, SELL, 9900, 0), (DELETE, BUY, 1, 0)))
    assert book.asks() == [(10000, 1000), (10300, 3000)]
    assert book.bids() == [(9900, 1000), (9800, 2000)]


def test_clear_empties_both_sides_and_keeps_the_counters() -> None:
    book = standing()
    book.apply(batch((CLEAR, None, 0, 0), sequence=2))
    assert (book.bids(), book.asks()) == ([], [])
    assert (book.update_count, book.sequence) == (6, 2)


def test_negative_prices_are_levels_like_others() -> None:
    book = l2()
    book.apply(
        batch((ADD, BUY, -200, 1), (ADD, BUY, -300, 1), (ADD, SELL, -100, 1), (ADD, SELL, 5, 1))
    )
    assert [price for price, _ in book.bids()] == [-200, -300]
    assert [price for price, _ in book.asks()] == [-100, 5]


@pytest.mark.parametrize(
    "bad",
    [
        batch((ADD, BUY, 1, 1), (ADD, None, 2, 1)),
        batch((ADD, BUY, 1, 1), (UPDATE, SELL, 2, -1)),
        OrderBookDeltas(InstrumentId("ETH.SIM"), (), 2, 3, 1, 1),
        OrderBookDeltas(BTC, (), 3, 3, 1, 1),
        OrderBookDeltas(BTC, (), 2, 4, 1, 1),
    ],
)
def test_a_malformed_batch_is_refused_whole(bad: OrderBookDeltas) -> None:
    book = standing()
    before = (book.bids(), book.asks(), book.update_count, book.sequence, book.ts_last)
    with pytest.raises(ValueError):
        book.apply(bad)
    assert (book.bids(), book.asks(), book.update_count, book.sequence, book.ts_last) == before


def test_construction_checks_its_arguments() -> None:
    with pytest.raises(TypeError):
        OrderBook("BTC.SIM", BookType.L2_MBP, 2, 3)  # type: ignore[arg-type]
    with pytest.raises(ValueError):
        OrderBook(BTC, 3, 2, 3)  # type: ignore[arg-type]
    with pytest.raises(ValueError):
        OrderBook(BTC, BookType.L2_MBP, 17, 3)


# -- order of arrival ------------------------------------------------------------------------


def test_a_lower_sequence_is_counted_and_applied_and_never_turns_the_book_back() -> None:
    book = l2()
    book.apply(batch((ADD, BUY, 1000, 1), sequence=5, ts=50))
    book.apply(batch((ADD, BUY, 1000, 2), sequence=4, ts=60))
    assert (book.sequence, book.out_of_order, book.bids()) == (5, 1, [(1000, 2)])


def test_an_earlier_time_is_counted_and_applied() -> None:
    book = l2()
    book.apply(batch((ADD, BUY, 1000, 1), sequence=0, ts=50))
    book.apply(batch((ADD, BUY, 1000, 2), (ADD, BUY, 999, 2), sequence=0, ts=40))
    assert (book.ts_last, book.out_of_order, book.best_bid()) == (50, 2, (1000, 2))


def test_equal_sequences_and_a_venue_without_sequences_are_in_order() -> None:
    book = l2()
    book.apply(batch((ADD, BUY, 1000, 1), (ADD, BUY, 999, 1), sequence=7))
    book.apply(batch((ADD, BUY, 1000, 2), sequence=7))
    book.apply(batch((ADD, BUY, 1000, 3), sequence=0))
    assert (book.sequence, book.out_of_order, book.update_count) == (7, 0, 4)


# -- L1 --------------------------------------------------------------------------------------


def test_a_quote_replaces_both_sides_of_an_l1_book() -> None:
    book = l1()
    book.update_quote_tick(quote(9900, 10000))
    book.update_quote_tick(quote(9950, 10050, ts=2))
    assert (book.bids(), book.asks()) == ([(9950, 10)], [(10050, 20)])
    assert (book.update_count, book.ts_last) == (2, 2)


def test_a_zero_size_in_a_quote_empties_that_side() -> None:
    book = l1()
    book.update_quote_tick(quote(9900, 10000))
    book.update_quote_tick(quote(9900, 10000, bid_size=0, ts=2))
    assert (book.best_bid(), book.best_ask()) == (None, (10000, 20))


def test_a_trade_locks_an_l1_book_at_its_price() -> None:
    book = l1()
    book.update_trade_tick(TradeTick(BTC, 9950, 7, 2, 3, AggressorSide.BUYER, TradeId("T"), 1, 1))
    assert (book.bids(), book.asks()) == ([(9950, 7)], [(9950, 7)])
    assert book.check_integrity() == []


def test_an_older_quote_is_skipped_and_counted() -> None:
    book = l1()
    book.update_quote_tick(quote(9900, 10000, ts=5))
    book.update_quote_tick(quote(1, 2, ts=4))
    assert (book.best_bid(), book.out_of_order, book.update_count) == ((9900, 10), 1, 1)


def test_quotes_and_trades_are_refused_by_an_l2_book_and_by_another_instruments() -> None:
    with pytest.raises(ValueError, match="L1"):
        l2().update_quote_tick(quote(1, 2))
    other = OrderBook(InstrumentId("ETH.SIM"), BookType.L1_MBP, 2, 3)
    with pytest.raises(ValueError, match=r"ETH\.SIM"):
        other.update_quote_tick(quote(1, 2))
    book = l1()
    with pytest.raises(ValueError, match="negative"):
        book.update_quote_tick(quote(1, 2, bid_size=-1))
    assert book.bids() == []


def test_an_l1_delta_replaces_its_side_and_zero_or_delete_empties_it() -> None:
    book = l1()
    book.apply(batch((ADD, BUY, 9900, 1), (UPDATE, BUY, 9800, 2), (ADD, SELL, 10000, 3)))
    assert (book.bids(), book.asks()) == ([(9800, 2)], [(10000, 3)])
    book.apply(batch((ADD, BUY, 9900, 0), (DELETE, SELL, 5, 0)))
    assert (book.bids(), book.asks()) == ([], [])


def test_an_l1_snapshot_of_several_levels_keeps_the_best() -> None:
    book = l1()
    book.apply(
        batch(
            (CLEAR, None, 0, 0),
            (ADD, BUY, 9900, 1),
            (ADD, BUY, 9800, 2),
            (ADD, SELL, 10100, 3),
            (ADD, SELL, 10000, 4),
            flags=F_SNAPSHOT,
        )
    )
    assert (book.bids(), book.asks()) == ([(9900, 1)], [(10000, 4)])


# -- integrity -------------------------------------------------------------------------------


def crossed() -> OrderBook:
    book = standing()
    book.apply(batch((ADD, BUY, 10100, 4000), (ADD, BUY, 10050, 5000)))
    return book


def test_a_crossed_book_is_applied_and_found_by_the_check() -> None:
    assert crossed().check_integrity() == [
        BookFault(BookFaultKind.ORDERS_CROSSED, "bid 10100 above ask 10000")
    ]


def test_a_locked_book_is_valid() -> None:
    book = standing()
    book.apply(batch((ADD, BUY, 10000, 1)))
    assert book.check_integrity() == []


def test_the_check_sees_when_the_two_records_of_a_side_disagree() -> None:
    book = standing()
    book._bid_sizes[1] = 5
    book._ask_keys.reverse()
    assert [fault.kind for fault in book.check_integrity()].count(BookFaultKind.LADDER_BROKEN) == 2
    top = l1()
    top._bid_keys = [1, 2]
    top._bid_sizes = {1: 1, 2: 1}
    assert [fault.kind for fault in top.check_integrity()] == [BookFaultKind.TOO_MANY_LEVELS]


def test_stale_levels_of_a_crossed_book_are_removed_and_returned() -> None:
    book = crossed()
    assert book.clear_stale_levels() == [
        (BUY, (10100, 4000)),
        (BUY, (10050, 5000)),
        (SELL, (10000, 1000)),
        (SELL, (10100, 2000)),
    ]
    assert (book.best_bid(), book.best_ask()) == ((9900, 1000), (10300, 3000))
    assert book.check_integrity() == []


def test_stale_levels_may_be_removed_on_one_side_only() -> None:
    book = crossed()
    book.clear_stale_levels(BUY)
    assert (book.best_bid(), book.best_ask()) == ((9900, 1000), (10000, 1000))
    book = crossed()
    book.clear_stale_levels(SELL)
    assert (book.best_bid(), book.best_ask()) == ((10100, 4000), (10300, 3000))


def test_a_book_that_is_not_crossed_loses_no_levels() -> None:
    assert standing().clear_stale_levels() == []
    assert l2().clear_stale_levels() == []


# -- snapshot --------------------------------------------------------------------------------


def test_a_book_rebuilds_from_its_own_snapshot() -> None:
    book = standing()
    snapshot = book.to_deltas(5, 6)
    assert [delta.flags for delta in snapshot.deltas] == [F_SNAPSHOT] * 5 + [F_SNAPSHOT | F_LAST]
    assert (snapshot.deltas[0].action, snapshot.ts_event, snapshot.ts_init) == (CLEAR, 5, 6)
    twin = crossed()
    twin.apply(snapshot)
    assert (twin.bids(), twin.asks(), twin.sequence) == (book.bids(), book.asks(), 1)


def test_the_snapshot_of_an_empty_book_is_one_clear() -> None:
    (only,) = l2().to_deltas(0, 0).deltas
    assert (only.action, only.side, only.flags) == (CLEAR, None, 160)


# -- analysis --------------------------------------------------------------------------------


def test_spread_and_midpoint_are_exact() -> None:
    book = standing()
    assert str(analysis.spread(book)) == "1.00"
    assert analysis.midpoint(book) == Decimal("99.5")
    assert analysis.spread(crossed()) == Price("-1")
    assert (analysis.spread(l2()), analysis.midpoint(l2())) == (None, None)


def test_a_midpoint_between_two_ticks_keeps_the_half() -> None:
    book = l1()
    book.update_quote_tick(quote(9999, 10000))
    assert str(analysis.midpoint(book)) == "99.995"


def test_fills_walk_the_opposite_side_and_cut_the_last_level() -> None:
    fills = analysis.simulate_fills(standing(), BUY, Quantity("2"))
    assert [(str(price), str(size)) for price, size in fills] == [
        ("100.00", "1.000"),
        ("101.00", "1.000"),
    ]
    sold = analysis.simulate_fills(standing(), SELL, Quantity("9"))
    assert sold == [(Price("99"), Quantity(1)), (Price("98"), Quantity(2))]


def test_fills_stop_at_the_limit_price() -> None:
    assert analysis.simulate_fills(standing(), BUY, Quantity(9), Price("101")) == [
        (Price("100"), Quantity(1)),
        (Price("101"), Quantity(2)),
    ]
    assert analysis.simulate_fills(standing(), SELL, Quantity(9), Price("99.5")) == []
    assert analysis.simulate_fills(standing(), BUY, Quantity(0)) == []


def test_average_and_worst_price_over_what_is_available() -> None:
    book = standing()
    assert analysis.avg_px_for_quantity(book, Quantity("2"), BUY) == Decimal("100.5")
    assert analysis.avg_px_for_quantity(book, Quantity("3"), BUY) == Decimal("100.6666666666666667")
    assert analysis.avg_px_for_quantity(book, Quantity("99"), SELL) == Decimal(
        "98.3333333333333333"
    )
    assert analysis.worst_px_for_quantity(book, Quantity("2"), BUY) == Price("101")
    assert analysis.worst_px_for_quantity(book, Quantity("99"), SELL) == Price("98")


def test_a_price_that_does_not_exist_is_none() -> None:
    assert analysis.avg_px_for_quantity(l2(), Quantity(1), BUY) is None
    assert analysis.worst_px_for_quantity(l2(), Quantity(1), BUY) is None
    assert analysis.avg_px_qty_for_exposure(l2(), 100, BUY) is None
    assert analysis.avg_px_qty_for_exposure(standing(), 0, BUY) is None


def test_quantity_for_a_price_and_at_a_level() -> None:
    book = standing()
    assert analysis.quantity_for_price(book, Price("101"), BUY) == Quantity(3)
    assert analysis.quantity_for_price(book, Price("98.5"), SELL) == Quantity(1)
    assert analysis.quantity_at_level(book, Price("101"), BUY) == Quantity(2)
    assert analysis.quantity_at_level(book, Price("101"), SELL) == Quantity(0)
    assert analysis.quantity_at_level(book, Price("98"), SELL) == Quantity(2)
    assert analysis.quantity_at_level(book, Price("101.001"), BUY) == Quantity(0)


def test_exposure_takes_the_last_level_in_the_fraction_left_to_spend() -> None:
    average, quantity, last = analysis.avg_px_qty_for_exposure(standing(), Decimal("150.5"), BUY)  # type: ignore[misc]
    assert (average, quantity, last) == (
        Decimal("100.3333333333333333"),
        Decimal("1.5"),
        Price("101"),
    )
    assert analysis.avg_px_qty_for_exposure(standing(), 10**9, SELL) == (
        Decimal("98.3333333333333333"),
        Decimal(3),
        Price("98"),
    )
    with pytest.raises(ValueError):
        analysis.avg_px_qty_for_exposure(standing(), Decimal("1e500"), BUY)


def test_crossed_levels_are_all_levels_at_or_better() -> None:
    assert analysis.crossed_levels(standing(), BUY, Price("101.5")) == [
        (Price("100"), Quantity(1)),
        (Price("101"), Quantity(2)),
    ]
    assert analysis.crossed_levels(standing(), SELL, Price("99")) == [(Price("99"), Quantity(1))]


def test_groups_floor_bids_and_raise_asks() -> None:
    book = standing()
    assert analysis.group_bids(book, Price("5")) == {Price(95): Quantity(3)}
    assert analysis.group_asks(book, Price("2")) == {
        Price(100): Quantity(1),
        Price(102): Quantity(2),
        Price(104): Quantity(3),
    }
    assert analysis.group_asks(book, Price("2"), 1) == {Price(100): Quantity(1)}
    with pytest.raises(ValueError):
        analysis.group_bids(book, Price(0))


def test_analysis_refuses_numbers_where_values_are_meant() -> None:
    with pytest.raises(TypeError):
        analysis.simulate_fills(standing(), BUY, 1)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        analysis.quantity_for_price(standing(), 101, BUY)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        analysis.group_asks(standing(), 1)  # type: ignore[arg-type]
