"""A position against the list of its fills: flips, fees of every kind, cycles, dust, settlement.

Whether the id is the netted one or names one of several that a venue or the kernel keeps apart
makes no difference to a position. Which of them a fill goes to is the execution engine's choice,
and its own tests judge that.
"""

from decimal import Decimal
from fractions import Fraction
from types import ModuleType
from typing import Any

import machines
import msgspec
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule

import engine.model.cost
import engine.model.positions
from engine.model.currencies import BTC, USD, USDT, Currency
from engine.model.enums import BUY, SELL, LiquiditySide, OrderSide, OrderType
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
from engine.model.values import Money, Price, Quantity
from simulation.models.holding import Terms
from simulation.models.position import Cycle, Execution, PositionModel

RAW = 10**16

SPOT = CurrencyPair(
    id=InstrumentId("BTC/USDT.SIM"),
    base_currency=BTC,
    quote_currency=USDT,
    price_increment=Price("0.01"),
    size_increment=Quantity("0.001"),
)
LINEAR = CryptoPerpetual(
    id=InstrumentId("BTCUSD-PERP.SIM"),
    base_currency=BTC,
    quote_currency=USD,
    settlement_currency=USD,
    is_inverse=False,
    price_increment=Price("0.01"),
    size_increment=Quantity("0.001"),
    multiplier=Quantity("0.3"),
)
INVERSE = CryptoPerpetual(
    id=InstrumentId("BTCUSD-INV.SIM"),
    base_currency=BTC,
    quote_currency=USD,
    settlement_currency=BTC,
    is_inverse=True,
    price_increment=Price("0.01"),
    size_increment=Quantity("0.001"),
    multiplier=Quantity("100"),
)
STEP = RAW // 1000
KINDS: list[tuple[Instrument, Terms]] = [
    (SPOT, Terms(RAW, False, "USDT", 8, "BTC", 8, True, STEP)),
    (LINEAR, Terms(3 * RAW // 10, False, "USD", 2, "BTC", 8, False, STEP)),
    (INVERSE, Terms(100 * RAW, True, "BTC", 8, "BTC", 8, False, STEP)),
]

quantities = st.integers(1, 40).map(lambda n: Quantity.from_mantissa(n, 3)) | st.integers(
    1, 3 * 10**6
).map(lambda n: Quantity.from_mantissa(n, 3))
prices = st.integers(1, 10**7).map(lambda n: Price.from_mantissa(n, 2)) | st.integers(
    9_000, 11_000
).map(lambda n: Price.from_mantissa(n, 2))
fees = st.just(0) | st.integers(-40, 400) | st.sampled_from([9_000, 10_000])  # of ten thousand
fee_currencies = st.sampled_from([BTC, USDT, USD])
sides = st.sampled_from([BUY, SELL])


class PositionMachine(machines.Machine):
    """Attributes:
    subject: the module whose `Position` and `split_fill` are driven.
    """

    subject: ModuleType = engine.model.positions

    @initialize(kind=st.sampled_from([*KINDS, KINDS[0]]))
    def begin(self, kind: tuple[Instrument, Terms]) -> None:
        self.instrument, terms = kind
        self.model = PositionModel(terms)
        self.position: Any = None
        self.time = 0
        self.last: OrderFilled | None = None

    def make(
        self, side: OrderSide, quantity: Quantity, price: Price, fee: int, currency: Currency
    ) -> OrderFilled:
        """A fill that costs so many ten-thousandths of its quantity, in whatever currency."""
        self.time += 1
        paid = Fraction(fee * quantity.raw, 10_000 * currency.unit)
        return OrderFilled(
            TraderId("T-1"),
            StrategyId("S-1"),
            self.instrument.id,
            ClientOrderId(f"O-{self.time // 2}"),
            f"e{self.time}",
            1_000 + self.time,
            2_000 + 3 * self.time,
            AccountId("SIM-001"),
            VenueOrderId("V-1"),
            TradeId(f"t{self.time}"),
            PositionId("P-1"),
            side,
            OrderType.MARKET,
            quantity,
            price,
            Money.from_raw(round(paid) * currency.unit, currency),
            LiquiditySide.TAKER,
        )

    def take(self, fill: OrderFilled) -> None:
        """As the execution engine does: what goes through flat is cut first, each rest anew, as
        long as a cut at least halves what is held."""
        rest: OrderFilled | None = fill
        cut_at_most_raw = fill.last_qty.raw
        if self.position is None:
            self.position = self.subject.Position(self.instrument, fill)
            rest = None
        while rest is not None:
            held_raw = self.position.signed_raw
            against = held_raw < 0 if rest.side is BUY else held_raw > 0
            part, rest = rest, None
            if against and part.last_qty.raw > abs(held_raw) <= cut_at_most_raw:
                cut_at_most_raw = abs(held_raw) // 2
                part, rest = self.cut(part, abs(held_raw))
            self.position.apply(part)
        self.last = fill
        self.model.add(executed(fill))

    def cut(self, fill: OrderFilled, held_raw: int) -> tuple[OrderFilled, OrderFilled]:
        """Whole it is refused, unless it is the rest of one that was cut before."""
        if not fill.event_id.endswith("/2"):
            self.refused(self.position, lambda: self.position.apply(fill), self.error())
        closing, opening = self.subject.split_fill(fill, held_raw)
        assert closing.last_qty + opening.last_qty == fill.last_qty
        assert closing.commission + opening.commission == fill.commission
        return closing, opening

    def error(self) -> type[Exception]:
        error: type[Exception] = self.subject.FillRefused
        return error

    @rule(side=sides, quantity=quantities, price=prices, fee=fees, currency=fee_currencies)
    def fill(self, side, quantity, price, fee, currency) -> None:
        self.take(self.make(side, quantity, price, fee, currency))

    @rule(price=prices, fee=fees, currency=fee_currencies, more=st.sampled_from([0, 0, -1, 1, 50]))
    def close(self, price, fee, currency, more: int) -> None:
        """What is held, but for a few steps: less leaves some, more goes through flat."""
        held_raw = 0 if self.position is None else self.position.signed_raw
        mantissa = abs(held_raw) * 1000 // RAW + more
        if mantissa > 0:
            side = SELL if held_raw > 0 else BUY
            self.take(self.make(side, Quantity.from_mantissa(mantissa, 3), price, fee, currency))

    @rule(price=prices, is_due=st.sampled_from([False, False, True]))
    def settle(self, price: Price, is_due: bool) -> None:
        """At expiry; fills that were late begin the next cycle, as the engine lets them."""
        if self.position is None or not is_due:
            return
        self.time += 1
        times = 1_000 + self.time, 2_000 + 3 * self.time
        if self.position.is_closed:
            self.refused(self.position, lambda: self.position.settle(price, *times), ValueError)
            return
        held = self.position.quantity
        assert self.position.settle(price, *times) == held
        self.model.settle(price.raw, *times)

    @rule(which=st.integers(0, 3), side=sides, quantity=quantities)
    def fill_of_another(self, which: int, side: OrderSide, quantity: Quantity) -> None:
        if self.position is None:
            return
        fill = self.make(side, quantity, Price("100.00"), 0, USD)
        replace = msgspec.structs.replace
        match which:
            case 0:
                fill = replace(fill, position_id=PositionId("P-2"))
            case 1:
                fill = replace(fill, account_id=AccountId("SIM-002"))
            case 2:
                fill = replace(fill, instrument_id=InstrumentId("ETH/USDT.SIM"))
            case _:
                if self.last is None or self.position.is_closed:
                    return  # the next cycle knows nothing of the trades of this one
                fill = replace(self.last, event_id="again")
                same_way = self.position.signed_raw * (1 if fill.side is BUY else -1) >= 0
                assert same_way or fill.trade_id in self.position.trade_ids
        self.refused(self.position, lambda: self.position.apply(fill), self.error())

    @rule(quantity=quantities, at=st.sampled_from([0, 1, 2]))
    def split_nothing(self, quantity: Quantity, at: int) -> None:
        fill = self.make(BUY, quantity, Price("100.00"), 10, USDT)
        raw = (0, quantity.raw, quantity.raw + 1)[at]
        self.refused(fill, lambda: self.subject.split_fill(fill, raw), ValueError)

    def compare(self) -> None:
        if getattr(self, "position", None) is None:
            return
        position, story = self.position, self.model.story
        holding = story.holding
        assert position.signed_raw == holding.signed
        assert exact(position.signed_qty) == holding.signed
        assert position.quantity.raw == abs(holding.signed)
        assert position.side.name == (
            "FLAT" if not holding.signed else "LONG" if holding.signed > 0 else "SHORT"
        )
        assert position.is_open is (not position.is_closed) is bool(holding.signed)
        assert position.dust_raw == story.dust
        assert position.settled_raw == story.settled
        basis = position._basis  # money hides most of what a wrong rounding of the cost does
        assert basis.cost == holding.cost
        assert basis.earned == holding.earned
        for price in (Price("0.01"), Price("123.45")):
            gain = position.unrealized_pnl(price).raw
            assert gain == holding.open_gain(price.raw)
        assert len(position.cycles) == len(story.cycles) - 1
        self.compare_present(story.present)
        for closed, cycle in zip(position.cycles, story.cycles, strict=False):
            assert closed.realized_pnl.currency == position.realized_pnl.currency
            self.compare_cycle(closed, cycle)
        assert holding.signed + story.dust + story.settled == self.model.sum_of_fills()
        self.compare_with_cash()

    def compare_present(self, cycle: Cycle) -> None:
        position = self.position
        self.compare_cycle(position, cycle)
        assert position.ts_last == cycle.ts_last
        assert list(position.trade_ids) == cycle.trade_ids
        fees = {code: paid.raw for code, paid in position.commissions.items()}
        assert fees == cycle.fees
        assert position.avg_px_open_raw == cycle.mean_open

    def compare_cycle(self, told: Any, cycle: Cycle) -> None:
        assert told.entry is (BUY if cycle.is_entered_long else SELL)
        assert told.opening_order_id == cycle.opening_order_id
        assert told.closing_order_id == cycle.closing_order_id
        assert told.peak_quantity.raw == cycle.peak
        assert exact(told.avg_px_open) == cycle.mean_open
        close = cycle.mean_close(self.model.story.holding)
        assert exact(told.avg_px_close) == close
        assert told.realized_pnl.raw == cycle.realized
        assert (told.ts_opened, told.ts_closed) == (cycle.ts_opened, cycle.ts_closed)
        assert told.duration_ns == cycle.duration_ns

    def compare_with_cash(self) -> None:
        """No rule of the house: what came in less what went out is what was earned, and what is
        still held has cost the difference. (A fee taken in the thing itself goes at cost.)"""
        if self.instrument is LINEAR:
            holding = self.model.story.holding
            sign = 1 if holding.signed > 0 else -1
            assert self.model.cash_flow() + sign * holding.cost == holding.earned


def executed(fill: OrderFilled) -> Execution:
    return Execution(
        fill.trade_id,
        fill.client_order_id,
        fill.last_qty.raw if fill.side is BUY else -fill.last_qty.raw,
        fill.last_px.raw,
        fill.commission.raw,
        fill.commission.currency.code,
        fill.commission.currency.precision,
        fill.ts_event,
        fill.ts_init,
    )


def exact(number: Decimal | None) -> Fraction | None:
    """Units of 1e-16."""
    return None if number is None else Fraction(number) * RAW


def test_position_is_what_its_fills_say(sail) -> None:
    sail(PositionMachine)


TEXTS = {
    "duration by the venue's stamps": (
        "            self.duration_ns = fill.ts_init - self._ts_init_opened\n",
        "            self.duration_ns = fill.ts_event - self.ts_opened\n",
    ),
    "dust stays held": (
        "        if reduces and 0 < abs(held_raw) < self._dust_below_raw:\n",
        "        if False and reduces and 0 < abs(held_raw) < self._dust_below_raw:\n",
    ),
    "commission goes with the first half": (
        "            commission=Money.from_raw(commission.raw - first_raw, commission.currency),\n",
        "            commission=Money.from_raw(0, commission.currency),\n",
    ),
    "fee earns": (
        "            self._realized_raw -= commission.raw\n",
        "            self._realized_raw += commission.raw\n",
    ),
    "peak is what is held": (
        "        self._peak_raw = max(self._peak_raw, abs(held_raw))\n",
        "        self._peak_raw = abs(held_raw)\n",
    ),
    "trade counts twice": (
        "        if recorded is not None and fill.event_id != recorded + _SECOND_HALF:\n",
        "        if recorded is not None and fill.event_id == recorded:\n",
    ),
    "settlement earns nothing": (
        "        self._realized_raw += basis.trade(-held_raw, price_raw)\n",
        "        basis.trade(-held_raw, price_raw)\n",
    ),
    "settlement goes by the venue's stamps": (
        "        self.duration_ns = ts_init - self._ts_init_opened\n        return held\n",
        "        self.duration_ns = ts_event - self.ts_opened\n        return held\n",
    ),
    "mean price is that of what is gone": (
        "            quantity_raw >= abs(signed_raw) or (held_raw > 0) is not (signed_raw > 0)\n",
        "            (held_raw > 0) is not (signed_raw > 0)\n",
    ),
    "refusal leaves a time": (
        "        basis = self._basis\n        trade = (",
        "        basis = self._basis\n        self.ts_last = fill.ts_event\n        trade = (",
    ),
}
COSTS = {
    "cost is rounded up": (
        "        taken = self.cost * closing_raw // abs(self.signed_raw)\n",
        "        taken = -(-self.cost * closing_raw // abs(self.signed_raw))\n",
    ),
    "profit is rounded at each close": (
        "        booked_raw = valuation.to_raw(self.earned) - self.booked_raw\n",
        "        booked_raw = valuation.to_raw(gain if signed_raw > 0 else -gain)\n",
    ),
    "multiplier is forgotten in a gain": (
        "        return -change_of_value if self._is_inverse else change_of_value\n",
        "        return change_of_value\n",
    ),
    "cost in floats": (
        "        return quantity_raw * price_raw\n",
        "        return int(float(quantity_raw) * price_raw)\n",
    ),
}


@pytest.mark.parametrize("bug", TEXTS)
def test_machine_finds_a_bug_planted_in_the_position(bug: str) -> None:
    subject = machines.replanted(engine.model.positions, TEXTS[bug])
    machines.finds(PositionMachine, subject=subject)


@pytest.mark.parametrize("bug", COSTS)
def test_machine_finds_a_bug_planted_in_the_cost(bug: str) -> None:
    cost = machines.replanted(engine.model.cost, COSTS[bug])
    subject = machines.replanted(engine.model.positions)
    vars(subject).update(CostBasis=cost.CostBasis, Valuation=cost.Valuation)
    machines.finds(PositionMachine, subject=subject)
