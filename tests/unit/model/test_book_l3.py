"""The book order by order: who is first in line, and what a malformed message leaves alone."""

import pytest

from engine.model import book_analysis as analysis
from engine.model.book import BookFaultKind, OrderBook
from engine.model.book_l3 import BookOrder, OrderBookL3
from engine.model.data import (
    F_LAST,
    F_MBP,
    F_SNAPSHOT,
    F_TOB,
    MboDelta,
    MboDeltas,
    OrderBookDelta,
    OrderBookDeltas,
    QuoteTick,
)
from engine.model.enums import BUY, SELL, BookAction, BookType
from engine.model.identifiers import InstrumentId
from engine.model.values import Price, Quantity

ES = InstrumentId("ESH4.XCME")
ADD, UPDATE, DELETE, CLEAR = BookAction.ADD, BookAction.UPDATE, BookAction.DELETE, BookAction.CLEAR


def batch(*changes, sequence: int = 1, ts: int = 1, flags: int = 0) -> MboDeltas:
    last = len(changes) - 1
    return MboDeltas(
        ES,
        tuple(
            MboDelta(*change, flags | (F_LAST if index == last else 0), sequence)
            for index, change in enumerate(changes)
        ),
        2,
        0,
        ts,
        ts,
    )


def standing() -> OrderBookL3:
    """Bids 99: orders 1 (5), 2 (7), 3 (2); 98: 4 (9). Asks 101: 5 (4), 6 (1)."""
    book = OrderBookL3(ES, 2, 0)
    book.apply(
        batch(
            (ADD, BUY, 9900, 5, 1),
            (ADD, BUY, 9900, 7, 2),
            (ADD, BUY, 9900, 2, 3),
            (ADD, BUY, 9800, 9, 4),
            (ADD, SELL, 10100, 4, 5),
            (ADD, SELL, 10100, 1, 6),
        )
    )
    return book


def at_99(book: OrderBookL3) -> list[tuple[int, int]]:
    return book.queue_at(BUY, 9900)


def everything(book: OrderBookL3) -> tuple[object, ...]:
    return (
        list(book.orders(BUY)),
        list(book.orders(SELL)),
        book.bids(),
        book.asks(),
        book.sequence,
        book.ts_last,
        book.update_count,
        book.out_of_order,
        book.misplaced,
    )


# -- queues ----------------------------------------------------------------------------------


def test_adds_join_the_back_of_their_level() -> None:
    assert at_99(standing()) == [(1, 5), (2, 7), (3, 2)]


def test_best_prices_carry_the_total_of_their_level() -> None:
    book = standing()
    assert (book.best_bid(), book.best_ask()) == ((9900, 14), (10100, 5))
    assert book.bids() == [(9900, 14), (9800, 9)]
    assert (book.bid_size_at(9900), book.ask_size_at(9900)) == (14, 0)


def test_orders_are_walked_by_price_then_by_time() -> None:
    book = standing()
    book.apply(batch((ADD, BUY, 9950, 1, 7)))
    assert [order.order_id for order in book.orders(BUY)] == [7, 1, 2, 3, 4]
    assert [order.order_id for order in book.orders(BUY, 2)] == [7, 1, 2, 3]
    assert next(book.orders(SELL)) == BookOrder(5, SELL, 10100, 4)
    assert len(book) == 7


def test_an_order_can_be_found_by_its_id() -> None:
    book = standing()
    assert book.order(2) == BookOrder(2, BUY, 9900, 7)
    assert (book.order(9), book.size_of(2), book.size_of(9)) == (None, 7, 0)


def test_smaller_size_at_the_same_price_keeps_its_place() -> None:
    book = standing()
    book.apply(batch((UPDATE, BUY, 9900, 3, 1)))
    assert at_99(book) == [(1, 3), (2, 7), (3, 2)]
    assert book.best_bid() == (9900, 12)


def test_same_size_at_the_same_price_keeps_its_place() -> None:
    book = standing()
    book.apply(batch((UPDATE, BUY, 9900, 5, 1)))
    assert at_99(book) == [(1, 5), (2, 7), (3, 2)]


def test_larger_size_at_the_same_price_goes_to_the_back() -> None:
    book = standing()
    book.apply(batch((UPDATE, BUY, 9900, 6, 1)))
    assert at_99(book) == [(2, 7), (3, 2), (1, 6)]
    assert book.best_bid() == (9900, 15)


def test_new_price_goes_to_the_back_even_with_a_smaller_size() -> None:
    book = standing()
    book.apply(batch((UPDATE, BUY, 9800, 1, 1)))
    assert book.queue_at(BUY, 9800) == [(4, 9), (1, 1)]
    assert (book.bids(), book.misplaced) == ([(9900, 9), (9800, 10)], 0)


def test_update_of_an_unknown_order_adds_it() -> None:
    book = standing()
    book.apply(batch((UPDATE, SELL, 10100, 3, 8)))
    assert book.queue_at(SELL, 10100) == [(5, 4), (6, 1), (8, 3)]


@pytest.mark.parametrize("action", [ADD, UPDATE])
def test_size_zero_removes_the_order(action) -> None:
    book = standing()
    book.apply(batch((action, BUY, 9900, 0, 2), (action, BUY, 9900, 0, 42)))
    assert at_99(book) == [(1, 5), (3, 2)]


def test_delete_removes_the_order_wherever_the_message_thinks_it_is() -> None:
    book = standing()
    book.apply(batch((DELETE, SELL, 7777, 0, 2)))
    assert at_99(book) == [(1, 5), (3, 2)]


def test_delete_of_the_last_order_takes_the_level_away() -> None:
    book = standing()
    book.apply(batch((DELETE, BUY, 9800, 0, 4)))
    assert (book.bids(), book.has_level(BUY, 9800)) == ([(9900, 14)], False)


def test_delete_of_an_unknown_order_is_ignored() -> None:
    book = standing()
    before = everything(book)
    book.apply(batch((DELETE, BUY, 9900, 0, 77)))
    assert everything(book)[:5] == before[:5]
    assert book.update_count == 7


def test_add_of_an_order_that_rests_elsewhere_moves_it_and_is_counted() -> None:
    book = standing()
    book.apply(batch((ADD, BUY, 9800, 5, 1)))
    assert (at_99(book), book.queue_at(BUY, 9800)) == ([(2, 7), (3, 2)], [(4, 9), (1, 5)])
    assert book.misplaced == 1
    assert book.check_integrity() == []


def test_add_of_an_order_at_its_own_price_replaces_it_uncounted() -> None:
    book = standing()
    book.apply(batch((ADD, BUY, 9900, 4, 1)))
    assert (at_99(book), book.misplaced) == ([(1, 4), (2, 7), (3, 2)], 0)


def test_update_that_names_the_other_side_moves_the_order_and_is_counted() -> None:
    book = standing()
    book.apply(batch((UPDATE, SELL, 10100, 5, 1)))
    assert book.queue_at(SELL, 10100) == [(5, 4), (6, 1), (1, 5)]
    assert (at_99(book), book.misplaced) == ([(2, 7), (3, 2)], 1)


def test_clear_empties_both_sides_and_forgets_the_ids() -> None:
    book = standing()
    book.apply(batch((CLEAR, None, 0, 0, 0), (ADD, BUY, 9000, 1, 1), flags=F_SNAPSHOT))
    assert (book.bids(), book.asks(), len(book), book.misplaced) == ([(9000, 1)], [], 1, 0)


def test_an_empty_book_is_true() -> None:
    assert OrderBookL3(ES, 2, 0)


# -- sides -----------------------------------------------------------------------------------


def test_missing_side_is_found_by_the_id() -> None:
    book = standing()
    book.apply(batch((UPDATE, None, 10100, 2, 5), (DELETE, None, 0, 0, 1), (ADD, None, 9700, 1, 4)))
    assert book.queue_at(SELL, 10100) == [(5, 2), (6, 1)]
    assert (at_99(book), book.bids()[-1]) == ([(2, 7), (3, 2)], (9700, 1))


@pytest.mark.parametrize("action", [UPDATE, DELETE])
def test_missing_side_of_an_unknown_order_is_skipped(action) -> None:
    book = standing()
    book.apply(batch((action, None, 9900, 3, 77)))
    assert (at_99(book), len(book)) == ([(1, 5), (2, 7), (3, 2)], 6)


@pytest.mark.parametrize(
    "changes",
    [
        [(ADD, None, 9900, 1, 77)],
        [(DELETE, BUY, 9900, 0, 1), (ADD, None, 9900, 1, 1)],
        [(UPDATE, BUY, 9900, 0, 1), (ADD, None, 9900, 1, 1)],
        [(CLEAR, None, 0, 0, 0), (ADD, None, 9900, 1, 1)],
        [(UPDATE, None, 9900, 4, 77), (ADD, None, 9900, 1, 77)],
    ],
)
def test_add_that_nobody_can_place_refuses_the_batch(changes) -> None:
    book = standing()
    before = everything(book)
    with pytest.raises(ValueError, match="without a side"):
        book.apply(batch((ADD, SELL, 10200, 1, 50), *changes))
    assert everything(book) == before


def test_missing_side_of_an_order_added_by_the_same_batch_is_found() -> None:
    book = standing()
    book.apply(batch((ADD, SELL, 10200, 1, 50), (ADD, None, 10300, 2, 50)))
    assert book.order(50) == BookOrder(50, SELL, 10300, 2)


# -- refusals --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        (ADD, BUY, 9900, -1, 50),
        (ADD, BUY, 9900, 1, 0),
        (ADD, BUY, 9900, 1, -3),
        (DELETE, None, 9900, 1, 0),
    ],
)
def test_malformed_delta_refuses_the_batch(change) -> None:
    book = standing()
    before = everything(book)
    with pytest.raises(ValueError):
        book.apply(batch((ADD, SELL, 10200, 1, 50), change))
    assert everything(book) == before


def test_deltas_of_another_instrument_or_precision_are_refused() -> None:
    book = standing()
    delta = MboDelta(ADD, BUY, 9900, 1, 50, F_LAST, 1)
    for deltas in (
        MboDeltas(InstrumentId("NQH4.XCME"), (delta,), 2, 0, 1, 1),
        MboDeltas(ES, (delta,), 3, 0, 1, 1),
        MboDeltas(ES, (delta,), 2, 1, 1, 1),
    ):
        with pytest.raises(ValueError, match="precisions"):
            book.apply(deltas)
    assert len(book) == 6


def test_deltas_by_price_and_quotes_are_refused() -> None:
    book = standing()
    delta = OrderBookDelta(ADD, BUY, 9900, 1, F_LAST, 1)
    with pytest.raises(ValueError, match="L3"):
        book.apply(OrderBookDeltas(ES, (delta,), 2, 0, 1, 1))
    with pytest.raises(ValueError, match="L3_MBO"):
        book.update_quote_tick(QuoteTick(ES, 1, 2, 1, 1, 2, 0, 1, 1))


def test_a_book_by_price_is_no_l3_book() -> None:
    with pytest.raises(ValueError, match="L3_MBO"):
        OrderBook(ES, BookType.L3_MBO, 2, 0)
    assert standing().book_type is BookType.L3_MBO


# -- sequence and time -----------------------------------------------------------------------


def test_stale_deltas_are_applied_and_counted_and_the_sequence_never_goes_back() -> None:
    book = standing()
    book.apply(batch((ADD, BUY, 9700, 1, 50), sequence=9, ts=9))
    book.apply(batch((DELETE, BUY, 9700, 0, 50), sequence=4, ts=8))
    assert (book.sequence, book.ts_last, book.out_of_order) == (9, 9, 1)
    assert (book.update_count, len(book)) == (8, 6)


# -- the whole book --------------------------------------------------------------------------


def test_snapshot_rebuilds_the_book_with_its_priorities() -> None:
    book = standing()
    book.apply(batch((UPDATE, BUY, 9900, 9, 1), sequence=3))
    rebuilt = OrderBookL3(ES, 2, 0)
    image = book.to_mbo_deltas(5, 6)
    rebuilt.apply(image)
    assert everything(rebuilt)[:5] == everything(book)[:5]
    assert image.deltas[0].action is CLEAR
    assert [delta.flags for delta in image.deltas] == [F_SNAPSHOT] * 6 + [F_SNAPSHOT | F_LAST]


def test_snapshot_of_an_empty_book_is_one_clear() -> None:
    (delta,) = OrderBookL3(ES, 2, 0).to_mbo_deltas(5, 6).deltas
    assert (delta.action, delta.flags) == (CLEAR, F_SNAPSHOT | F_LAST)


def test_crossed_book_is_found_by_the_check_and_a_locked_one_is_sound() -> None:
    book = standing()
    book.apply(batch((ADD, BUY, 10100, 1, 50)))
    assert book.check_integrity() == []
    book.apply(batch((ADD, BUY, 10200, 1, 51)))
    assert [fault.kind for fault in book.check_integrity()] == [BookFaultKind.ORDERS_CROSSED]


def test_clearing_stale_levels_forgets_their_orders() -> None:
    book = standing()
    book.apply(batch((ADD, BUY, 10200, 1, 50), (ADD, SELL, 10150, 2, 51)))
    assert book.clear_stale_levels(SELL) == [(SELL, (10100, 5)), (SELL, (10150, 2))]
    assert (book.order(5), book.order(51), book.asks()) == (None, None, [])
    assert book.check_integrity() == []


def test_queue_that_disagrees_with_its_level_is_found_by_the_check() -> None:
    book = standing()
    book._bid_queues[9900][1] = 6
    assert [fault.kind for fault in book.check_integrity()] == [BookFaultKind.LADDER_BROKEN]


def test_analysis_by_price_reads_a_book_by_order() -> None:
    fills = analysis.simulate_fills(standing(), SELL, Quantity("16"))
    assert fills == [(Price("99.00"), Quantity("14")), (Price("98.00"), Quantity("2"))]


# -- messages that speak of a level or a side -------------------------------------------------


def test_message_about_a_level_is_one_order_there() -> None:
    book = OrderBookL3(ES, 2, 0)
    book.apply(batch((ADD, BUY, 9900, 5, 0), (ADD, BUY, 9900, 7, 0), flags=F_MBP))
    assert (book.bids(), len(book), book.misplaced) == ([(9900, 7)], 1, 0)
    book.apply(batch((DELETE, BUY, 9900, 0, 0), flags=F_MBP))
    assert len(book) == 0


def test_message_about_the_top_is_the_one_order_of_its_side() -> None:
    book = OrderBookL3(ES, 2, 0)
    book.apply(batch((ADD, BUY, 9900, 5, 0), (ADD, SELL, 10000, 1, 0), flags=F_TOB))
    book.apply(batch((ADD, BUY, 9950, 2, 0), flags=F_TOB))
    assert (book.bids(), book.asks(), book.misplaced) == ([(9950, 2)], [(10000, 1)], 0)
