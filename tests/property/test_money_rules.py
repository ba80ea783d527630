"""Money rules against witnesses that do it the slow way: fractions, and sums over all orders."""

from fractions import Fraction
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.model.accounts import CashAccount, MarginAccount, cash_lock, margin_lock, reserves
from engine.model.cost import CostBasis, Valuation
from engine.model.currencies import AUD, BTC, USD, USDT
from engine.model.enums import BUY, SELL, LiquiditySide, OrderSide, OrderType, TimeInForce
from engine.model.events import (
    OrderAccepted,
    OrderCanceled,
    OrderCancelRejected,
    OrderEvent,
    OrderExpired,
    OrderFilled,
    OrderInitialized,
    OrderModifyRejected,
    OrderPendingCancel,
    OrderPendingUpdate,
    OrderRejected,
    OrderSubmitted,
    OrderUpdated,
)
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
from engine.model.order_table import CLOSED, PENDING, OrderEventRefused
from engine.model.orders import Order
from engine.model.positions import Position, split_fill
from engine.model.values import Money, Price, Quantity

ACCOUNT = AccountId("SIM-001")
AUDUSD = CurrencyPair(
    id=InstrumentId("AUD/USD.SIM"),
    base_currency=AUD,
    quote_currency=USD,
    price_increment=Price.from_str("0.00001"),
    size_increment=Quantity.from_str("1"),
    margin_init="0.03",
    margin_maint="0.02",
)
BTCUSD = CryptoPerpetual(
    id=InstrumentId("BTCUSD-PERP.SIM"),
    base_currency=BTC,
    quote_currency=USD,
    is_inverse=True,
    price_increment=Price.from_str("0.5"),
    size_increment=Quantity.from_str("1"),
    margin_init="0.01",
    margin_maint="0.005",
)
BTCUSDT = CurrencyPair(
    id=InstrumentId("BTC/USDT.SIM"),
    base_currency=BTC,
    quote_currency=USDT,
    price_increment=Price.from_str("0.01"),
    size_increment=Quantity.from_str("0.000001"),
)

trades = st.lists(
    st.tuples(st.sampled_from([BUY, SELL]), st.integers(1, 5_000), st.integers(1, 90_000)),
    min_size=1,
    max_size=30,
)


def half_even(value: Fraction, unit: int) -> int:
    return round(value / unit) * unit


class SlowBasis:
    """Cost and profit as fractions of the currency: no cost is ever rounded down."""

    def __init__(self) -> None:
        self.signed = Fraction(0)
        self.cost = Fraction(0)
        self.earned = Fraction(0)

    def trade(self, change: Fraction, price: Fraction) -> None:
        if self.signed * change < 0:
            closing = min(abs(change), abs(self.signed))
            taken = self.cost * closing / abs(self.signed)
            sign = 1 if self.signed > 0 else -1
            self.earned += sign * (closing * price - taken)
            self.cost -= taken
            self.signed -= sign * closing
            change += sign * closing
        if change:
            self.signed += change
            self.cost += abs(change) * price


def head(instrument: Instrument, order_id: str) -> tuple[Any, ...]:
    return (
        TraderId("TRADER-1"),
        StrategyId("S-1"),
        instrument.id,
        ClientOrderId(order_id),
        "1-1-1",
        1,
        1,
    )


def fill(
    instrument: Instrument,
    order_id: str,
    side: OrderSide,
    quantity: Quantity,
    price: Price,
    trade_id: str,
    fee: Money,
) -> OrderFilled:
    return OrderFilled(
        *head(instrument, order_id),
        ACCOUNT,
        VenueOrderId("V-1"),
        TradeId(trade_id),
        PositionId("P-1"),
        side,
        OrderType.LIMIT,
        quantity,
        price,
        fee,
        LiquiditySide.TAKER,
    )


@given(trades)
def test_booked_profit_is_the_exact_profit_rounded_once_however_it_came(
    made: list[tuple[OrderSide, int, int]],
) -> None:
    basis, slow, booked_raw = CostBasis(Valuation(AUDUSD)), SlowBasis(), 0
    for side, quantity, ticks in made:
        sign = 1 if side is BUY else -1
        price = Price.from_mantissa(ticks, 5)
        booked_raw += basis.trade(sign * Quantity.from_int(quantity).raw, price.raw)
        slow.trade(Fraction(sign * quantity), Fraction(ticks, 10**5))
        assert basis.signed_raw == slow.signed * 10**16
        # the floor of each close costs at most 1e-32, so only a tie could round otherwise
        assert abs(Fraction(basis.earned, 10**32) - slow.earned) <= Fraction(len(made), 10**32)
        assert booked_raw == basis.booked_raw
        assert abs(booked_raw - half_even(slow.earned * 10**16, USD.unit)) <= USD.unit
        if basis.signed_raw == 0:
            assert basis.cost == 0
            assert Fraction(basis.earned, 10**32) == slow.earned
            assert booked_raw == half_even(slow.earned * 10**16, USD.unit)


@given(trades)
def test_inverse_money_is_conserved_at_1e_24(made: list[tuple[OrderSide, int, int]]) -> None:
    """What was earned is what was paid in, less what is still in: to the last unit."""
    valuation = Valuation(BTCUSD)
    basis, paid_in = CostBasis(valuation), 0
    for side, quantity, ticks in made:
        sign = 1 if side is BUY else -1
        quantity_raw, price_raw = Quantity.from_int(quantity).raw, Price.from_int(ticks).raw
        held = basis.signed_raw
        parts = [quantity_raw]
        if held * sign < 0 and quantity_raw > abs(held):
            parts = [abs(held), quantity_raw - abs(held)]
        paid_in += sum(sign * valuation.value(part, price_raw) for part in parts)
        basis.trade(sign * quantity_raw, price_raw)
        still_in = basis.cost if basis.signed_raw > 0 else -basis.cost
        assert basis.earned == paid_in - still_in
        assert basis.booked_raw == valuation.to_raw(basis.earned)


@given(
    st.lists(
        st.tuples(
            st.sampled_from([BUY, SELL]),
            st.integers(1, 2_000_000),
            st.integers(100, 200),
            st.integers(0, 3_000),
        ),
        min_size=1,
        max_size=20,
    )
)
def test_no_quantity_is_lost_to_base_commissions_splits_or_dust(
    made: list[tuple[OrderSide, int, int, int]],
) -> None:
    position: Position | None = None
    bought_raw = fees_raw = 0
    for n, (side, steps, price, fee_steps) in enumerate(made):
        fee = Money.from_raw(fee_steps * BTC.unit, BTC)
        quantity = Quantity.from_mantissa(steps, 6)
        one = fill(BTCUSDT, f"O-{n}", side, quantity, Price.from_int(price), f"T-{n}", fee)
        bought_raw += quantity.raw if side is BUY else -quantity.raw
        fees_raw += fee.raw
        if position is None:
            position = Position(BTCUSDT, one)
        else:
            held = position.signed_raw
            against = held < 0 if side is BUY else held > 0
            through = against and quantity.raw > abs(held)
            for part in split_fill(one, abs(held)) if through else (one,):
                position.apply(part)
        assert position.signed_raw + position.dust_raw == bought_raw - fees_raw


# --- orders and locks ------------------------------------------------------------------------

steps = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 10), st.integers(1, 12)), max_size=60)


def new_order(instrument: Instrument, n: int) -> Order:
    return Order(
        OrderInitialized(
            *head(instrument, f"O-{n}"),
            BUY if n % 2 == 0 else SELL,
            OrderType.LIMIT,
            Quantity.from_int(10),
            TimeInForce.GTC,
            Price.from_str(f"{100 + n}.5"),
        )
    )


def event_of(order: Order, kind: int, size: int, serial: int) -> OrderEvent:
    names = head_of(order)
    match kind:
        case 0:
            return OrderSubmitted(*names, ACCOUNT, "s")
        case 1:
            return OrderAccepted(*names, ACCOUNT, VenueOrderId("V-1"))
        case 2 | 3:
            return OrderFilled(
                *names,
                ACCOUNT,
                VenueOrderId("V-1"),
                TradeId(f"T-{serial}"),
                PositionId("P-1"),
                order.side,
                OrderType.LIMIT,
                Quantity.from_int(size),
                Price.from_str("101.5"),
                Money.zero(USD),
                LiquiditySide.MAKER,
            )
        case 4:
            return OrderPendingUpdate(*names, ACCOUNT, f"u{size % 3}")
        case 5:
            return OrderPendingCancel(*names, ACCOUNT, f"c{size % 3}")
        case 6:
            return OrderUpdated(
                *names, Quantity.from_int(size), Price.from_str("99.5"), None, None, f"u{size % 3}"
            )
        case 7:
            return OrderModifyRejected(*names, f"u{size % 3}", "no")
        case 8:
            return OrderCancelRejected(*names, None, "no")
        case 9:
            return OrderCanceled(*names) if size % 2 else OrderExpired(*names)
        case _:
            return OrderRejected(*names, ACCOUNT, "no")


def head_of(order: Order) -> tuple[Any, ...]:
    return (*head(AUDUSD, "-")[:2], order.instrument_id, order.client_order_id, "1-1-2", 2, 2)


def everything(order: Order) -> dict[str, Any]:
    values = {name: getattr(order, name) for name in Order.__slots__}
    return {
        name: value.copy() if isinstance(value, dict | list) else value
        for name, value in values.items()
    }


@given(steps)
@settings(max_examples=150)
def test_any_events_leave_an_order_that_adds_up_and_a_refused_one_leaves_it_alone(
    taken: list[tuple[int, int, int]],
) -> None:
    order = new_order(AUDUSD, 0)
    for serial, (_, kind, size) in enumerate(taken):
        event, before = event_of(order, kind, size, serial), everything(order)
        try:
            order.apply(event)
        except OrderEventRefused:
            assert everything(order) == before
            continue
        fills = list(order.trade_ids.values())
        assert order.filled_raw == sum(each.last_qty.raw for each in fills)
        assert order.leaves_raw == max(order.quantity_raw - order.filled_raw, 0)
        assert order.overfill_raw == max(order.filled_raw - order.quantity_raw, 0)
        assert order.filled_raw >= before["filled_raw"]
        assert CLOSED[order.status] or not CLOSED[before["status"]]
        assert PENDING[order.status] is bool(order.requests) is (order.previous_status is not None)
        assert (order.ts_closed != 0) is CLOSED[order.status]
        assert order.is_closed or order.leaves_raw > 0
    again = Order(order.init)
    for event in order.events[1:]:
        again.apply(event)
    assert everything(again) == everything(order)


@given(steps)
def test_locks_that_follow_single_orders_equal_the_sum_over_all(
    taken: list[tuple[int, int, int]],
) -> None:
    orders = [new_order(AUDUSD, n) for n in range(4)]
    cash, margin = CashAccount(ACCOUNT), MarginAccount(ACCOUNT, leverage=3)
    valuation = Valuation(AUDUSD)
    for account in (cash, margin):
        account.set_total(USD, Money(100_000, USD).raw)
        account.set_total(AUD, Money(100_000, AUD).raw)
    for serial, (which, kind, size) in enumerate(taken):
        order = orders[which]
        event = event_of(order, kind, size, serial)
        try:
            order.apply(event)
        except OrderEventRefused:
            continue
        for account in (cash, margin):
            if isinstance(event, OrderFilled):
                account.apply_fill(event, AUDUSD)
            account.apply_order(order, AUDUSD)
            account.settle()

        working = [each for each in orders if reserves(each)]
        for code in ("AUD", "USD"):
            locks = [cash_lock(each, AUDUSD) for each in working]
            expected = sum(raw for currency, raw in locks if currency.code == code)
            balance = cash.balances[code]
            assert balance.locked.raw == min(expected, max(balance.total.raw, 0))
        initial = sum(margin_lock(each, AUDUSD, valuation, 3)[1] for each in working)
        net = margin.nets.get((AUDUSD.id, ""))
        maint = 0 if net is None else valuation.margin_raw(net.cost, AUDUSD.margin_maint_raw, 3)
        assert margin.balances["USD"].locked.raw == initial + maint
        held = margin.margins.get(AUDUSD.id)
        assert (initial, maint) == (
            (0, 0) if held is None else (held.initial.raw, held.maintenance.raw)
        )
