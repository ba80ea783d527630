from decimal import Decimal
from typing import Any

import msgspec
import pytest

from engine.model.cost import CostBasis, Valuation
from engine.model.currencies import AUD, BTC, USD, USDT, Currency
from engine.model.enums import BUY, SELL, LiquiditySide, OrderSide, OrderType, PositionSide
from engine.model.events import OrderFilled
from engine.model.identifiers import (
    AccountId,
    ClientOrderId,
    InstrumentId,
    PositionId,
    StrategyId,
    TradeId,
    TraderId,
    VenueOrderId,
)
from engine.model.instruments import CryptoPerpetual, CurrencyPair, Instrument
from engine.model.positions import FillRefused, Position, split_fill
from engine.model.values import Money, Price, Quantity

AUDUSD = CurrencyPair(
    id=InstrumentId("AUD/USD.SIM"),
    base_currency=AUD,
    quote_currency=USD,
    price_increment=Price.from_str("0.00001"),
    size_increment=Quantity.from_str("1"),
)
BTCUSDT = CurrencyPair(
    id=InstrumentId("BTC/USDT.SIM"),
    base_currency=BTC,
    quote_currency=USDT,
    price_increment=Price.from_str("0.01"),
    size_increment=Quantity.from_str("0.000001"),
)
BTCUSD = CryptoPerpetual(
    id=InstrumentId("BTCUSD-PERP.SIM"),
    base_currency=BTC,
    quote_currency=USD,
    is_inverse=True,
    price_increment=Price.from_str("0.5"),
    size_increment=Quantity.from_str("1"),
)


def fill(
    instrument: Instrument,
    side: OrderSide,
    quantity: str,
    price: str,
    trade_id: str,
    fee: str = "0",
    currency: Currency | None = None,
    ts: int = 1,
    order_id: str | None = None,
) -> OrderFilled:
    return OrderFilled(
        TraderId("TRADER-1"),
        StrategyId("S-1"),
        instrument.id,
        ClientOrderId(order_id or f"O-{trade_id}"),
        f"1-{ts}-{trade_id}",
        ts,
        ts + 1000,
        AccountId("SIM-001"),
        VenueOrderId("V-1"),
        TradeId(trade_id),
        PositionId("P-1"),
        side,
        OrderType.MARKET,
        Quantity.from_str(quantity),
        Price.from_str(price),
        Money(fee, currency or instrument.cost_currency),
        LiquiditySide.TAKER,
    )


def everything(position: Position) -> dict[str, Any]:
    values = {name: getattr(position, name) for name in Position.__slots__}
    basis = values.pop("_basis")
    copies = {
        name: value.copy() if isinstance(value, dict | list) else value
        for name, value in values.items()
    }
    return copies | {name: getattr(basis, name) for name in CostBasis.__slots__}


def held_after(instrument: Instrument, *fills: OrderFilled) -> Position:
    position = Position(instrument, fills[0])
    for each in fills[1:]:
        position.apply(each)
    return position


# --- opening, adding, closing --------------------------------------------------------------


def test_a_first_fill_opens_a_position() -> None:
    position = held_after(AUDUSD, fill(AUDUSD, BUY, "100000", "0.70010", "1", "1.40", ts=5))
    assert (position.side, position.entry) == (PositionSide.LONG, BUY)
    assert (position.signed_qty, position.quantity, position.peak_quantity) == (
        Decimal(100_000),
        100_000,
        100_000,
    )
    assert position.avg_px_open == Decimal("0.70010")
    assert position.avg_px_close is None
    assert position.realized_pnl == Money("-1.40", USD)
    assert position.commissions == {"USD": Money("1.40", USD)}
    assert position.is_open
    assert not position.is_closed
    assert (position.ts_opened, position.ts_closed, position.duration_ns) == (5, 0, 0)
    assert (position.opening_order_id, position.closing_order_id) == ("O-1", None)
    assert position.trade_ids == ("1",)
    assert "LONG" in repr(position)


def test_a_close_books_price_and_both_commissions() -> None:
    position = held_after(
        AUDUSD,
        fill(AUDUSD, BUY, "100000", "0.70010", "1", "1.40", ts=5),
        fill(AUDUSD, SELL, "100000", "0.70000", "2", "1.40", ts=9),
    )
    assert position.side is PositionSide.FLAT
    assert position.is_closed
    assert position.quantity == 0
    assert position.realized_pnl == Money("-12.80", USD)
    assert (position.avg_px_open, position.avg_px_close) == (Decimal("0.7001"), Decimal("0.7"))
    assert (position.ts_closed, position.closing_order_id, position.duration_ns) == (9, "O-2", 4)
    assert position.unrealized_pnl(Price.from_str("9")) == Money.zero(USD)


def test_adding_averages_and_a_partial_close_leaves_the_average_alone() -> None:
    position = held_after(
        BTCUSDT,
        fill(BTCUSDT, SELL, "1", "100.00", "1"),
        fill(BTCUSDT, SELL, "3", "104.00", "2"),
        fill(BTCUSDT, BUY, "1", "101.00", "3"),
    )
    assert position.side is PositionSide.SHORT
    assert position.signed_qty == Decimal(-3)
    assert position.avg_px_open == Decimal(103)
    assert position.avg_px_close == Decimal(101)
    assert position.realized_pnl == Money("2", USDT)
    assert position.unrealized_pnl(Price.from_str("100.50")) == Money("7.5", USDT)
    assert position.value_raw(Price.from_str("100.50")) == Money("-301.5", USDT).raw
    assert position.peak_quantity == 4


def test_the_published_inverse_example_comes_out_to_the_last_digit() -> None:
    position = held_after(BTCUSD, fill(BTCUSD, BUY, "10000", "10000.5", "1", "0.00074996"))
    assert position.unrealized_pnl(Price.from_str("11000.0")) == Money("0.09085909", BTC)
    assert position.value_raw(Price.from_str("11000.0")) == Money("0.90909091", BTC).raw
    assert position.avg_px_open == Decimal("10000.5")
    position.apply(fill(BTCUSD, SELL, "10000", "11000.0", "2", "0.00068182"))
    assert position.realized_pnl == Money("0.08942731", BTC)


def test_an_inverse_short_gains_when_the_price_falls() -> None:
    position = held_after(
        BTCUSD,
        fill(BTCUSD, SELL, "10000", "10000.0", "1"),
        fill(BTCUSD, BUY, "10000", "8000.0", "2"),
    )
    assert position.realized_pnl == Money("0.25", BTC)
    assert position.avg_px_close == Decimal(8000)


def test_a_multiplier_scales_profit() -> None:
    lots = CryptoPerpetual(
        id=InstrumentId("LOTS.SIM"),
        base_currency=BTC,
        quote_currency=USD,
        price_increment=Price.from_str("0.25"),
        size_increment=Quantity.from_str("1"),
        multiplier=Quantity.from_str("50"),
    )
    position = held_after(
        lots, fill(lots, BUY, "2", "4000.25", "1"), fill(lots, SELL, "2", "4000.00", "2")
    )
    assert position.realized_pnl == Money("-25.00", USD)


def test_rounding_telescopes_over_any_number_of_closes() -> None:
    """Each thousandth earns half a cent: rounded one by one they would earn nothing at all."""
    basis = CostBasis(Valuation(AUDUSD))
    unit = 10**13
    basis.trade(1000 * unit, 10**16)
    booked = [basis.trade(-unit, 6 * 10**16) for _ in range(1000)]
    assert sum(booked) == Money("5.00", USD).raw
    assert {Money.from_raw(raw, USD) for raw in booked} == {Money.zero(USD), Money("0.01", USD)}
    assert (basis.cost, basis.signed_raw) == (0, 0)


def test_a_close_takes_cost_by_floor_and_leaves_the_remainder_in() -> None:
    basis = CostBasis(Valuation(BTCUSDT))
    basis.trade(3, 1)
    basis.trade(4, 2)
    assert basis.cost == 11
    basis.trade(-2, 1)
    assert basis.cost == 11 - 11 * 2 // 7
    basis.trade(-5, 1)
    assert (basis.cost, basis.earned) == (0, 7 - 11)


def test_through_flat_a_basis_closes_what_is_held_and_opens_the_rest_at_the_price() -> None:
    basis = CostBasis(Valuation(BTCUSDT))
    one, price = 10**16, 100 * 10**16
    basis.trade(2 * one, price)
    assert basis.trade(-3 * one, 2 * price) == Money("200", USDT).raw
    assert (basis.signed_raw, basis.cost) == (-one, one * 2 * price)
    assert basis.open_gain(price) == Money("100", USDT).raw


# --- flips and cycles ----------------------------------------------------------------------


def test_a_fill_through_flat_must_be_split() -> None:
    position = held_after(AUDUSD, fill(AUDUSD, BUY, "100000", "0.70010", "1"))
    before = everything(position)
    with pytest.raises(FillRefused):
        position.apply(fill(AUDUSD, SELL, "150000", "0.70000", "2"))
    assert everything(position) == before


def test_a_split_conserves_quantity_and_commission_to_the_last_unit() -> None:
    whole = fill(AUDUSD, SELL, "150000", "0.70000", "2", "2.00")
    closing, opening = split_fill(whole, Quantity.from_str("100000").raw)
    assert (closing.last_qty, opening.last_qty) == (100_000, 50_000)
    assert (closing.commission, opening.commission) == (Money("1.33", USD), Money("0.67", USD))
    assert closing.trade_id == opening.trade_id == "2"
    assert closing.event_id == whole.event_id
    assert opening.event_id != whole.event_id


@pytest.mark.parametrize("quantity", ["0", "150000", "150001"])
def test_there_is_nothing_to_split_outside_the_fill(quantity: str) -> None:
    with pytest.raises(ValueError, match="cannot split"):
        split_fill(fill(AUDUSD, SELL, "150000", "0.7", "2"), Quantity.from_str(quantity).raw)


def test_cycles_of_a_netting_position_are_kept_with_what_each_earned() -> None:
    position = held_after(AUDUSD, fill(AUDUSD, BUY, "100000", "0.70010", "1", "1.40"))
    whole = fill(AUDUSD, SELL, "150000", "0.70000", "2", "2.10", ts=7)
    closing, opening = split_fill(whole, position.signed_raw)
    position.apply(closing)
    assert position.realized_pnl == Money("-12.80", USD)
    assert position.cycles == []
    position.apply(opening)
    assert position.side is PositionSide.SHORT
    assert position.realized_pnl == Money("-0.70", USD)
    assert (position.ts_opened, position.opening_order_id) == (7, "O-2")
    (cycle,) = position.cycles
    assert cycle.realized_pnl == Money("-12.80", USD)
    assert (cycle.entry, cycle.peak_quantity) == (BUY, 100_000)
    assert (cycle.opening_order_id, cycle.closing_order_id) == ("O-1", "O-2")
    assert (cycle.avg_px_open, cycle.avg_px_close) == (Decimal("0.7001"), Decimal("0.7"))

    position.apply(fill(AUDUSD, BUY, "50000", "0.70010", "3", "0.70", ts=9))
    assert position.realized_pnl == Money("-6.40", USD)
    assert position.is_closed


def test_a_duration_is_measured_by_local_time_not_by_the_venues() -> None:
    closing = msgspec.structs.replace(fill(AUDUSD, SELL, "1", "1", "2", ts=3), ts_init=2000)
    position = held_after(AUDUSD, fill(AUDUSD, BUY, "1", "1", "1", ts=9), closing)
    assert (position.ts_opened, position.ts_closed) == (9, 3)
    assert position.duration_ns == 2000 - 1009


# --- refusals ------------------------------------------------------------------------------


@pytest.mark.parametrize("closed", [False, True])
def test_a_trade_counts_once_and_a_repeat_does_not_reopen(closed: bool) -> None:
    position = held_after(AUDUSD, fill(AUDUSD, BUY, "2", "1", "1"))
    if closed:
        position.apply(fill(AUDUSD, SELL, "2", "1", "2"))
    before = everything(position)
    with pytest.raises(FillRefused):
        position.apply(fill(AUDUSD, BUY, "2", "1", "1", ts=77))
    assert everything(position) == before


def test_both_sides_of_a_trade_with_oneself_count() -> None:
    position = held_after(
        AUDUSD,
        fill(AUDUSD, BUY, "2", "1", "1", order_id="O-1"),
        fill(AUDUSD, SELL, "1", "1", "1", order_id="O-2"),
    )
    assert position.signed_qty == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"position_id": PositionId("P-2")},
        {"instrument_id": BTCUSDT.id},
        {"account_id": AccountId("SIM-002")},
    ],
)
def test_a_fill_of_another_position_is_refused(changes: dict[str, Any]) -> None:
    position = held_after(AUDUSD, fill(AUDUSD, BUY, "2", "1", "1"))
    before = everything(position)
    with pytest.raises(FillRefused):
        position.apply(msgspec.structs.replace(fill(AUDUSD, BUY, "2", "1", "2"), **changes))
    assert everything(position) == before


# --- commissions in the base currency ------------------------------------------------------


def test_a_base_commission_is_paid_out_of_what_is_held_and_earns_nothing() -> None:
    position = held_after(BTCUSDT, fill(BTCUSDT, BUY, "0.5", "100.00", "1", "0.001", BTC))
    assert position.signed_qty == Decimal("0.499")
    assert position.avg_px_open == Decimal(100)
    assert position.realized_pnl == Money.zero(USDT)
    assert position.unrealized_pnl(Price.from_str("100.00")) == Money.zero(USDT)


def test_base_commissions_through_flat_lose_no_quantity() -> None:
    position = held_after(BTCUSDT, fill(BTCUSDT, BUY, "0.5", "100.00", "1", "0.001", BTC))
    whole = fill(BTCUSDT, SELL, "0.5", "100.00", "2", "0.001", BTC)
    closing, opening = split_fill(whole, position.signed_raw)
    position.apply(closing)
    assert position.signed_qty == Decimal("-0.000998")
    assert position.is_open
    position.apply(opening)
    assert position.signed_qty == Decimal("-0.002")
    assert position.avg_px_open == Decimal(100)
    assert position.realized_pnl == Money.zero(USDT)
    assert position.cycles == []


def test_the_rest_of_a_split_goes_through_what_a_base_commission_left_short() -> None:
    position = held_after(BTCUSDT, fill(BTCUSDT, SELL, "0.000031", "100.00", "1"))
    whole = fill(BTCUSDT, BUY, "0.000034", "110.00", "2", "0.00000161", BTC)
    closing, opening = split_fill(whole, abs(position.signed_raw))
    position.apply(closing)
    assert position.signed_qty == Decimal("-0.00000147")
    position.apply(opening)
    assert position.signed_qty == Decimal("0.00000139")
    assert position.avg_px_open == Decimal(110)
    assert position.avg_px_close == Decimal(110)
    assert position.realized_pnl == Money("-0.00031", USDT)


def test_what_cannot_be_traded_away_is_dust_and_the_position_is_flat() -> None:
    position = held_after(
        BTCUSDT,
        fill(BTCUSDT, BUY, "0.5", "100.00", "1", "0.00012345", BTC),
        fill(BTCUSDT, SELL, "0.499876", "100.00", "2"),
    )
    assert position.is_closed
    assert position.closing_order_id == "O-2"
    assert position.realized_pnl == Money.zero(USDT)
    assert position.signed_raw + position.dust_raw == Quantity.from_str("0.00000055").raw


def test_a_residue_of_a_whole_increment_is_no_dust() -> None:
    position = held_after(
        BTCUSDT,
        fill(BTCUSDT, BUY, "0.5", "100.00", "1", "0.00012345", BTC),
        fill(BTCUSDT, SELL, "0.499875", "100.00", "2"),
    )
    assert position.is_open
    assert str(position.quantity) == "0.00000155"
    assert position.dust_raw == 0


def test_a_rebate_in_base_adds_to_what_is_held() -> None:
    position = held_after(BTCUSDT, fill(BTCUSDT, BUY, "0.5", "100.00", "1", "-0.001", BTC))
    assert position.signed_qty == Decimal("0.501")
    assert position.avg_px_open == Decimal(100)


def test_a_commission_in_a_third_currency_is_only_counted() -> None:
    position = held_after(BTCUSDT, fill(BTCUSDT, BUY, "0.5", "100.00", "1", "0.01", USD))
    assert position.signed_qty == Decimal("0.5")
    assert position.realized_pnl == Money.zero(USDT)
    assert position.commissions == {"USD": Money("0.01", USD)}
