"""Turns written by hand, of one order, account and strategy, for the checks of this folder."""

from collections.abc import Sequence
from typing import Any

import msgspec

from engine.kernel import Kernel, KernelConfig
from engine.model.commands import SubmitOrder
from engine.model.currencies import USD, Currency
from engine.model.enums import (
    BUY,
    AccountType,
    LiquiditySide,
    OrderSide,
    OrderType,
    PositionSide,
    TimeInForce,
)
from engine.model.events import (
    AccountState,
    InstrumentSettled,
    OrderFilled,
    OrderInitialized,
    PositionClosed,
    PositionEvent,
    PositionOpened,
    PositionSettled,
)
from engine.model.identifiers import (
    AccountId,
    ClientOrderId,
    PositionId,
    StrategyId,
    TradeId,
    TraderId,
    VenueOrderId,
)
from engine.model.instruments import Instrument
from engine.model.orders import Order
from engine.model.positions import Position
from engine.model.reports import SettlementReport
from engine.model.values import AccountBalance, Money, Price, Quantity
from engine.record import TurnRecord
from invariants.evidence import Evidence
from invariants.order_witness import OrderWitness
from invariants.property import Check, Violation
from simulation.scenarios import BTCUSDT_PERP

TRADER = TraderId("T-1")
OURS, OTHERS = StrategyId("S-1"), StrategyId("S-2")
ACCOUNT = AccountId("SIM-001")
COID = ClientOrderId("O-1")
P = PositionId("P-1")
BEYOND = PositionId("P-1F")
NETTED = PositionId(f"{BTCUSDT_PERP.id}-{ACCOUNT}-{OURS}")


class Turns:
    """One check, shown turns of a kernel that lists what the test names."""

    def __init__(self, kind: type[Check], *listed: Instrument) -> None:
        self.kernel = Kernel(KernelConfig(trader_id=TRADER), [])
        for instrument in listed:
            self.kernel.cache.add_instrument(instrument)  # type: ignore[arg-type]
        self.evidence = Evidence(self.kernel.view, {}, dict, {})
        self.check: Check = kind()

    def show(
        self,
        *facts: msgspec.Struct,
        told: object = None,
        commands: tuple[SubmitOrder, ...] = (),
        touched: Sequence[tuple[Order, OrderWitness]] = (),
    ) -> list[str]:
        self.evidence.turn_ended(TurnRecord(1, 1, told, facts, commands))
        self.evidence.touched = list(touched)
        return _details(self.check.turn(self.evidence))

    def end(self) -> list[str]:
        return _details(self.check.end(self.evidence))


def _details(found: Any) -> list[str]:
    violations: list[Violation] = list(found or ())
    return [violation.detail for violation in violations]


def init(
    instrument: Instrument,
    side: OrderSide = BUY,
    quantity: str = "1",
    price: str | None = "1",
    reduce_only: bool = False,
) -> OrderInitialized:
    return OrderInitialized(
        TRADER,
        OURS,
        instrument.id,
        COID,
        "e",
        1,
        1,
        side,
        OrderType.MARKET if price is None else OrderType.LIMIT,
        Quantity(quantity),
        TimeInForce.GTC,
        None if price is None else Price(price),
        reduce_only=reduce_only,
    )


def submit(asked: OrderInitialized, position_id: PositionId | None = None) -> SubmitOrder:
    return SubmitOrder("c-1", None, 1, OURS, asked.instrument_id, asked, position_id)


def filled(
    instrument: Instrument,
    side: OrderSide,
    quantity: str,
    price: str,
    *,
    fee: str = "0",
    position: PositionId = P,
    at_venue: PositionId | None = None,
) -> OrderFilled:
    return OrderFilled(
        TRADER,
        OURS,
        instrument.id,
        COID,
        "e",
        1,
        1,
        ACCOUNT,
        VenueOrderId("V-1"),
        TradeId("t-1"),
        position,
        side,
        OrderType.LIMIT,
        Quantity(quantity),
        Price(price),
        Money(fee, instrument.cost_currency),
        LiquiditySide.TAKER,
        at_venue,
    )


def step(
    kind: type[PositionEvent],
    instrument: Instrument,
    held: str,
    last: str,
    price: str,
    earned: str = "0",
    position: PositionId = P,
) -> PositionEvent:
    more: tuple[object, ...] = ()
    if kind is PositionOpened:
        more = (COID,)
    elif kind is PositionClosed:
        more = (COID, 1)
    elif kind is PositionSettled:
        more = (1,)
    return kind(
        TRADER,
        OURS,
        instrument.id,
        position,
        ACCOUNT,
        "e",
        1,
        1,
        PositionSide.FLAT,
        held,
        Quantity(held.lstrip("-")),
        Quantity(last),
        Price(price),
        str(Price(price, 16)),
        Money(earned, instrument.cost_currency),
        *more,
    )


def position(turns: Turns, instrument: Instrument, *fills: OrderFilled) -> Position:
    held = Position(instrument, fills[0])
    for fill in fills[1:]:
        held.apply(fill)
    turns.kernel.cache.add_position(held)
    return held


def state(
    total: str,
    currency: Currency = USD,
    kind: AccountType = AccountType.CASH,
    reported: bool = False,
) -> AccountState:
    money = Money(total, currency)
    balance = AccountBalance(money, Money(0, currency), money)
    return AccountState(ACCOUNT, kind, (balance,), (), reported, "e", 1, 1)


def settled(instrument: Instrument, price: str) -> tuple[SettlementReport, InstrumentSettled]:
    said = ACCOUNT, instrument.id, Price(price)
    return SettlementReport(*said, 1, 1), InstrumentSettled(*said, "e", 1, 1)
