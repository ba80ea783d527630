"""The vendor of orders: what it sends rebuilds the venue's queues, whatever is lost or repeated."""

import pytest

from engine.data.book_updater import BookProblem
from engine.model.commands import QueryOpenOrders, Subscribe
from engine.model.enums import BUY, SELL, DataKind
from simulation.entropy import SeededEntropy
from simulation.order_feed import order_feed_id
from simulation.scenarios import BTCUSDT_PERP, listening
from simulation.world import World


@pytest.fixture(scope="module")
def world() -> World:
    """One stormy run of the scenario that has such a vendor."""
    world = World(listening().checked(), SeededEntropy(3), keep_trace=False)
    world.run()
    return world


def test_book_by_order_ends_as_the_venues_queues_though_batches_were_lost(world: World) -> None:
    assert world.monitor.violation is None
    assert world.feeds[0].lost
    book = world.kernel.cache.order_book_l3(BTCUSDT_PERP.id)
    assert book is not None
    bids, asks = world.exchanges["SIM"].true_queues(BTCUSDT_PERP.id)
    for side, levels, true_queues in ((BUY, book.bids(), bids), (SELL, book.asks(), asks)):
        assert true_queues
        assert tuple(tuple(book.queue_at(side, price)) for price, _ in levels) == true_queues


def test_batch_that_comes_again_after_the_next_is_refused_by_the_kernel(world: World) -> None:
    assert world.feeds[0].repeated
    assert world.kernel.data_engine.books.counts[BookProblem.BOOK_SEQUENCE_BACK]


def test_vendor_is_asked_for_orders_only(world: World) -> None:
    feed = world.feeds[0]
    assert feed.client_id == order_feed_id("SIM") == "SIM-ORDERS"
    instrument_id = BTCUSDT_PERP.id
    with pytest.raises(ValueError, match="QUOTES"):
        feed.send(Subscribe("1", None, 0, DataKind.QUOTES, instrument_id))
    with pytest.raises(TypeError, match="QueryOpenOrders"):
        feed.send(QueryOpenOrders("2", None, 0))
