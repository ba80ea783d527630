"""The example users start from does what its docstring says."""

from typing import Any

import msgspec
import pytest

import seatrial.ema_cross
from engine.model.currencies import USDT
from engine.model.enums import BUY, SELL, DataKind, LiquiditySide
from engine.model.events import OrderDenied, OrderFilled, OrderSubmitted
from engine.model.identifiers import (
    AccountId,
    InstrumentId,
    PositionId,
    TradeId,
    VenueOrderId,
)
from engine.model.positions import Position
from engine.model.values import Money, Price, Quantity

BTCUSDT = InstrumentId("BTC/USDT.SIM")
ACCOUNT = AccountId("SIM-001")


@pytest.fixture(scope="module")
def example() -> Any:
    return seatrial.ema_cross


def config(example: Any, **changes: Any) -> Any:
    return example.EMACrossConfig(
        **({"instrument_id": BTCUSDT, "trade_size": "1.000", "fast": 1, "slow": 2} | changes)
    )


def prices(desk: Any, *mids: int) -> None:
    for mid in mids:
        desk.data_engine.process(desk.quote(mid - 1, mid + 1))


def sent(desk: Any) -> list[tuple[Any, str]]:
    return [(command.order.side, str(command.order.quantity)) for command in desk.to_risk]


def fill(desk: Any, strategy: Any, size: str | None = None) -> None:
    """The last order fills at the venue, in order, cache and position."""
    order = desk.cache.order(desk.to_risk[-1].order.client_order_id)
    head = (order.trader_id, order.strategy_id, BTCUSDT, order.client_order_id, "1-1-1", 0, 0)
    event = OrderFilled(
        *head,
        ACCOUNT,
        VenueOrderId(f"V-{order.client_order_id}"),
        TradeId(f"T-{len(desk.to_risk)}"),
        PositionId("P"),
        order.side,
        order.order_type,
        order.quantity,
        Price.from_str("100.00"),
        Money.zero(USDT),
        LiquiditySide.TAKER,
    )
    order.apply(OrderSubmitted(*head, ACCOUNT, "1-1-2"))
    desk.cache.update_order(order)
    order.apply(event)
    desk.cache.update_order(order)
    counted = event if size is None else msgspec.structs.replace(
        event, last_qty=Quantity.from_str(size)
    )  # fmt: skip
    position = desk.cache.position(PositionId("P"))
    if position is None:
        desk.cache.add_position(Position(desk.instrument, counted))
    else:
        position.apply(counted)
        desk.cache.update_position(position)


def test_buys_when_the_fast_average_crosses_above(desk: Any, example: Any) -> None:
    desk.running(example.EMACross(config(example)))
    prices(desk, 100, 90)
    assert sent(desk) == []
    prices(desk, 110)
    assert sent(desk) == [(BUY, "1.000")]


def test_goes_flat_when_they_cross_back(desk: Any, example: Any) -> None:
    strategy = desk.running(example.EMACross(config(example)))
    prices(desk, 100, 90, 110)
    fill(desk, strategy)
    prices(desk, 90)
    assert sent(desk) == [(BUY, "1.000"), (SELL, "1.000")]


def test_goes_short_where_allowed(desk: Any, example: Any) -> None:
    strategy = desk.running(example.EMACross(config(example, allow_short=True)))
    prices(desk, 100, 90)
    fill(desk, strategy)
    prices(desk, 110)
    assert sent(desk) == [(SELL, "1.000"), (BUY, "2.000")]


def test_waits_for_its_period_before_it_acts(desk: Any, example: Any) -> None:
    desk.running(example.EMACross(config(example, fast=2, slow=4)))
    prices(desk, 100, 110, 120)
    assert sent(desk) == []
    prices(desk, 130)
    assert len(sent(desk)) == 1


def test_sends_nothing_while_its_order_is_on_its_way(desk: Any, example: Any) -> None:
    strategy = desk.running(example.EMACross(config(example)))
    prices(desk, 100, 110, 90, 90)
    assert len(sent(desk)) == 1
    fill(desk, strategy)
    prices(desk, 90)
    assert sent(desk)[1:] == [(SELL, "1.000")]


def test_denied_order_is_not_repeated_before_the_next_cross(desk: Any, example: Any) -> None:
    desk.running(example.EMACross(config(example)))
    prices(desk, 100, 110)
    order = desk.cache.order(desk.to_risk[-1].order.client_order_id)
    order.apply(
        OrderDenied(
            order.trader_id, order.strategy_id, BTCUSDT, order.client_order_id, "1-1-1", 0, 0,
            "TRADING_HALTED", "",
        )  # type: ignore[arg-type]
    )  # fmt: skip
    desk.cache.update_order(order)
    prices(desk, 111, 112, 113)
    assert len(sent(desk)) == 1
    prices(desk, 90, 120)
    assert sent(desk) == [(BUY, "1.000")] * 2


def test_sells_only_what_commission_left(desk: Any, example: Any) -> None:
    strategy = desk.running(example.EMACross(config(example)))
    prices(desk, 100, 110)
    fill(desk, strategy, "0.9995")
    prices(desk, 90)
    assert sent(desk)[-1] == (SELL, "0.999")


def test_trades_can_drive_it(desk: Any, example: Any) -> None:
    desk.running(example.EMACross(config(example, source=DataKind.TRADES)))
    for number, price in enumerate((100, 90, 110)):
        desk.data_engine.process(desk.trade(f"T-{number}", price))
    prices(desk, 50, 50)
    assert sent(desk) == [(BUY, "1.000")]


def test_reset_forgets_what_it_saw(desk: Any, example: Any) -> None:
    strategy = desk.running(example.EMACross(config(example)))
    prices(desk, 100, 110)
    strategy.stop()
    strategy.reset()
    assert (strategy.fast.count, strategy.slow.count) == (0, 0)
    strategy.start()
    prices(desk, 100)
    assert strategy.slow.count == 1


def test_unknown_instrument_ends_the_start(desk: Any, example: Any) -> None:
    strategy = desk.add(
        example.EMACross(config(example, instrument_id=InstrumentId("ETH/USDT.SIM")))
    )
    with pytest.raises(LookupError):
        strategy.start()


@pytest.mark.parametrize("changes", [{"fast": 2}, {"fast": 0}, {"source": DataKind.BOOK_DELTAS}])
def test_impossible_configurations_are_refused(example: Any, changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        config(example, **changes)
