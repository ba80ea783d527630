"""Shares on a cash account: no balance holds them, and nobody sells what is not there."""

import pytest

from engine.model.currencies import USD
from engine.model.identifiers import InstrumentId
from engine.model.instruments import Equity
from engine.model.values import Price
from simulation.venue.enums import AccountType
from simulation.venue.ledger import AccountSpec
from simulation.venue.orders import VenueRefusal

ACME = Equity(id=InstrumentId("ACME.SIM"), quote_currency=USD, price_increment=Price("0.01"))


@pytest.fixture
def desk(cash):
    """10,000 USD, a market of 99.00 to 101.00."""
    desk = cash()
    desk.__init__(ACME, AccountSpec(AccountType.CASH, {"USD": "10000"}))
    desk.bid(9_900, 500)
    desk.ask(10_100, 500)
    return desk


def test_bought_shares_cost_money_and_show_as_a_position_only(desk) -> None:
    desk.market("BUY", 10)

    assert desk.balance("USD") == (8_990_00, 0)
    assert list(desk.exchange.ledger.purses) == ["USD"]
    (held,) = desk.exchange.ledger.position_records()
    assert held.signed_quantity == 10


def test_sell_locks_no_money(desk) -> None:
    desk.market("BUY", 10)
    desk.limit("SELL", 10, 10_500)

    assert desk.balance("USD") == (8_990_00, 0)


@pytest.mark.parametrize("price", [None, 10_500, 9_800])
def test_share_that_is_not_held_cannot_be_sold(desk, price) -> None:
    desk.market("BUY", 10)
    with pytest.raises(VenueRefusal, match="SHORT_SELLING"):
        desk.order("SELL", "MARKET" if price is None else "LIMIT", 11, price)


def test_shares_that_another_order_sells_cannot_be_sold_again(desk) -> None:
    desk.market("BUY", 10)
    first = desk.limit("SELL", 6, 10_500)
    with pytest.raises(VenueRefusal, match="SHORT_SELLING"):
        desk.market("SELL", 5)
    desk.exchange.cancel("ACME", first.client_order_id)

    desk.market("SELL", 10)
    assert desk.exchange.ledger.position_records() == ()
