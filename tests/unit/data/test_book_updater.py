from typing import Any

import pytest

from engine.data.book_updater import BookProblem, BookUpdater
from engine.model.data import F_LAST, F_SNAPSHOT, OrderBookDelta
from engine.model.enums import BUY, SELL, BookAction
from engine.model.identifiers import InstrumentId

BTCUSDT = InstrumentId("BTC/USDT.SIM")
UPDATE, DELETE, CLEAR = BookAction.UPDATE, BookAction.DELETE, BookAction.CLEAR


@pytest.fixture
def updater(desk: Any) -> BookUpdater:
    return BookUpdater(desk.cache)


def test_first_batch_makes_the_cached_book(desk: Any, updater: BookUpdater) -> None:
    assert desk.cache.order_book(BTCUSDT) is None
    assert updater.apply(desk.snapshot(1)) is None
    book = desk.cache.order_book(BTCUSDT)
    assert (book.bids(), book.asks(), book.sequence) == ([(100, 5)], [(101, 6)], 1)


def test_later_batches_change_that_same_book(desk: Any, updater: BookUpdater) -> None:
    updater.apply(desk.snapshot(1))
    book = desk.cache.order_book(BTCUSDT)
    updater.apply(
        desk.batch(
            OrderBookDelta(UPDATE, BUY, 99, 2, 0, 2),
            OrderBookDelta(DELETE, SELL, 101, 0, F_LAST, 2),
        )
    )
    assert desk.cache.order_book(BTCUSDT) is book
    assert (book.bids(), book.asks()) == ([(100, 5), (99, 2)], [])


def test_sequence_going_back_leaves_the_book_alone(desk: Any, updater: BookUpdater) -> None:
    updater.apply(desk.snapshot(5))
    problem = updater.apply(desk.batch(OrderBookDelta(UPDATE, BUY, 99, 2, F_LAST, 4)))
    assert problem is BookProblem.BOOK_SEQUENCE_BACK
    assert desk.cache.order_book(BTCUSDT).bids() == [(100, 5)]


def test_sequence_going_back_inside_a_batch_refuses_all_of_it(
    desk: Any, updater: BookUpdater
) -> None:
    updater.apply(desk.snapshot(5))
    problem = updater.apply(
        desk.batch(
            OrderBookDelta(UPDATE, BUY, 99, 2, 0, 7),
            OrderBookDelta(UPDATE, BUY, 98, 2, F_LAST, 6),
        )
    )
    assert problem is BookProblem.BOOK_SEQUENCE_BACK
    assert desk.cache.order_book(BTCUSDT).bids() == [(100, 5)]


def test_stale_snapshot_is_refused_like_any_stale_batch(desk: Any, updater: BookUpdater) -> None:
    updater.apply(desk.snapshot(5))
    assert updater.apply(desk.snapshot(4, bids=((90, 1),))) is BookProblem.BOOK_SEQUENCE_BACK
    assert desk.cache.order_book(BTCUSDT).bids() == [(100, 5)]


def test_snapshot_restating_the_last_sequence_is_applied(desk: Any, updater: BookUpdater) -> None:
    updater.apply(desk.snapshot(5))
    assert updater.apply(desk.snapshot(5, bids=((90, 1),))) is None
    assert desk.cache.order_book(BTCUSDT).bids() == [(90, 1)]


def test_venue_without_sequences_is_never_stale(desk: Any, updater: BookUpdater) -> None:
    updater.apply(desk.snapshot(0))
    assert updater.apply(desk.batch(OrderBookDelta(UPDATE, BUY, 99, 2, F_LAST, 0))) is None
    assert desk.cache.order_book(BTCUSDT).bids() == [(100, 5), (99, 2)]


@pytest.mark.parametrize("flags", [0, F_SNAPSHOT])
def test_batch_without_its_last_flag_is_incomplete(
    desk: Any, updater: BookUpdater, flags: int
) -> None:
    updater.apply(desk.snapshot(1))
    problem = updater.apply(desk.batch(OrderBookDelta(UPDATE, BUY, 99, 2, flags, 2)))
    assert problem is BookProblem.BOOK_BATCH_INCOMPLETE
    assert desk.cache.order_book(BTCUSDT).bids() == [(100, 5)]


def test_empty_batch_is_incomplete(desk: Any, updater: BookUpdater) -> None:
    assert updater.apply(desk.batch()) is BookProblem.BOOK_BATCH_INCOMPLETE


def test_other_precision_than_the_book_is_refused(desk: Any, updater: BookUpdater) -> None:
    updater.apply(desk.snapshot(1))
    batch = desk.batch(OrderBookDelta(UPDATE, BUY, 99, 2, F_LAST, 2), price_precision=3)
    assert updater.apply(batch) is BookProblem.BOOK_PRECISION_CHANGED


def test_empty_image_empties_the_book(desk: Any, updater: BookUpdater) -> None:
    updater.apply(desk.snapshot(1))
    updater.apply(desk.batch(OrderBookDelta(CLEAR, None, 0, 0, F_SNAPSHOT | F_LAST, 2)))
    book = desk.cache.order_book(BTCUSDT)
    assert (book.bids(), book.asks()) == ([], [])


def test_crossed_book_is_reported_once_per_episode_and_counted_each_time(
    desk: Any, updater: BookUpdater
) -> None:
    def bid(price: int, size: int, sequence: int) -> BookProblem | None:
        return updater.apply(desk.batch(OrderBookDelta(UPDATE, BUY, price, size, F_LAST, sequence)))

    updater.apply(desk.snapshot(1))
    assert bid(102, 1, 2) is BookProblem.BOOK_CROSSED
    assert bid(103, 1, 3) is None
    assert updater.counts[BookProblem.BOOK_CROSSED] == 2
    updater.apply(desk.snapshot(4))
    assert bid(102, 1, 5) is BookProblem.BOOK_CROSSED


def test_locked_book_is_no_problem(desk: Any, updater: BookUpdater) -> None:
    assert updater.apply(desk.snapshot(1, bids=((101, 1),), asks=((101, 1),))) is None


def test_crossed_only_in_the_middle_of_a_batch_is_no_problem(
    desk: Any, updater: BookUpdater
) -> None:
    updater.apply(desk.snapshot(1))
    problem = updater.apply(
        desk.batch(
            OrderBookDelta(UPDATE, BUY, 101, 1, 0, 2),
            OrderBookDelta(UPDATE, BUY, 102, 1, 0, 2),
            OrderBookDelta(DELETE, SELL, 101, 0, F_LAST, 2),
        )
    )
    assert problem is None


def test_malformed_delta_refuses_the_batch(desk: Any, updater: BookUpdater) -> None:
    first = desk.batch(OrderBookDelta(UPDATE, None, 99, 2, F_LAST, 1))
    assert updater.apply(first) is BookProblem.BOOK_MALFORMED
    assert desk.cache.order_book(BTCUSDT) is None
    updater.apply(desk.snapshot(2))
    negative = desk.batch(OrderBookDelta(UPDATE, BUY, 99, -2, F_LAST, 3))
    assert updater.apply(negative) is BookProblem.BOOK_MALFORMED
    assert desk.cache.order_book(BTCUSDT).sequence == 2
