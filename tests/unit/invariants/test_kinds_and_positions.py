"""POS-4, POS-5, RSK-1, VAL-1, VAL-2 and MAT-1 on positions kept apart and on what is settled."""

import msgspec
import pytest

from engine.model.enums import (
    BUY,
    SELL,
)
from engine.model.events import (
    PositionClosed,
    PositionOpened,
    PositionSettled,
)
from engine.model.identifiers import (
    PositionId,
    StrategyId,
)
from engine.model.instruments import Instrument
from engine.model.orders import Order
from engine.model.values import Price
from invariants.exposure import ReduceOnlyReduces
from invariants.isolation import NobodyTouchesAnothers
from invariants.limits import LimitsAreKept
from invariants.matching import QueueWitness
from invariants.values import ArithmeticIsExact, ValuesLieOnTheGrid
from simulation.scenarios import BTCUSDT_PERP, ETHUSD_CALL, RAIN
from tests.unit.invariants.conftest import (
    BEYOND,
    COID,
    NETTED,
    OTHERS,
    OURS,
    P,
    Turns,
    filled,
    init,
    position,
    step,
    submit,
)

# --- POS-5 --------------------------------------------------------------------------------------


class Trade(msgspec.Struct):
    side: str
    quantity: int
    position_id: str
    symbol: str = str(BTCUSDT_PERP.id.symbol)
    client_order_id: str = str(COID)
    trade_id: str = "T-1"
    price: int = 1
    liquidity: str = "TAKER"
    ts: int = 0


@pytest.mark.parametrize(("size", "wrong"), [(3, 0), (4, 1)])
def test_reduce_only_trade_is_held_to_the_position_it_is_for(size: int, wrong: int) -> None:
    turns = Turns(ReduceOnlyReduces, BTCUSDT_PERP)
    order = Order(init(BTCUSDT_PERP, SELL, "5", reduce_only=True))
    turns.kernel.cache.add_order(order)
    watcher = turns.check.watcher("SIM")
    assert watcher is not None
    for trade in (Trade("BUY", 3, "A"), Trade("SELL", 9, "B")):
        watcher.on_fill(trade, order)  # type: ignore[arg-type]
    watcher.steps.clear()  # type: ignore[attr-defined]
    watcher.on_fill(Trade("SELL", size, "A"), order)  # type: ignore[arg-type]
    assert len(turns.show()) == wrong


@pytest.mark.parametrize(
    ("named", "size", "wrong"),
    [(P, "3", 0), (P, "4", 1), (None, "2", 0), (None, "3", 1), (PositionId("P-9"), "1", 1)],
)
def test_reduce_only_order_asks_for_no_more_than_the_position_it_names(
    named: PositionId | None, size: str, wrong: int
) -> None:
    turns = Turns(ReduceOnlyReduces, BTCUSDT_PERP)
    position(turns, BTCUSDT_PERP, filled(BTCUSDT_PERP, BUY, "3", "100.0"))
    position(turns, BTCUSDT_PERP, filled(BTCUSDT_PERP, SELL, "9", "100.0", position=BEYOND))
    position(turns, BTCUSDT_PERP, filled(BTCUSDT_PERP, BUY, "2", "100.0", position=NETTED))
    asked = init(BTCUSDT_PERP, SELL, size, reduce_only=True)
    assert len(turns.show(commands=(submit(asked, named),))) == wrong


# --- POS-4, RSK-1, VAL-1, VAL-2, MAT-1 ------------------------------------------------------------


@pytest.mark.parametrize(("owner", "wrong"), [(OURS, 0), (OTHERS, 1)])
def test_order_for_the_position_of_another_strategy_is_found(owner: StrategyId, wrong: int) -> None:
    turns = Turns(NobodyTouchesAnothers, BTCUSDT_PERP)
    fill = msgspec.structs.replace(filled(BTCUSDT_PERP, BUY, "3", "1.0"), strategy_id=owner)
    position(turns, BTCUSDT_PERP, fill)
    asked = init(BTCUSDT_PERP, SELL, "3")
    assert len(turns.show(asked, commands=(submit(asked, P),))) == wrong


def test_what_was_settled_came_by_the_fills_of_its_owner() -> None:
    turns = Turns(NobodyTouchesAnothers, RAIN)
    bought = filled(RAIN, BUY, "3", "0.500")
    held = position(turns, RAIN, bought)
    assert turns.show(init(RAIN, BUY, "3"), bought) == []
    held.settle(Price("1.000"), 1, 1)
    assert turns.end() == []
    position(turns, RAIN, filled(RAIN, BUY, "1", "0.500", position=BEYOND))
    assert len(turns.end()) == 1


@pytest.mark.parametrize(
    ("instrument", "price", "wrong"),
    [(ETHUSD_CALL, "-0.05", 0), (ETHUSD_CALL, "-0.01", 1), (RAIN, "-0.001", 1), (RAIN, "0", 1)],
)
def test_only_what_may_cost_less_than_nothing_leaves_below_zero(
    instrument: Instrument, price: str, wrong: int
) -> None:
    turns = Turns(LimitsAreKept, instrument)
    assert len(turns.show(commands=(submit(init(instrument, price=price)),))) == wrong


def test_what_is_settled_is_no_part_of_the_fill_before_it() -> None:
    fill = filled(RAIN, BUY, "2", "0.500")
    steps = (
        step(PositionOpened, RAIN, "2", "2", "0.500"),
        step(PositionSettled, RAIN, "0", "2", "1.000"),
    )
    assert Turns(ValuesLieOnTheGrid, RAIN).show(fill, *steps) == []
    assert len(Turns(ValuesLieOnTheGrid, RAIN).show(fill, steps[1])) == 1


def test_mean_of_what_opens_after_a_settlement_or_beyond_a_position_is_its_own() -> None:
    turns = Turns(ArithmeticIsExact, RAIN)
    turns.show(filled(RAIN, BUY, "4", "0.500"), step(PositionOpened, RAIN, "4", "4", "0.500"))
    turns.show(step(PositionSettled, RAIN, "0", "4", "1.000"))
    late = filled(RAIN, SELL, "2", "0.250")
    assert turns.show(late, step(PositionOpened, RAIN, "-2", "2", "0.250")) == []
    through = filled(RAIN, BUY, "3", "0.375")
    closed = step(PositionClosed, RAIN, "0", "2", "0.250")
    for mean, wrong in (("0.375", 0), ("0.250", 1)):
        turns = Turns(ArithmeticIsExact, RAIN)
        turns.show(late, step(PositionOpened, RAIN, "-2", "2", "0.250"))
        opened = step(PositionOpened, RAIN, "1", "1", mean, position=BEYOND)
        assert len(turns.show(through, closed, opened)) == wrong


def test_queue_at_prices_below_zero_is_a_queue() -> None:
    witness = QueueWitness()
    witness.rested("C", 1, False, -2, 5)
    witness.rested("C", 2, False, 1, 5)
    witness.rested("C", 3, True, -3, 5)
    witness.traded("C", "T1", True, -2, 5, 0)
    witness.over()
    assert witness.wrong == []
    assert witness.levels("C", False) == {1: 5}
    assert witness.levels("C", True) == {-3: 5}
    witness.traded("C", "T2", False, -4, 1, 0)
    assert [each.detail for each in witness.wrong] == ["traded at -4 while 3 stood first at -3"]
