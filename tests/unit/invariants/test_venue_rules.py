"""Stops and closed markets, judged by what is heard at the venue."""

import msgspec
import pytest

from engine.cache import Cache
from engine.model.currencies import USD
from engine.model.identifiers import InstrumentId
from engine.model.instruments import AssetClass, BinaryOption
from engine.model.values import Price, Quantity
from invariants.venue_rules import _Hours, _Stops
from invariants.violation import Violation

SYMBOL = "RAIN"


class Order(msgspec.Struct):
    client_order_id: str = "O-1"
    side: str = "BUY"
    quantity: int = 10
    price: int | None = None
    trigger_price: int | None = 500
    symbol: str = SYMBOL
    time_in_force: str = "GTC"
    ts_accepted: int = 0


class Trade(msgspec.Struct):
    price: int
    ts: int = 7
    side: str = "BUY"
    liquidity: str = "TAKER"
    trade_id: str = "T1"
    client_order_id: str = "O-1"
    quantity: int = 10
    symbol: str = SYMBOL


def _said_of(*trades: Trade, order: Order, triggered_ns: int | None = None) -> list[str]:
    wrong: list[Violation] = []
    stops = _Stops(wrong)
    if triggered_ns is not None:
        stops.on_order("TRIGGERED", order, None, False, triggered_ns)
    for trade in trades:
        stops.on_fill(trade, order)
    return [violation.detail for violation in wrong]


@pytest.mark.parametrize(("side", "price"), [("BUY", 500), ("BUY", 501), ("SELL", 500)])
def test_stop_that_first_trades_at_its_trigger_or_beyond_is_right(side: str, price: int) -> None:
    assert _said_of(Trade(price, side=side), order=Order(side=side)) == []


@pytest.mark.parametrize(("side", "price"), [("BUY", 499), ("SELL", 501)])
def test_stop_that_trades_before_its_trigger_is_reported(side: str, price: int) -> None:
    (told,) = _said_of(Trade(price, side=side), order=Order(side=side))

    assert told == f"traded at {price}, its trigger 500 was not reached"


def test_later_trade_of_a_triggered_stop_may_be_anywhere() -> None:
    assert _said_of(Trade(500), Trade(480), order=Order()) == []


def test_stop_limit_that_came_to_rest_may_trade_below_its_trigger() -> None:
    order = Order(price=490)

    assert _said_of(Trade(490, liquidity="MAKER"), order=order, triggered_ns=7) == []
    assert _said_of(Trade(490, ts=8), order=order, triggered_ns=7) == []


def test_stop_limit_that_takes_below_its_trigger_as_it_is_triggered_is_reported() -> None:
    assert _said_of(Trade(490), order=Order(price=495), triggered_ns=7)


def test_stop_limit_that_trades_untriggered_is_reported() -> None:
    (told,) = _said_of(Trade(500), order=Order(price=510))

    assert told == "traded at 500 and was never triggered"


def test_order_without_a_trigger_is_no_stop() -> None:
    assert _said_of(Trade(1), order=Order(trigger_price=None)) == []


@pytest.fixture
def hours() -> tuple[_Hours, list[Violation]]:
    """A market that is open from 100 to 200."""
    cache = Cache()
    cache.add_instrument(
        BinaryOption(
            id=InstrumentId("RAIN.SIM"),
            asset_class=AssetClass.ALTERNATIVE,
            quote_currency=USD,
            price_increment=Price("0.001"),
            size_increment=Quantity("1.00"),
            outcome="rain",
            activation_ns=100,
            expiration_ns=200,
            margin_init="1",
            margin_maint="1",
            taker_fee="0.01",
        )
    )
    wrong: list[Violation] = []
    return _Hours("SIM", cache, wrong), wrong


@pytest.mark.parametrize("ts", [100, 150, 200])
def test_open_market_takes_orders_up_to_the_instant_of_expiry(hours, ts: int) -> None:
    watcher, wrong = hours
    watcher.on_order("ACCEPTED", Order(), None, False, ts)
    watcher.on_fill(Trade(1, ts=ts), Order())

    assert wrong == []


@pytest.mark.parametrize("ts", [99, 201])
def test_order_accepted_or_traded_while_the_market_is_closed_is_reported(hours, ts: int) -> None:
    watcher, wrong = hours
    watcher.on_order("ACCEPTED", Order(), None, False, ts)
    watcher.on_fill(Trade(1, ts=ts), Order())

    span = f"at {ts}, its market is open from 100 to 200"
    assert [each.detail for each in wrong] == [f"was accepted {span}", f"traded {span}"]


def test_order_refused_or_canceled_by_a_closed_market_is_right(hours) -> None:
    watcher, wrong = hours
    for event in ("REJECTED", "CANCELED", "EXPIRED"):
        watcher.on_order(event, Order(), None, False, 201)

    assert wrong == []
