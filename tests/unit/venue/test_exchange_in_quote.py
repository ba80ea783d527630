"""Orders for an amount of quote currency: converted at what they execute at, then like any."""

import pytest

from simulation.venue.orders import VenueRefusal

# SPOT: price 2 decimals, size 3 decimals in steps of 0.002, USDT 8 decimals
USDT = 10**8


@pytest.fixture
def desk(cash):
    desk = cash()
    desk.ask(10_000, 100)  # 0.100 at 100.00
    desk.ask(10_100, 100)
    desk.bid(9_900, 100)
    return desk


def paid(desk) -> int:
    listing = desk.book.listing
    return sum(listing.notional(t.quantity, t.price) for t in desk.floor.trades)


def test_a_market_order_buys_for_the_amount_over_several_levels(desk):
    record = desk.market("BUY", 15 * USDT, in_quote=True)
    # 0.100 cost 10; the other 5 buy 0.0495 at 101, which is 0.048 on the grid
    assert (record.quantity, record.filled, record.status) == (148, 148, "FILLED")
    assert 0 <= 15 * USDT - paid(desk) < desk.book.listing.notional(2, 10_100)


def test_the_conversion_is_told_before_the_fills_and_before_the_acceptance(desk):
    desk.market("BUY", 15 * USDT, in_quote=True)
    assert desk.events() == ["UPDATED", "FILLED(TAKER)", "FILLED(TAKER)"]
    desk.limit("BUY", 15 * USDT, 5_000, in_quote=True)
    assert desk.events("O-2") == ["UPDATED", "ACCEPTED"]


def test_a_sale_is_for_the_amount_too(desk):
    record = desk.market("SELL", 5 * USDT, in_quote=True)
    assert record.filled == 50  # 0.050 at 99.00 is 4.95; one step more would be 5.148


def test_a_limit_order_converts_at_its_own_price(desk):
    record = desk.limit("BUY", 15 * USDT, 5_000, in_quote=True)
    assert (record.quantity, record.filled, record.price) == (300, 0, 5_000)
    assert desk.balance("USDT")[1] == 15 * USDT


def test_an_amount_larger_than_the_book_loses_its_remainder(desk):
    record = desk.market("BUY", 1_000 * USDT, in_quote=True)
    assert (record.quantity, record.filled, record.status) == (200, 200, "FILLED")


def test_an_order_given_as_a_size_holds_no_amount(desk):
    desk.market("BUY", 20)
    desk.market("BUY", 5 * USDT, in_quote=True)
    assert [order.money for order in desk.exchange.orders.values()] == [0, 5 * USDT]


@pytest.mark.parametrize(
    ("terms", "code"),
    [
        ({"quantity": USDT // 10}, "QUANTITY_NOT_POSITIVE"),  # not one step
        ({"quantity": USDT * 3 // 10}, "QUANTITY_BELOW_MINIMUM"),
        ({"quantity": 0}, "QUANTITY_NOT_POSITIVE"),
        ({"quantity": -5 * USDT}, "QUANTITY_NOT_POSITIVE"),
        ({"quantity": 10**7 * USDT, "price": 5_000}, "QUANTITY_ABOVE_MAXIMUM"),
        ({"quantity": 5 * USDT, "trigger_price": 11_000}, "UNSUPPORTED_QUOTE_QUANTITY"),
    ],
)
def test_what_comes_to_no_order_is_rejected_and_told(desk, terms, code):
    trigger = terms.get("trigger_price")
    type_ = "STOP_MARKET" if trigger else ("LIMIT" if "price" in terms else "MARKET")
    with pytest.raises(VenueRefusal) as refusal:
        desk.order("BUY", type_, in_quote=True, **terms)
    assert refusal.value.code == code
    assert desk.events() == ["REJECTED"]
    assert not desk.floor.trades


def test_without_a_market_nothing_converts(cash):
    desk = cash()
    with pytest.raises(VenueRefusal, match="to convert quote quantity to base") as refusal:
        desk.market("BUY", 5 * USDT, in_quote=True)
    assert refusal.value.code == "NO_MARKET"
    assert desk.record("O-1").quantity == 0


def test_an_inverse_contract_is_worth_its_multiplier_in_quote(margin, inverse):
    desk = margin(inverse)
    desk.ask(20_000, 500)
    record = desk.market("BUY", 300 * 10**inverse.quote_currency.precision, in_quote=True)
    assert record.filled == 300


def test_a_reducing_order_is_shrunk_after_its_conversion(margin, linear):
    desk = margin(linear)
    desk.ask(1_000, 1_000)  # 1.000 at 100.0
    desk.bid(990, 1_000)
    desk.market("BUY", 100)
    record = desk.market("SELL", 50 * USDT, in_quote=True, reduce_only=True)
    assert (record.quantity, record.filled) == (100, 100)
    assert desk.events("O-2")[:2] == ["UPDATED", "UPDATED"]
