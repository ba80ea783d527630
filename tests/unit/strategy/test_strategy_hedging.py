"""Helpers of a strategy whose positions are kept apart."""

from typing import TYPE_CHECKING

from engine.model.commands import SubmitOrder
from engine.model.currencies import USDT
from engine.model.enums import BUY, SELL, LiquiditySide, OmsType, OrderType, PositionSide
from engine.model.events import OrderFilled
from engine.model.identifiers import (
    AccountId,
    ClientOrderId,
    PositionId,
    TradeId,
    VenueOrderId,
)
from engine.model.positions import Position
from engine.model.values import Money, Price, Quantity
from engine.strategy import Strategy, StrategyConfig

if TYPE_CHECKING:
    from tests.unit.strategy.conftest import Desk


def hedger(desk: "Desk") -> Strategy:
    return desk.running(Strategy(StrategyConfig(strategy_id="H-001", oms_type=OmsType.HEDGING)))


def held(desk: "Desk", strategy: Strategy, name: str, side: object, size: str) -> Position:
    fill = OrderFilled(
        desk.ctx.trader_id,
        strategy.id,
        desk.instrument_id,
        ClientOrderId(f"O-{name}"),
        f"e-{name}",
        1,
        1,
        AccountId("SIM-001"),
        VenueOrderId(f"V-{name}"),
        TradeId(f"T-{name}"),
        PositionId(name),
        side,  # type: ignore[arg-type]
        OrderType.MARKET,
        Quantity(size),
        Price("100.00"),
        Money("0", USDT),
        LiquiditySide.TAKER,
    )
    position = Position(desk.instrument, fill)
    desk.cache.add_position(position)
    return position


def sent(desk: "Desk") -> list[SubmitOrder]:
    return [command for command in desk.to_risk if isinstance(command, SubmitOrder)]


def test_order_is_filed_with_the_position_it_is_submitted_for(desk: "Desk") -> None:
    strategy = hedger(desk)
    position = held(desk, strategy, "P-1", BUY, "2.000")
    order = strategy.order_factory.market(desk.instrument_id, SELL, Quantity("1.000"))

    assert strategy.submit_order(order, position_id=position.id) is None

    (command,) = sent(desk)
    assert command.position_id == "P-1"
    assert desk.cache.position_id(order.client_order_id) == "P-1"
    assert desk.cache.position_for_order(order.client_order_id) is position


def test_closing_a_virtual_position_names_it_and_asks_nothing_of_the_venues_net(
    desk: "Desk",
) -> None:
    strategy = hedger(desk)
    position = held(desk, strategy, "P-1", BUY, "2.000")

    strategy.close_position(position)

    (command,) = sent(desk)
    assert (command.position_id, command.order.quantity) == ("P-1", Quantity("2.000"))
    assert (command.order.side, command.order.reduce_only) == (SELL, False)


def test_closing_a_position_of_the_venue_is_reduce_only(desk: "Desk") -> None:
    strategy = hedger(desk)
    position = held(desk, strategy, "SIM-1-001", SELL, "2.000")

    strategy.close_position(position)
    strategy.close_position(position, reduce_only=False)

    first, second = sent(desk)
    assert (first.position_id, first.order.reduce_only) == ("SIM-1-001", True)
    assert second.order.reduce_only is False


def test_closing_a_netted_position_names_none(desk: "Desk") -> None:
    strategy = hedger(desk)
    name = f"{desk.instrument_id}-SIM-001-{strategy.id}"

    strategy.close_position(held(desk, strategy, name, BUY, "1.000"))

    (command,) = sent(desk)
    assert command.position_id is None
    assert command.order.reduce_only is True


def test_closing_all_closes_each_by_its_own_order(desk: "Desk") -> None:
    strategy = hedger(desk)
    for number, side in enumerate((BUY, SELL, BUY), start=1):
        held(desk, strategy, f"P-{number}", side, f"{number}.000")

    strategy.close_all_positions(desk.instrument_id, PositionSide.LONG)
    strategy.close_all_positions(desk.instrument_id, PositionSide.SHORT)

    asked = [(each.position_id, str(each.order.quantity)) for each in sent(desk)]
    assert asked == [("P-1", "1.000"), ("P-3", "3.000"), ("P-2", "2.000")]
