"""The order against the list of its events: whatever comes, in whatever order."""

from decimal import Decimal
from fractions import Fraction
from types import ModuleType
from typing import Any

import machines
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule

import engine.model.orders
from engine.model import order_table
from engine.model.currencies import BTC, USDT, Currency
from engine.model.enums import (
    BUY,
    SELL,
    DenialCode,
    LiquiditySide,
    OrderSide,
    OrderStatus,
    OrderType,
    TimeInForce,
    TriggerType,
)
from engine.model.events import (
    OrderAccepted,
    OrderCanceled,
    OrderCancelRejected,
    OrderDenied,
    OrderEmulated,
    OrderEvent,
    OrderExpired,
    OrderFilled,
    OrderInitialized,
    OrderModifyRejected,
    OrderPendingCancel,
    OrderPendingUpdate,
    OrderRejected,
    OrderReleased,
    OrderSubmitted,
    OrderTriggered,
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
from engine.model.order_table import IllegalTransition, OrderEventRefused, Trigger
from engine.model.orders import ConflictingFill, DuplicateFill, FillNeverSent
from engine.model.values import Money, Price, Quantity
from simulation.models.order import OrderModel, Refusal

SIM, OTHER = AccountId("SIM-001"), AccountId("SIM-002")
VENUE_IDS = (VenueOrderId("V-1"), VenueOrderId("V-2"), VenueOrderId("V-3"))
RAW = 10**16
AFTER_END = 3  # events that an order gets after its end, before the next one is placed

ERRORS: dict[Refusal, type[OrderEventRefused]] = {
    Refusal.NO_SUCH_STEP: IllegalTransition,
    Refusal.NOT_OF_THIS_ORDER: OrderEventRefused,
    Refusal.SAME_FILL_AGAIN: DuplicateFill,
    Refusal.OTHER_FILL_OF_SAME_TRADE: ConflictingFill,
    Refusal.FILL_OF_UNSENT: FillNeverSent,
}

rarely_other_account = st.sampled_from([SIM] * 9 + [OTHER])
venue_ids = st.sampled_from([*VENUE_IDS[:1] * 4, *VENUE_IDS])
maybe_venue_ids = st.none() | venue_ids
request_ids = st.sampled_from(["r1", "r2", "r3", "r4", "r5"])
quantities = st.integers(0, 9).map(Quantity.from_int)
small_quantities = st.integers(0, 25).map(lambda n: Quantity.from_mantissa(n, 1))
prices = st.integers(1, 300).map(lambda n: Price.from_mantissa(n, 2))


Draft = tuple[OrderType, OrderSide, int, str, bool]
drafts: st.SearchStrategy[Draft] = st.tuples(
    st.sampled_from(
        [OrderType.STOP_LIMIT, OrderType.LIMIT, OrderType.STOP_MARKET, OrderType.MARKET]
    ),
    st.sampled_from([BUY, SELL]),
    st.integers(1, 9),
    st.sampled_from(["sent", "leaving", "changing", "found", "emulated", "released", "not yet"]),
    st.sampled_from([False, False, True]),
)


def initialized(
    order_type: OrderType, side: OrderSide, quantity: int, in_quote: bool
) -> OrderInitialized:
    limited = order_type in (OrderType.LIMIT, OrderType.STOP_LIMIT)
    stopped = order_type in (OrderType.STOP_MARKET, OrderType.STOP_LIMIT)
    return OrderInitialized(
        TraderId("T-1"),
        StrategyId("S-1"),
        InstrumentId("BTC/USDT.SIM"),
        ClientOrderId("O-1"),
        "e",
        1,
        1,
        side,
        order_type,
        Quantity.from_int(quantity),
        TimeInForce.GTC,
        Price("1.50") if limited else None,
        Price("1.40") if stopped else None,
        TriggerType.LAST_PRICE if stopped else TriggerType.NO_TRIGGER,
        quote_quantity=in_quote,
    )


class OrderMachine(machines.Machine):
    """Attributes:
    subject: the module whose `Order` is driven.
    """

    subject: ModuleType = engine.model.orders

    @initialize(plan=st.lists(drafts, min_size=5, max_size=5))
    def begin(self, plan: list[Draft]) -> None:
        self.plan = plan
        self.placed = 0
        self.next_order()

    def next_order(self) -> None:
        self.after_end = 0
        self.place(*self.plan[self.placed % len(self.plan)])
        self.placed += 1

    def place(
        self, order_type: OrderType, side: OrderSide, quantity: int, begins: str, in_quote: bool
    ) -> None:
        """A stop-market order is for a quantity in base, always: another is no order."""
        if in_quote and order_type is OrderType.STOP_MARKET:
            init = initialized(order_type, side, quantity, in_quote)
            self.refused(init, lambda: self.subject.Order(init), ValueError)
            in_quote = False
        init = initialized(order_type, side, quantity, in_quote)
        self.order: Any = self.subject.Order(init)
        self.model = OrderModel(init)
        self.time = 1
        self.trades = 0
        if begins in ("sent", "leaving", "changing"):
            self.take(OrderSubmitted, SIM, "r0")
        elif begins == "found":
            self.take(OrderAccepted, SIM, VENUE_IDS[0])
        if begins == "leaving":
            self.take(OrderPendingCancel, SIM, "r1")
        elif begins == "changing":
            self.take(OrderPendingUpdate, SIM, "r1")
        elif begins == "emulated":
            self.take(OrderEmulated)
        elif begins == "released":
            self.take(OrderReleased, Price("1.00"))

    def event(self, kind: Any, *fields: object) -> OrderEvent:
        self.time += 1
        init = self.model.init
        event: OrderEvent = kind(
            init.trader_id,
            init.strategy_id,
            init.instrument_id,
            init.client_order_id,
            f"e{self.time}",
            self.time,
            self.time,
            *fields,
        )
        return event

    def take(self, kind: Any, *fields: object) -> None:
        self.take_event(self.event(kind, *fields))

    def take_event(self, event: OrderEvent) -> None:
        if self.model.is_over:
            self.after_end += 1
            if self.after_end > AFTER_END:
                self.next_order()
                return
        refusal = self.model.add(event)
        if refusal is None:
            self.order.apply(event)
        else:
            error = getattr(self.subject, ERRORS[refusal].__name__)
            self.refused(self.order, lambda: self.order.apply(event), error)

    @rule()
    def emulate(self) -> None:
        self.take(OrderEmulated)

    @rule()
    def release(self) -> None:
        self.take(OrderReleased, Price("1.00"))

    @rule()
    def trigger(self) -> None:
        self.take(OrderTriggered)

    @rule()
    def deny(self) -> None:
        self.take(OrderDenied, DenialCode.PRICE_PRECISION, "")

    @rule()
    def reject(self) -> None:
        self.take(OrderRejected, SIM, "why")

    @rule(account=rarely_other_account)
    def submit(self, account: AccountId) -> None:
        self.take(OrderSubmitted, account, "r0")

    @rule(account=rarely_other_account, venue_id=venue_ids)
    def accept(self, account: AccountId, venue_id: VenueOrderId) -> None:
        self.take(OrderAccepted, account, venue_id)

    @rule(kind=st.sampled_from([OrderPendingUpdate, OrderPendingCancel]), request_id=request_ids)
    def ask(self, kind: type, request_id: str) -> None:
        self.take(kind, SIM, request_id)

    @rule(
        kind=st.sampled_from([OrderModifyRejected, OrderCancelRejected]),
        request_id=st.none() | request_ids,
    )
    def turn_down(self, kind: type, request_id: str | None) -> None:
        self.take(kind, request_id, "why")

    @rule(
        quantity=quantities,
        price=st.none() | prices,
        trigger=st.none() | st.none() | prices,
        venue_id=maybe_venue_ids,
        request_id=st.none() | request_ids,
    )
    def update(
        self,
        quantity: Quantity,
        price: Price | None,
        trigger: Price | None,
        venue_id: VenueOrderId | None,
        request_id: str | None,
    ) -> None:
        self.take(OrderUpdated, quantity, price, trigger, venue_id, request_id)

    @rule(venue_id=maybe_venue_ids)
    def cancel(self, venue_id: VenueOrderId | None) -> None:
        self.take(OrderCanceled, venue_id)

    @rule(venue_id=maybe_venue_ids)
    def expire(self, venue_id: VenueOrderId | None) -> None:
        self.take(OrderExpired, venue_id)

    @rule(
        account=rarely_other_account,
        venue_id=venue_ids,
        trade=st.integers(-2, 6),
        side=st.sampled_from([None] * 9 + [BUY, SELL]),
        quantity=small_quantities,
        price=prices,
        fee=st.integers(-3, 9),
        currency=st.sampled_from([USDT, BTC]),
    )
    def fill_some(self, account, venue_id, trade, side, quantity, price, fee, currency) -> None:
        self.fill(account, venue_id, trade, side, quantity, price, fee, currency)

    def fill(
        self,
        account: AccountId,
        venue_id: VenueOrderId,
        trade: int,
        side: OrderSide | None,
        quantity: Quantity,
        price: Price,
        fee: int,
        currency: Currency,
    ) -> None:
        if trade >= 0:
            self.trades += 1
            trade = self.trades
        else:
            trade = self.trades + 1 + trade  # one of the last two again, with other numbers
        self.take(
            OrderFilled,
            account,
            venue_id,
            TradeId(f"t{trade}"),
            PositionId("P"),
            side or self.model.init.side,
            self.model.init.order_type,
            quantity,
            price,
            Money(fee, currency),
            LiquiditySide.MAKER,
        )

    @rule(rest=st.sampled_from([0, 0, 1, 2]), price=prices)
    def fill_what_is_left(self, rest: int, price: Price) -> None:
        """All of it, but for so many."""
        left = max(self.model.leaves_raw // RAW - rest, 1)
        self.fill(SIM, VENUE_IDS[0], 0, None, Quantity.from_int(left), price, 0, USDT)

    @rule(back=st.integers(1, 3))
    def fill_again(self, back: int) -> None:
        fills = self.model.fills()
        if fills:
            self.take_event(fills[-min(back, len(fills))])

    @rule(strategy=st.sampled_from(["S-1", "S-2"]), order=st.sampled_from(["O-1", "O-2"]))
    def event_of_another(self, strategy: str, order: str) -> None:
        if (strategy, order) == ("S-1", "O-1"):
            return
        event = self.event(OrderExpired)
        twin = type(event)(
            event.trader_id,
            StrategyId(strategy),
            event.instrument_id,
            ClientOrderId(order),
            *(getattr(event, name) for name in event.__struct_fields__[4:]),
        )
        self.take_event(twin)

    def compare(self) -> None:
        if not hasattr(self, "order"):
            return
        order, model = self.order, self.model
        assert order.status is model.status
        assert order.previous_status is model.status_beneath
        assert order.status_at_venue is model.standing
        assert {name: trigger.name for name, trigger in order.requests.items()} == {
            name: asked.name for name, asked in model.asked().items()
        }
        assert list(order.requests) == list(model.asked())
        assert order.quantity_raw == order.quantity.raw == model.quantity_raw
        assert order.is_quote_quantity is model.is_in_quote
        assert order.filled_raw == order.filled_qty.raw == model.filled_raw
        assert order.leaves_raw == order.leaves_qty.raw == model.leaves_raw
        assert order.overfill_raw == order.overfill_qty.raw == model.overfill_raw
        assert exact(order.avg_px) == model.mean_price_raw
        assert exact(order.slippage) == model.slippage_raw()
        assert {code: paid.raw for code, paid in order.commissions.items()} == (
            model.commission_raw()
        )
        assert raw(order.price) == model.price_raw
        assert raw(order.trigger_price) == model.trigger_raw
        assert order.account_id == model.account
        assert order.venue_order_id == model.venue_order_id
        assert order.venue_order_ids == model.venue_order_ids()
        assert list(order.trade_ids.values()) == model.fills()
        assert order.events == model.events
        assert order.ts_last == model.events[-1].ts_event
        assert order.ts_submitted == model.ts_submitted
        assert order.ts_accepted == model.ts_accepted
        assert order.ts_closed == model.ts_closed
        self.compare_predicates()

    def compare_predicates(self) -> None:
        order, status = self.order, self.model.status
        local = (OrderStatus.INITIALIZED, OrderStatus.EMULATED, OrderStatus.RELEASED)
        assert order.is_closed == self.model.is_over
        assert order.is_pending == bool(self.model.asked())
        assert order.is_active_local == (status in local)
        assert order.is_inflight == (order.is_pending or status is OrderStatus.SUBMITTED)
        assert order.is_open == (
            not self.model.is_over and status not in local and status is not OrderStatus.SUBMITTED
        )


def raw(value: Price | None) -> int | None:
    return None if value is None else value.raw


def exact(number: Decimal | None) -> Fraction | None:
    """Units of 1e-16."""
    return None if number is None else Fraction(number) * RAW


def test_order_is_what_its_events_say(sail) -> None:
    sail(OrderMachine)


TEXTS = {
    "average in floats": (
        "    return decimal_of(divide_half_even(cost_raw, quantity_raw), -FIXED_PRECISION)\n",
        "    return Decimal(repr(cost_raw / quantity_raw / 10**FIXED_PRECISION))\n",
    ),
    "duplicate fill counts": (
        "        if known is not None:\n            if (\n",
        "        if known is not None and known.last_qty != event.last_qty:\n            if (\n",
    ),
    "second answer counts": (
        "        if request_id in self._answered:\n            raise",
        "        if False:\n            raise",
    ),
    "status beneath is lost": (
        "            elif beneath is None:\n                beneath = status\n",
        "            else:\n                beneath = status\n",
    ),
    "overfill is clamped away": (
        "            self.overfill_raw = -rest_raw\n        self.cost",
        "            pass\n        self.cost",
    ),
    "fill takes base off an amount of quote": (
        "        if self.is_quote_quantity:\n            pass",
        "        if False:\n            pass",
    ),
    "amount of quote is filled by as much base": (
        "        if filled_raw < self.quantity_raw or self.is_quote_quantity:\n",
        "        if filled_raw < self.quantity_raw:\n",
    ),
    "amount of quote stays one": ("        self.is_quote_quantity = False\n", ""),
    "refusal leaves a time": (
        "        guard = _GUARDS[trigger]\n",
        "        self.ts_last = event.ts_event\n        guard = _GUARDS[trigger]\n",
    ),
    "late fill moves the end": (
        "        if CLOSED[status] and not CLOSED[self.status]:\n",
        "        if CLOSED[status]:\n",
    ),
}


@pytest.mark.parametrize("bug", TEXTS)
def test_machine_finds_a_bug_planted_in_the_order(bug: str) -> None:
    machines.finds(OrderMachine, subject=machines.replanted(engine.model.orders, TEXTS[bug]))


S, T = OrderStatus, Trigger


@pytest.mark.parametrize(
    ("status", "trigger", "cell"),
    [
        (S.CANCELED, T.FILL_LEAVING_REST, S.PARTIALLY_FILLED),  # a late fill reopens
        (S.PENDING_CANCEL, T.FILL_LEAVING_REST, S.PARTIALLY_FILLED),  # a fill drops the question
        (S.SUBMITTED, T.EXPIRED, order_table.ILLEGAL),
        (S.PARTIALLY_FILLED, T.ACCEPTED, S.ACCEPTED),
        (S.PENDING_CANCEL, T.PENDING_UPDATE, S.PENDING_UPDATE),
        (S.DENIED, T.FILL_OF_REST, S.FILLED),
        (S.RELEASED, T.EXPIRED, S.EXPIRED),
        (S.EMULATED, T.REJECTED, order_table.ILLEGAL),
    ],
    ids=lambda part: part.name,
)
def test_machine_finds_a_wrong_cell_of_the_table(
    status: OrderStatus, trigger: Trigger, cell: OrderStatus
) -> None:
    copy = machines.replanted(engine.model.orders)
    copy.COMPILED = [list(row) for row in order_table.COMPILED]  # type: ignore[attr-defined]
    copy.COMPILED[status][trigger] = cell
    machines.finds(OrderMachine, subject=copy)
