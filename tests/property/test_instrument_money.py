"""Every kind's notional, margin and profit against exact fractions: rounded once, never twice."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.model.accounts import MarginAccount, initial_raw
from engine.model.cost import AccountNet, Valuation
from engine.model.currencies import BTC, ETH, USD, USDT
from engine.model.enums import BUY, SELL, LiquiditySide, OrderType
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
from engine.model.instruments import (
    AnyInstrument,
    AssetClass,
    BinaryOption,
    CryptoFuture,
    CryptoPerpetual,
    Equity,
    OptionContract,
    OptionKind,
)
from engine.model.positions import Position, split_fill
from engine.model.values import Money, Price, Quantity
from simulation.venue.listing import Listing

RATES: dict[str, Any] = {"margin_init": "0.033", "margin_maint": "0.017"}
LIFE: dict[str, Any] = {"activation_ns": 1, "expiration_ns": 2}
QUANTO = CryptoPerpetual(
    id=InstrumentId("ETHUSD.SIM"),
    base_currency=ETH,
    quote_currency=USD,
    settlement_currency=BTC,
    price_increment=Price("0.05"),
    size_increment=Quantity("1"),
    multiplier=Quantity("0.000001"),
    **RATES,
)
INVERSE_FUTURE = CryptoFuture(
    id=InstrumentId("XBT-1.SIM"),
    underlying=BTC,
    quote_currency=USD,
    is_inverse=True,
    price_increment=Price("0.05"),
    size_increment=Quantity("1"),
    multiplier=Quantity("100"),
    **RATES,
    **LIFE,
)
LINEAR_FUTURE = CryptoFuture(
    id=InstrumentId("BTCUSDT-1.SIM"),
    underlying=BTC,
    quote_currency=USDT,
    price_increment=Price("0.05"),
    size_increment=Quantity("1"),
    multiplier=Quantity("0.001"),
    **RATES,
    **LIFE,
)
CALL = OptionContract(
    id=InstrumentId("CALL.SIM"),
    asset_class=AssetClass.INDEX,
    underlying="X",
    option_kind=OptionKind.CALL,
    strike_price=Price("1"),
    quote_currency=USD,
    price_increment=Price("0.05"),
    multiplier=Quantity("0.3"),
    **RATES,
    **LIFE,
)
BINARY = BinaryOption(
    id=InstrumentId("YES.SIM"),
    asset_class=AssetClass.ALTERNATIVE,
    quote_currency=USD,
    price_increment=Price("0.001"),
    size_increment=Quantity("1"),
    **RATES,
    **LIFE,
)
SHARE = Equity(
    id=InstrumentId("ACME.SIM"),
    quote_currency=USD,
    price_increment=Price("0.001"),
    **RATES,
)
ALL = (QUANTO, INVERSE_FUTURE, LINEAR_FUTURE, CALL, BINARY, SHARE)
MARGIN_KINDS = ALL[:5]
INVERSE_SLACK = Fraction(1, 10**20)  # an inverse fill is valued at 1e-24 before anything else

kinds = pytest.mark.parametrize("instrument", ALL, ids=lambda each: str(each.id.symbol))
margin_kinds = pytest.mark.parametrize(
    "instrument", MARGIN_KINDS, ids=lambda each: str(each.id.symbol)
)
ticks = st.integers(1, 900)
sizes = st.integers(1, 5_000)
TRADES = st.lists(st.tuples(st.sampled_from((BUY, SELL)), sizes, ticks), min_size=1, max_size=12)


def price_of(instrument: AnyInstrument, tick: int) -> Price:
    return Price.from_mantissa(tick * instrument.tick_mantissa, instrument.price_precision)


def exact(raw: int) -> Fraction:
    return Fraction(raw, 10**16)


def worth(instrument: AnyInstrument, size: int, price: Price) -> Fraction:
    points = exact(price.raw)
    contracts = size * exact(instrument.multiplier.raw)
    return contracts / points if instrument.is_inverse else contracts * points


def half_even(amount: Fraction, instrument: AnyInstrument) -> Fraction:
    unit = Fraction(1, 10**instrument.cost_currency.precision)
    return round(amount / unit) * unit  # Fraction rounds half to even


def fill_of(
    instrument: AnyInstrument,
    number: int,
    side: Any,
    size: int,
    price: Price,
    venue_position_id: str | None = None,
    ts: int = 0,
) -> OrderFilled:
    return OrderFilled(
        TraderId("T-1"),
        StrategyId("S-1"),
        instrument.id,
        ClientOrderId(f"O-{number}"),
        f"e-{number}",
        ts,
        number,
        AccountId("SIM-001"),
        VenueOrderId(f"V-{number}"),
        TradeId(f"T-{number}"),
        PositionId("P"),
        side,
        OrderType.MARKET,
        Quantity.from_mantissa(size, 0),
        price,
        Money("0", instrument.cost_currency),
        LiquiditySide.TAKER,
        None if venue_position_id is None else PositionId(venue_position_id),
    )


@kinds
@given(size=sizes, tick=ticks)
def test_notional_is_the_exact_worth_rounded_once_here_and_at_the_venue(
    instrument: AnyInstrument, size: int, tick: int
) -> None:
    price = price_of(instrument, tick)
    expected = half_even(worth(instrument, size, price), instrument)

    notional = instrument.notional_value(Quantity.from_mantissa(size, 0), price)

    assert notional.currency == instrument.cost_currency
    assert exact(notional.raw) == expected
    listing = Listing(instrument)
    mantissa = listing.notional(size, price.mantissa)
    assert listing.cost == instrument.cost_currency
    assert Fraction(mantissa, 10**listing.cost.precision) == expected


@margin_kinds
@given(size=sizes, tick=ticks, leverage=st.integers(1, 25), buys=st.booleans())
def test_order_locks_its_margin_and_a_bought_option_its_premium(
    instrument: AnyInstrument, size: int, tick: int, leverage: int, buys: bool
) -> None:
    price = price_of(instrument, tick)
    valuation = Valuation(instrument)

    side = BUY if buys else SELL
    locked = initial_raw(instrument, valuation, side, size * 10**16, price.raw, leverage)

    whole = worth(instrument, size, price)
    if not (instrument.pays_premium and buys):
        whole = whole * exact(instrument.margin_init_raw) / leverage
    unit = Fraction(1, 10**instrument.cost_currency.precision)
    assert abs(exact(locked) - whole) <= unit / 2 + INVERSE_SLACK
    assert (exact(locked) / unit).denominator == 1


@kinds
@given(trades=TRADES)
def test_positions_profit_is_what_was_sold_for_less_what_was_paid(
    instrument: AnyInstrument, trades: list[tuple[Any, int, int]]
) -> None:
    position: Position | None = None
    cash = Fraction(0)
    held = 0
    for number, (side, size, tick) in enumerate(trades):
        price = price_of(instrument, tick)
        sign = 1 if side is BUY else -1
        value = worth(instrument, size, price)
        cash += sign * (value if instrument.is_inverse else -value)
        held += sign * size
        fill = fill_of(instrument, number, side, size, price)
        if position is None:
            position = Position(instrument, fill)
            continue
        open_raw = position.signed_raw
        if open_raw * sign < 0 and size * 10**16 > abs(open_raw):
            for part in split_fill(fill, abs(open_raw)):
                position.apply(part)
        else:
            position.apply(fill)
    assert position is not None
    assert position.signed_raw == held * 10**16

    settlement = price_of(instrument, 450)
    value = worth(instrument, held, settlement)
    cash += -value if instrument.is_inverse else value
    if held:
        assert position.settle(settlement, 1, 99) == Quantity.from_mantissa(abs(held), 0)
    booked = sum((cycle.realized_pnl.raw for cycle in position.cycles), position.realized_pnl.raw)

    assert position.is_closed
    assert position.settled_raw == held * 10**16
    unit = Fraction(1, 10**instrument.cost_currency.precision)
    assert abs(exact(booked) - cash) <= unit / 2 + INVERSE_SLACK


@margin_kinds
@given(trades=TRADES, late=st.integers(0, 12), hedged=st.booleans())
def test_account_settles_to_the_same_total_however_late_a_fill_is_heard_of(
    instrument: AnyInstrument, trades: list[tuple[Any, int, int]], late: int, hedged: bool
) -> None:
    names = ("SIM-1-001", "SIM-1-002") if hedged else (None, None)
    fills = [
        fill_of(instrument, n, side, size, price_of(instrument, tick), names[n % 2], ts=n + 1)
        for n, (side, size, tick) in enumerate(trades)
    ]
    settlement = price_of(instrument, 301)

    def total(before: list[OrderFilled], after: list[OrderFilled]) -> int:
        account = MarginAccount(AccountId("SIM-001"), 5)
        for fill in before:
            account.apply_fill(fill, instrument)
        account.settle_instrument(instrument, settlement.raw)
        for fill in after:
            account.apply_fill(fill, instrument)
        account.settle()
        assert account.net_raw(instrument.id) == 0
        assert account.margins == {}
        balance = account.balances.get(instrument.cost_currency.code)
        return 0 if balance is None else balance.total.raw

    in_time = total(fills, [])

    assert total(fills[:late], fills[late:]) == in_time
    assert total(fills[late:], fills[:late]) == in_time
    expected = Fraction(0)
    for side, size, tick in trades:
        change = worth(instrument, size, settlement) - worth(
            instrument, size, price_of(instrument, tick)
        )
        expected += change if (side is BUY) != instrument.is_inverse else -change
    unit = Fraction(1, 10**instrument.cost_currency.precision)
    # a premium is rounded with each fill, a profit once
    roundings = len(trades) + 2
    assert abs(exact(in_time) - expected) <= roundings * unit / 2 + INVERSE_SLACK


@given(trades=TRADES)
def test_positions_kept_apart_add_up_to_the_net_that_the_venue_would_hold(
    trades: list[tuple[Any, int, int]],
) -> None:
    account = MarginAccount(AccountId("SIM-001"), 5)
    apart: dict[str, AccountNet] = {}
    for n, (side, size, tick) in enumerate(trades):
        name = f"SIM-1-00{n % 3}"
        account.apply_fill(
            fill_of(QUANTO, n, side, size, price_of(QUANTO, tick), name, ts=n), QUANTO
        )
        net = apart.setdefault(name, AccountNet(Valuation(QUANTO)))
        change = size * 10**16 if side is BUY else -size * 10**16
        net.trade(change, price_of(QUANTO, tick).raw)
    account.settle()

    assert account.net_raw(QUANTO.id) == sum(net.signed_raw for net in apart.values())
    booked = sum(net.booked_raw for net in apart.values())
    total = account.balances.get("BTC")
    assert (0 if total is None else total.total.raw) == booked
    kept = sum(
        net.valuation.margin_raw(net.cost, QUANTO.margin_maint_raw, 5) for net in apart.values()
    )
    held = account.margins.get(QUANTO.id)
    assert (0 if held is None else held.maintenance.raw) == kept


def test_quanto_profit_is_points_times_multiplier_in_the_settlement_currency() -> None:
    position = Position(QUANTO, fill_of(QUANTO, 1, BUY, 1_000, Price("2000.00")))

    position.apply(fill_of(QUANTO, 2, SELL, 400, Price("2010.00")))

    assert position.realized_pnl == Money("0.004", BTC)  # 400 x 0.000001 x 10
    assert position.unrealized_pnl(Price("1999.00")) == Money("-0.0006", BTC)
    assert position.avg_px_open == Decimal("2000")
