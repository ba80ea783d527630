"""VAL-1, VAL-2, CCH-2 and CLK-3 on turns written by hand: what they pass and what they find."""

import msgspec
import pytest

from engine.kernel import Kernel, KernelConfig
from engine.model.commands import Command, ModifyOrder, SubmitOrder
from engine.model.currencies import BTC, USDT
from engine.model.data import QuoteTick
from engine.model.enums import (
    BUY,
    SELL,
    LiquiditySide,
    OrderSide,
    OrderType,
    PositionSide,
    TimeInForce,
)
from engine.model.events import OrderFilled, OrderInitialized, PositionClosed, PositionOpened
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
from engine.model.values import Money, Price, Quantity
from engine.record import TurnRecord
from invariants.cache import NothingLiveIsEvicted
from invariants.clock import DurationsAreLocal
from invariants.evidence import Evidence
from invariants.property import Check, Violation
from invariants.values import ArithmeticIsExact, ValuesLieOnTheGrid
from simulation.scenarios import BTCUSDT

HEAD = (TraderId("T-1"), StrategyId("S-1"), BTCUSDT.id)
PID = PositionId("P-1")
ACCOUNT = AccountId("SIM-001")


class Turns:
    """One check, shown turns of a kernel that lists one instrument."""

    def __init__(self, kind: type[Check]) -> None:
        self.kernel = Kernel(KernelConfig(trader_id=TraderId("T-1")), [])
        self.kernel.cache.add_instrument(BTCUSDT)
        self.evidence = Evidence(self.kernel.view, {}, dict, {})
        self.check: Check = kind()

    def show(
        self, *facts: msgspec.Struct, told: object = None, commands: tuple[Command, ...] = ()
    ) -> list[Violation]:
        self.evidence.turn_ended(TurnRecord(1, 1, told, facts, commands))
        return list(self.check.turn(self.evidence) or ())


def initialized(price: str, quantity: str) -> OrderInitialized:
    return OrderInitialized(
        *HEAD,
        ClientOrderId("O-1"),
        "e",
        1,
        1,
        BUY,
        OrderType.LIMIT,
        Quantity(quantity),
        TimeInForce.GTC,
        Price(price),
    )


def submit(price: str, quantity: str) -> SubmitOrder:
    return SubmitOrder("c-1", None, 1, *HEAD[1:], initialized(price, quantity))


def modify(quantity: str | None, price: str | None) -> ModifyOrder:
    return ModifyOrder(
        "c-2",
        None,
        1,
        *HEAD[1:],
        ClientOrderId("O-1"),
        None,
        None if quantity is None else Quantity(quantity),
        None if price is None else Price(price),
        None,
    )


def filled(
    side: OrderSide, quantity: str, price: str, fee: Money | None = None, ts: int = 1
) -> OrderFilled:
    return OrderFilled(
        *HEAD,
        ClientOrderId("O-1"),
        "e",
        ts,
        ts,
        ACCOUNT,
        VenueOrderId("V-1"),
        TradeId("t-1"),
        PID,
        side,
        OrderType.LIMIT,
        Quantity(quantity),
        Price(price),
        Money(0, USDT) if fee is None else fee,
        LiquiditySide.TAKER,
    )


def step(
    held: str, last: str, mean: str, ts: int = 1, duration_ns: int | None = None
) -> PositionOpened | PositionClosed:
    kind = PositionOpened if duration_ns is None else PositionClosed
    more = () if duration_ns is None else (duration_ns,)
    return kind(
        *HEAD,
        PID,
        ACCOUNT,
        "e",
        ts,
        ts,
        PositionSide.LONG,
        held,
        Quantity(held.lstrip("-")),
        Quantity(last),
        Price("1.00"),
        mean,
        Money(0, USDT),
        ClientOrderId("O-1"),
        *more,
    )


def mean(price: str) -> str:
    """A price as position events tell their averages."""
    return str(Price(price, 16))


# --- VAL-1 --------------------------------------------------------------------------------------


def test_orders_on_the_grid_may_leave() -> None:
    turns = Turns(ValuesLieOnTheGrid)
    assert turns.show(commands=(submit("1.25", "0.00001"), modify("0.50000", "1.26"))) == []
    assert turns.show(commands=(modify(None, None),)) == []


@pytest.mark.parametrize(
    "command",
    [
        submit("1.255", "1"),
        submit("1.25", "0.000011"),
        modify("0.000011", None),
        modify(None, "1.255"),
    ],
    ids=["price", "quantity", "new quantity", "new price"],
)
def test_a_value_off_the_grid_that_leaves_is_found(command: Command) -> None:
    assert len(Turns(ValuesLieOnTheGrid).show(commands=(command,))) == 1


def test_an_order_of_an_unknown_instrument_that_leaves_is_found() -> None:
    stray = msgspec.structs.replace(submit("1.25", "1"), instrument_id=InstrumentId("X.SIM"))
    assert len(Turns(ValuesLieOnTheGrid).show(commands=(stray,))) == 1


def test_parts_of_a_split_fill_must_sum_to_it() -> None:
    turns = Turns(ValuesLieOnTheGrid)
    fill = filled(SELL, "3", "1")
    close, rest = step("0", "1", mean("1"), duration_ns=1), step("-2", "2", mean("1"))
    assert turns.show(fill, close, rest) == []
    assert turns.show(fill, close, rest, fill, close, rest) == []
    assert len(turns.show(fill, rest)) == 1
    assert len(turns.show(fill, close, rest, rest)) == 1
    assert len(turns.show(fill, close, fill, close, rest)) == 1


# --- VAL-2 --------------------------------------------------------------------------------------


def test_a_mean_is_exact_through_adding_closing_and_a_flip() -> None:
    turns = Turns(ArithmeticIsExact)
    assert turns.show(filled(BUY, "1", "1"), step("1", "1", mean("1"))) == []
    third = "1.6666666666666667"
    assert turns.show(filled(BUY, "2", "2"), step("3", "2", third)) == []
    assert turns.show(filled(SELL, "1", "9"), step("2", "1", third)) == []
    closed, opened = step("0", "2", third, duration_ns=1), step("-1", "1", mean("5"))
    assert turns.show(filled(SELL, "3", "5"), closed, opened) == []


def test_a_mean_off_by_more_than_its_last_digit_is_found() -> None:
    turns = Turns(ArithmeticIsExact)
    turns.show(filled(BUY, "1", "1"), step("1", "1", mean("1")))
    assert len(turns.show(filled(BUY, "2", "2"), step("3", "2", "1.6666666666666700"))) == 1


def test_a_mean_cut_to_fewer_digits_is_found() -> None:
    turns = Turns(ArithmeticIsExact)
    assert len(turns.show(filled(BUY, "1", "1"), step("1", "1", "1.0"))) == 1


def test_a_position_that_paid_a_fee_of_itself_is_not_judged() -> None:
    turns = Turns(ArithmeticIsExact)
    fill = filled(BUY, "1", "1", Money("0.1", BTC))
    assert turns.show(fill, step("0.9", "1", mean("7"))) == []


# --- CCH-2 --------------------------------------------------------------------------------------


def quote(price: int) -> QuoteTick:
    return QuoteTick(BTCUSDT.id, price, price + 1, 1, 1, 2, 5, 1, 1)


def test_ticks_that_are_all_kept_are_no_finding_and_a_refused_one_counts_for_nothing() -> None:
    turns = Turns(NothingLiveIsEvicted)
    for price in range(3):
        tick = quote(price)
        turns.kernel.cache.add_quote(tick)
        assert turns.show(told=tick) == []
    assert turns.show(told=quote(9)) == []


def test_a_tick_evicted_below_capacity_is_found() -> None:
    turns = Turns(NothingLiveIsEvicted)
    for price in range(2):
        tick = quote(price)
        turns.kernel.cache.add_quote(tick)
        turns.show(told=tick)
    turns.kernel.cache._quotes.clear()
    tick = quote(7)
    turns.kernel.cache.add_quote(tick)
    assert [found.subject for found in turns.show(told=tick)] == [BTCUSDT.id]


def test_an_order_that_began_and_is_not_cached_is_found() -> None:
    turns = Turns(NothingLiveIsEvicted)
    assert [found.subject for found in turns.show(initialized("1.25", "1"))] == ["O-1"]


# --- CLK-3 --------------------------------------------------------------------------------------


def test_a_duration_is_the_difference_of_local_stamps() -> None:
    turns = Turns(DurationsAreLocal)
    assert turns.show(step("1", "1", mean("1"), ts=100)) == []
    assert turns.show(step("0", "1", mean("1"), ts=130, duration_ns=30)) == []
    assert len(turns.show(step("0", "1", mean("1"), ts=130, duration_ns=29))) == 1
