from typing import Any

import msgspec
import pytest

from engine.actor import ActorConfig
from engine.model.commands import (
    BatchCancelOrders,
    CancelAllOrders,
    CancelOrder,
    ModifyOrder,
    QueryOrder,
    SubmitOrder,
)
from engine.model.currencies import BTC, USDT
from engine.model.enums import (
    BUY,
    SELL,
    LiquiditySide,
    OrderStatus,
    OrderType,
    PositionSide,
    TimeInForce,
)
from engine.model.events import (
    OrderAccepted,
    OrderDenied,
    OrderEvent,
    OrderFilled,
    OrderInitialized,
    PositionEvent,
    PositionOpened,
    Refused,
)
from engine.model.identifiers import (
    AccountId,
    ClientId,
    InstrumentId,
    PositionId,
    StrategyId,
    TradeId,
    VenueOrderId,
)
from engine.model.orders import Order
from engine.model.positions import Position
from engine.model.values import Money, Price, Quantity
from engine.strategy import Strategy, StrategyConfig, name_strategy

BTCUSDT = InstrumentId("BTC/USDT.SIM")
SIM = ClientId("SIM")
ACCOUNT = AccountId("SIM-001")
ONE = Quantity.from_str("1.000")
PRICE = Price.from_str("100.00")


class Trader(Strategy):
    def __init__(self, config: StrategyConfig | None = None) -> None:
        super().__init__(config)
        self.calls: list[str] = []

    def on_order_initialized(self, event: OrderInitialized) -> None:
        self.calls.append("initialized")

    def on_order_accepted(self, event: OrderAccepted) -> None:
        self.calls.append("accepted")

    def on_order_event(self, event: OrderEvent) -> None:
        self.calls.append("order_event")

    def on_position_opened(self, event: PositionOpened) -> None:
        self.calls.append("opened")

    def on_position_event(self, event: PositionEvent) -> None:
        self.calls.append("position_event")

    def on_event(self, event: msgspec.Struct) -> None:
        self.calls.append("event")


@pytest.fixture
def trader(desk: Any) -> Trader:
    strategy: Trader = desk.running(Trader())
    desk.heard.clear()
    desk.ctx.facts.clear()
    return strategy


def reason(refused: Refused | None) -> str | None:
    return None if refused is None else refused.reason


def limit(trader: Trader) -> Order:
    return trader.order_factory.limit(BTCUSDT, BUY, ONE, PRICE)


def submitted(trader: Trader) -> Order:
    order = limit(trader)
    assert trader.submit_order(order) is None
    return order


def denied(desk: Any, trader: Trader) -> Order:
    order = submitted(trader)
    order.apply(
        OrderDenied(
            order.trader_id, order.strategy_id, BTCUSDT, order.client_order_id, "1-1-9", 0, 0,
            "NOT_RUNNING", "",
        )  # type: ignore[arg-type]
    )  # fmt: skip
    desk.cache.update_order(order)
    return order


def fill(trader: Trader, size: str, side: Any = BUY) -> OrderFilled:
    return OrderFilled(
        trader._ctx.trader_id,
        trader.id,
        BTCUSDT,
        limit(trader).client_order_id,
        "1-1-8",
        0,
        0,
        ACCOUNT,
        VenueOrderId("V-1"),
        TradeId("T-1"),
        PositionId(f"{BTCUSDT}-{ACCOUNT}-{trader.id}"),
        side,
        OrderType.MARKET,
        Quantity.from_str(size),
        PRICE,
        Money.zero(USDT),
        LiquiditySide.TAKER,
    )


def position(desk: Any, trader: Trader, size: str = "1.000", side: Any = BUY) -> Position:
    held = Position(desk.instrument, fill(trader, size, side))
    desk.cache.add_position(held)
    return held


# --- ids -----------------------------------------------------------------------------------


def test_strategy_without_an_id_is_named_by_class_and_first_free_tag(desk: Any) -> None:
    assert [desk.add(Trader()).id for _ in range(2)] == ["Trader-000", "Trader-001"]


def test_explicit_id_keeps_its_tag(desk: Any) -> None:
    trader = desk.add(Trader(StrategyConfig(strategy_id="S-7")))
    assert trader.id == "S-7"
    assert trader.order_factory.market(BTCUSDT, BUY, ONE).client_order_id.endswith("-7-7-1")
    assert desk.bus.has_subscribers("events.order.S-7")


def test_tag_alone_goes_with_the_class_name(desk: Any) -> None:
    assert desk.add(Trader(StrategyConfig(order_id_tag="9"))).id == "Trader-9"


def test_automatic_tag_steps_around_a_taken_one(desk: Any) -> None:
    desk.add(Trader(StrategyConfig(order_id_tag="000")))
    assert desk.add(Trader()).id == "Trader-001"


@pytest.mark.parametrize(
    ("config", "taken"),
    [
        (StrategyConfig(strategy_id="S-1"), "S-1"),
        (StrategyConfig(strategy_id="S-1"), "R-1"),
        (StrategyConfig(order_id_tag="1"), "S-1"),
        (StrategyConfig(strategy_id="S-1", order_id_tag="2"), None),
        (StrategyConfig(order_id_tag="a-b"), None),
        (StrategyConfig(order_id_tag=""), None),
        (StrategyConfig(strategy_id="S"), None),
        (StrategyConfig(strategy_id="EXTERNAL"), None),
    ],
)
def test_taken_or_contradicting_ids_are_refused(config: StrategyConfig, taken: str | None) -> None:
    with pytest.raises(ValueError):
        name_strategy(Trader(config), [] if taken is None else [StrategyId(taken)])


def test_actor_configuration_names_no_strategy() -> None:
    with pytest.raises(TypeError):
        Strategy(ActorConfig(actor_id="S-1"))


# --- submit --------------------------------------------------------------------------------


def test_submit_registers_announces_and_sends_to_risk(desk: Any, trader: Trader) -> None:
    order = submitted(trader)
    assert desk.cache.order(order.client_order_id) is order
    assert desk.heard == [(f"events.order.{trader.id}", order.init)]
    assert desk.ctx.facts == [order.init]
    (command,) = desk.to_risk
    assert isinstance(command, SubmitOrder)
    assert (command.order, command.strategy_id) == (order.init, trader.id)
    assert trader.calls == ["initialized", "order_event", "event"]


def test_order_is_known_before_the_hook_returns_and_commands_leave_after(
    desk: Any, trader: Trader
) -> None:
    def hook() -> None:
        order = submitted(trader)
        assert desk.cache.order_exists(order.client_order_id)
        assert trader.cancel_order(order) is None
        assert (desk.to_risk, desk.to_execution, desk.heard) == ([], [], [])

    desk.in_one_hook(hook)
    assert [type(command) for command in desk.to_risk] == [SubmitOrder]
    assert [type(command) for command in desk.to_execution] == [CancelOrder]


def test_duplicate_id_is_refused_and_the_genuine_order_untouched(desk: Any, trader: Trader) -> None:
    order = submitted(trader)
    impostor = Order(order.init)
    assert reason(trader.submit_order(impostor)) == "DUPLICATE_CLIENT_ORDER_ID"
    assert reason(trader.submit_order(order)) == "DUPLICATE_CLIENT_ORDER_ID"
    assert desk.cache.order(order.client_order_id) is order
    assert order.status is OrderStatus.INITIALIZED
    assert (len(desk.to_risk), len(desk.heard)) == (1, 1)


def test_order_of_another_strategy_is_refused(desk: Any, trader: Trader) -> None:
    other = desk.running(Trader())
    order = limit(other)
    assert reason(trader.submit_order(order)) == "ORDER_NOT_OWNED"
    assert not desk.cache.order_exists(order.client_order_id)


def test_order_with_a_past_is_refused(desk: Any, trader: Trader) -> None:
    order = limit(trader)
    order.apply(
        OrderDenied(
            order.trader_id, order.strategy_id, BTCUSDT, order.client_order_id, "1-1-9", 0, 0,
            "NOT_RUNNING", "",
        )  # type: ignore[arg-type]
    )  # fmt: skip
    assert reason(trader.submit_order(order)) == "ORDER_NOT_INITIALIZED"
    assert desk.to_risk == []


def test_named_client_is_remembered_for_later_commands(desk: Any, trader: Trader) -> None:
    order = limit(trader)
    trader.submit_order(order, SIM)
    trader.cancel_order(order)
    assert desk.to_risk[0].client_id == SIM
    assert desk.to_execution[0].client_id == SIM


# --- modify, cancel, query -----------------------------------------------------------------


def test_modify_goes_to_risk(desk: Any, trader: Trader) -> None:
    order = submitted(trader)
    assert trader.modify_order(order, price=Price.from_str("99.00")) is None
    command = desk.to_risk[-1]
    assert isinstance(command, ModifyOrder)
    assert (command.client_order_id, command.quantity) == (order.client_order_id, None)
    assert command.price == Price.from_str("99.00")
    assert order.status is OrderStatus.INITIALIZED  # pending is the ExecutionEngine's to say


def test_modify_of_nothing_is_refused(desk: Any, trader: Trader) -> None:
    assert reason(trader.modify_order(submitted(trader))) == "NOTHING_TO_MODIFY"
    assert len(desk.to_risk) == 1


def test_modify_takes_value_objects_only(trader: Trader) -> None:
    order = submitted(trader)
    for wrong in ({"quantity": 1}, {"price": "1.00"}, {"trigger_price": 1.0}):
        with pytest.raises(TypeError):
            trader.modify_order(order, **wrong)  # type: ignore[arg-type]


def test_cancel_and_query_go_straight_to_execution(desk: Any, trader: Trader) -> None:
    order = submitted(trader)
    assert trader.cancel_order(order) is None
    assert trader.query_order(order) is None
    assert [type(command) for command in desk.to_execution] == [CancelOrder, QueryOrder]


def test_unknown_foreign_and_closed_orders_are_refused(desk: Any, trader: Trader) -> None:
    unknown = limit(trader)
    foreign = submitted(desk.running(Trader()))
    closed = denied(desk, trader)
    sent = len(desk.to_risk)
    for order, why in (
        (unknown, "ORDER_NOT_FOUND"),
        (foreign, "ORDER_NOT_OWNED"),
        (closed, "ORDER_CLOSED"),
    ):
        assert reason(trader.cancel_order(order)) == why
        assert reason(trader.modify_order(order, price=PRICE)) == why
    assert reason(trader.query_order(unknown)) == "ORDER_NOT_FOUND"
    assert reason(trader.query_order(foreign)) == "ORDER_NOT_OWNED"
    assert (len(desk.to_risk), desk.to_execution) == (sent, [])


def test_closed_order_may_be_queried(desk: Any, trader: Trader) -> None:
    assert trader.query_order(denied(desk, trader)) is None


def test_cancel_orders_cancels_the_living_and_reports_the_first_refusal(
    desk: Any, trader: Trader
) -> None:
    alive, dead, also_alive = submitted(trader), denied(desk, trader), submitted(trader)
    refused = trader.cancel_orders([alive, dead, also_alive])
    assert refused is not None
    assert refused.of.endswith(dead.client_order_id)
    (batch,) = desk.to_execution
    assert isinstance(batch, BatchCancelOrders)
    assert (batch.instrument_id, batch.strategy_id) == (BTCUSDT, trader.id)
    assert [cancel.client_order_id for cancel in batch.cancels] == [
        alive.client_order_id,
        also_alive.client_order_id,
    ]
    ids = {batch.command_id, *(cancel.command_id for cancel in batch.cancels)}
    assert len(ids) == 3
    assert trader.cancel_orders([alive]) is None
    assert trader.cancel_orders([]) is None


def test_cancel_all_is_one_command_for_the_execution_engine(desk: Any, trader: Trader) -> None:
    assert trader.cancel_all_orders(BTCUSDT, SELL) is None
    (command,) = desk.to_execution
    assert isinstance(command, CancelAllOrders)
    assert (command.instrument_id, command.side, command.strategy_id) == (BTCUSDT, SELL, trader.id)


def test_cancel_all_of_an_unknown_instrument_is_refused(desk: Any, trader: Trader) -> None:
    refused = trader.cancel_all_orders(InstrumentId("ETH/USDT.SIM"))
    assert reason(refused) == "INSTRUMENT_NOT_FOUND"
    assert desk.to_execution == []


# --- closing positions ---------------------------------------------------------------------


@pytest.mark.parametrize(("held", "closing"), [(BUY, SELL), (SELL, BUY)])
def test_close_position_submits_the_opposite_market_order(
    desk: Any, trader: Trader, held: Any, closing: Any
) -> None:
    assert trader.close_position(position(desk, trader, "1.250", held)) is None
    init = desk.to_risk[0].order
    assert (init.side, init.order_type) == (closing, OrderType.MARKET)
    assert (str(init.quantity), init.reduce_only) == ("1.250", True)


def test_close_position_passes_its_choices_on(desk: Any, trader: Trader) -> None:
    trader.close_position(position(desk, trader), TimeInForce.IOC, False, ("exit",), SIM)
    command = desk.to_risk[0]
    assert (command.order.time_in_force, command.order.reduce_only) == (TimeInForce.IOC, False)
    assert (command.order.tags, command.client_id) == (("exit",), SIM)


def test_rest_below_the_increment_stays(desk: Any, trader: Trader) -> None:
    trader.close_position(position(desk, trader, "1.2345"))
    assert str(desk.to_risk[0].order.quantity) == "1.234"


def test_position_wholly_below_the_increment_is_refused(desk: Any, trader: Trader) -> None:
    dust = position(desk, trader, "0.0004")
    assert reason(trader.close_position(dust)) == "POSITION_BELOW_INCREMENT"
    assert desk.to_risk == []


def test_position_of_another_strategy_is_refused(desk: Any, trader: Trader) -> None:
    foreign = position(desk, desk.running(Trader()))
    assert reason(trader.close_position(foreign)) == "POSITION_NOT_OWNED"


def test_closed_position_is_refused(desk: Any, trader: Trader) -> None:
    held = position(desk, trader)
    closing = msgspec.structs.replace(
        fill(trader, "1.000", SELL), trade_id=TradeId("T-2"), commission=Money.zero(USDT)
    )
    held.apply(closing)
    assert reason(trader.close_position(held)) == "POSITION_CLOSED"


def test_close_all_positions_closes_those_of_the_side(desk: Any, trader: Trader) -> None:
    position(desk, trader)
    assert trader.close_all_positions(BTCUSDT, PositionSide.SHORT) is None
    assert desk.to_risk == []
    assert trader.close_all_positions(BTCUSDT) is None
    assert len(desk.to_risk) == 1
    assert trader.close_all_positions(InstrumentId("ETH/USDT.SIM")) is None


def test_commission_in_base_leaves_a_rest_that_cannot_be_sold(desk: Any, trader: Trader) -> None:
    bought = msgspec.structs.replace(
        fill(trader, "1.000"), commission=Money.from_str("0.00050000 BTC")
    )
    assert bought.commission.currency is BTC
    held = Position(desk.instrument, bought)
    desk.cache.add_position(held)
    trader.close_position(held)
    assert str(desk.to_risk[0].order.quantity) == "0.999"


# --- events --------------------------------------------------------------------------------


def accepted(trader: Trader, order: Order) -> OrderAccepted:
    return OrderAccepted(
        order.trader_id, trader.id, BTCUSDT, order.client_order_id, "1-1-9", 0, 0, ACCOUNT,
        VenueOrderId("V-1"),
    )  # fmt: skip


def opened(trader: Trader) -> PositionOpened:
    return PositionOpened(
        trader._ctx.trader_id, trader.id, BTCUSDT, PositionId("P"), ACCOUNT, "1-1-9", 0, 0,
        PositionSide.LONG, "1.000", ONE, ONE, PRICE, "100.00", Money.zero(USDT),
        limit(trader).client_order_id,
    )  # fmt: skip


def test_order_event_goes_to_its_hook_then_the_wider_ones(desk: Any, trader: Trader) -> None:
    order = submitted(trader)
    trader.calls.clear()
    desk.bus.publish(f"events.order.{trader.id}", accepted(trader, order))
    assert trader.calls == ["accepted", "order_event", "event"]


def test_position_event_goes_to_its_hook_then_the_wider_ones(desk: Any, trader: Trader) -> None:
    desk.bus.publish(f"events.position.{trader.id}", opened(trader))
    assert trader.calls == ["opened", "position_event", "event"]


def test_every_order_event_has_a_hook(trader: Trader) -> None:
    kinds = set(OrderEvent.__subclasses__())
    assert set(trader._on_order) == kinds
    assert set(trader._on_position) == set(PositionEvent.__subclasses__())


def test_stopped_strategy_hears_of_no_event(desk: Any, trader: Trader) -> None:
    order = submitted(trader)
    trader.stop()
    trader.calls.clear()
    desk.bus.publish(f"events.order.{trader.id}", accepted(trader, order))
    desk.bus.publish(f"events.position.{trader.id}", opened(trader))
    assert trader.calls == []


def test_strategies_hear_of_their_own_orders_only(desk: Any, trader: Trader) -> None:
    other = desk.running(Trader())
    submitted(trader)
    assert other.calls == []
