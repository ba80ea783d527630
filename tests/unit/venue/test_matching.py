"""One book for everybody: price, then time; what is shown is consumed once."""

import pytest

from simulation.venue.orders import VenueRefusal


def test_incoming_order_meets_the_best_price_first_and_keeps_price_improvement(cash) -> None:
    desk = cash()
    desk.ask(10_010, 4)
    desk.ask(10_000, 4)
    order = desk.limit("BUY", 6, 10_020)
    prices = [entry[2].price for entry in desk.said if entry[0] == "FILLED"]
    assert (order.status, prices) == ("FILLED", [10_000, 10_010])


def test_equal_price_is_served_by_arrival_ours_among_others(cash) -> None:
    desk = cash()
    desk.bid(9_900, 4)
    desk.limit("BUY", 4, 9_900, id="OURS")
    desk.bid(9_900, 4)
    desk.seller(6)
    assert desk.record("OURS").filled == 2
    desk.seller(2)
    assert desk.record("OURS").status == "FILLED"
    assert desk.bids() == ((9_900, 4),)


def test_maker_fill_is_at_its_own_price_even_when_the_market_trades_through(cash) -> None:
    desk = cash()
    desk.limit("BUY", 4, 9_900, id="OURS")
    desk.seller(4, limit=9_000)
    trade = desk.exchange.trades_of("OURS")[0]
    assert (trade.price, trade.liquidity) == (9_900, "MAKER")


def test_shown_size_is_consumed_once_by_two_market_orders(cash) -> None:
    desk = cash()
    desk.ask(10_000, 10)
    desk.ask(10_010, 10)
    desk.market("BUY", 10, id="A")
    desk.market("BUY", 10, id="B")
    assert desk.exchange.trades_of("A")[0].price == 10_000
    assert desk.exchange.trades_of("B")[0].price == 10_010


def test_limit_larger_than_the_book_rests_and_does_not_fill_on_old_liquidity(cash) -> None:
    desk = cash()
    desk.ask(10_000, 10)
    order = desk.limit("BUY", 24, 10_000)
    assert (order.status, order.filled) == ("PARTIALLY_FILLED", 10)
    assert desk.bids() == ((10_000, 14),)
    desk.ask(10_000, 4)
    assert desk.record(order.client_order_id).filled == 14


def test_market_order_that_exhausts_the_book_loses_its_remainder(cash) -> None:
    desk = cash()
    desk.ask(10_000, 10)
    order = desk.market("BUY", 24)
    assert (order.status, order.filled, order.reason) == ("CANCELED", 10, "BOOK_EXHAUSTED")
    assert desk.events() == ["FILLED(TAKER)", "CANCELED"]


def test_our_two_orders_never_trade_and_the_aggressor_is_refused(cash) -> None:
    desk = cash()
    desk.limit("SELL", 4, 10_000, id="OLD")
    with pytest.raises(VenueRefusal) as refusal:
        desk.limit("BUY", 4, 10_000, id="NEW")
    assert refusal.value.code == "SELF_TRADE"
    assert desk.record("OLD").status == "ACCEPTED"
    assert desk.record("NEW").status == "REJECTED"


def test_aggressor_that_reaches_our_own_order_after_fills_loses_its_remainder(cash) -> None:
    desk = cash()
    desk.ask(10_000, 4)
    desk.limit("SELL", 4, 10_000, id="OLD")
    desk.ask(10_010, 4)
    order = desk.limit("BUY", 8, 10_010)
    assert (order.status, order.filled, order.reason) == ("CANCELED", 4, "SELF_TRADE")
    assert desk.record("OLD").filled == 0


def test_our_resting_order_is_filled_by_an_others_limit_order_whose_rest_then_rests(cash) -> None:
    desk = cash()
    desk.limit("SELL", 4, 10_000, id="OURS")
    desk.bid(10_000, 10)
    assert desk.record("OURS").status == "FILLED"
    assert desk.bids() == ((10_000, 6),)


def test_smaller_size_keeps_the_place_in_the_queue(cash) -> None:
    desk = cash()
    desk.limit("BUY", 10, 9_900, id="OURS")
    desk.bid(9_900, 4)
    desk.exchange.modify(desk.symbol, "OURS", 4, None, None)
    desk.seller(4)
    assert desk.record("OURS").status == "FILLED"


@pytest.mark.parametrize(("quantity", "price"), [(6, None), (None, 9_905)])
def test_larger_size_or_new_price_goes_to_the_back(cash, quantity, price) -> None:
    desk = cash()
    desk.limit("BUY", 4, 9_900, id="OURS")
    desk.bid(price or 9_900, 4)
    desk.exchange.modify(desk.symbol, "OURS", quantity, price, None)
    desk.seller(4)
    assert desk.record("OURS").filled == 0


def test_participants_order_keeps_its_place_when_resized_and_leaves_when_told(cash) -> None:
    desk = cash()
    first = desk.bid(9_900, 4)
    desk.limit("BUY", 4, 9_900, id="OURS")
    desk.floor.resize(desk.book, first, 8)
    desk.seller(8)
    assert desk.record("OURS").filled == 0
    desk.floor.leave(desk.book, first)
    assert desk.bids() == ((9_900, 4),)


def test_every_update_is_numbered_and_holds_absolute_sizes_of_changed_levels_only(cash) -> None:
    desk = cash()
    desk.bid(9_900, 4)
    desk.bid(9_900, 6)
    desk.bid(9_890, 2)
    desk.seller(10)
    books = [entry[1:] for entry in desk.said if entry[0] == "BOOK"]
    assert books == [
        (1, ((9_900, 4),), ()),
        (2, ((9_900, 10),), ()),
        (3, ((9_890, 2),), ()),
        (4, ((9_900, 0),), ()),
    ]


def test_event_that_leaves_every_level_as_it_was_is_no_update(cash) -> None:
    desk = cash()
    resting = desk.bid(9_900, 4)
    desk.said.clear()
    desk.floor.leave(desk.book, resting)
    desk.floor.join(desk.book, resting.side, 9_900, 4)
    desk.floor.settle(desk.book)
    assert desk.said == []


def test_quote_is_told_only_when_the_top_changes_and_empties_with_its_side(cash) -> None:
    desk = cash()
    desk.bid(9_900, 4)
    desk.bid(9_800, 4)
    desk.seller(8)
    quotes = [entry[1:] for entry in desk.said if entry[0] == "QUOTE"]
    assert quotes == [(9_900, 0, 4, 0), (0, 0, 0, 0)]


def test_older_pictures_of_the_book_are_exact(cash) -> None:
    desk = cash()
    pictures = [desk.book.depth()]
    for price in (9_900, 9_800, 9_850):
        desk.bid(price, 4)
        pictures.append(desk.book.depth())
    desk.ask(10_000, 6)
    pictures.append(desk.book.depth())
    desk.seller(6)
    pictures.append(desk.book.depth())
    for back, picture in enumerate(reversed(pictures)):
        assert desk.book.depth_before(back) == picture


def test_restated_book_uses_up_one_update_number_and_changes_nothing(cash) -> None:
    desk = cash()
    desk.bid(9_900, 4)
    before = desk.book.depth()
    assert desk.book.restate() == (2, ((9_900, 4),), ())
    assert desk.book.depth()[1:] == before[1:]
    assert desk.book.depth_before(1) == before
