"""Fees that are taken in the coin traded: out of what is bought, and on top of what is sold."""

import pytest

from simulation.venue.fees import FeeRates
from simulation.venue.orders import VenueRefusal

COIN = 10**8  # mantissa of one bitcoin


@pytest.fixture
def desk(cash):
    """A taker pays a hundredth; asks and bids of 100.00."""
    desk = cash(fees=FeeRates.from_text("0", "0.01"), fees_in_base=True)
    desk.ask(10_000, 100)
    desk.bid(9_900, 100)
    return desk


def test_buyer_gets_what_is_bought_less_the_fee(desk) -> None:
    before, _ = desk.balance("BTC")
    money, _ = desk.balance("USDT")
    desk.market("BUY", 100)

    (trade,) = desk.floor.trades
    assert (trade.fee, trade.fee_currency) == (COIN // 1000, "BTC")
    assert desk.balance("BTC")[0] - before == COIN // 10 - COIN // 1000
    assert money - desk.balance("USDT")[0] == 10 * COIN  # the notional, and no fee


def test_seller_gives_the_fee_beside_what_is_sold(desk) -> None:
    before, _ = desk.balance("BTC")
    desk.market("SELL", 100)

    assert before - desk.balance("BTC")[0] == COIN // 10 + COIN // 1000


def test_sell_of_all_there_is_cannot_pay_its_fee_and_is_refused(desk) -> None:
    total, _ = desk.balance("BTC")
    everything = total * 1000 // COIN // 2 * 2
    with pytest.raises(VenueRefusal):
        desk.limit("SELL", everything, 10_500)
