"""Strategies: actors that trade.

A helper checks its arguments and, for a submit, registers the order at the call; every other
guard (risk, pending, cancel) judges when the command's turn in the queue comes. So
`submit_order(o); cancel_order(o)` leaves as a submit, then a cancel. A helper that cannot do what
it was asked returns `Refused` and has changed nothing; otherwise it returns None.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Final

import msgspec

from engine import topics
from engine.actor import Actor, ActorConfig, RandomSource
from engine.context import Context
from engine.model.commands import (
    BatchCancelOrders,
    CancelAllOrders,
    CancelOrder,
    ModifyOrder,
    QueryOrder,
    SubmitOrder,
)
from engine.model.enums import (
    BUY,
    SELL,
    ComponentState,
    DenialCode,
    OrderSide,
    OrderStatus,
    PositionSide,
    TimeInForce,
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
    PositionChanged,
    PositionClosed,
    PositionEvent,
    PositionOpened,
    PositionSettled,
    Refused,
)
from engine.model.identifiers import (
    EXTERNAL,
    ClientId,
    ComponentId,
    InstrumentId,
    PositionId,
    StrategyId,
)
from engine.model.native import mypyc_attr
from engine.model.orders import Order
from engine.model.positions import Position
from engine.model.values import Price, Quantity
from engine.order_factory import OrderFactory
from engine.strategy_config import StrategyConfig as StrategyConfig

if TYPE_CHECKING:
    from engine.portfolio import Portfolio

_RUNNING: Final = ComponentState.RUNNING
_INITIALIZED: Final = OrderStatus.INITIALIZED


def name_strategy(strategy: "Strategy", taken: Iterable[StrategyId]) -> StrategyId:
    """The id a strategy gets beside those in `taken`.

    Raises:
        ValueError: its id or its tag is taken, its tag contradicts its id, the id is no valid
            one, or it is EXTERNAL, which belongs to orders that this kernel did not make.
    """
    config = strategy.config if isinstance(strategy.config, StrategyConfig) else StrategyConfig()
    others = list(taken)
    tags = [other.tag for other in others]
    tag = config.order_id_tag
    if tag is not None and (not tag or "-" in tag):
        raise ValueError(f"order_id_tag {tag!r} must be non-empty and without a hyphen")
    if config.strategy_id is not None:
        strategy_id = StrategyId(config.strategy_id)
        if tag is not None and strategy_id.tag != tag:
            raise ValueError(f"strategy {strategy_id} contradicts its order_id_tag {tag!r}")
    else:
        if tag is None:
            number = 0
            while (tag := f"{number:03}") in tags:
                number += 1
        strategy_id = StrategyId(f"{type(strategy).__name__}-{tag}")
    if strategy_id == EXTERNAL:
        raise ValueError(f"{EXTERNAL} is reserved for orders of others")
    if strategy_id in others:
        raise ValueError(f"a strategy called {strategy_id} is there already")
    if strategy_id.tag in tags:
        raise ValueError(f"order_id_tag {strategy_id.tag!r} of {strategy_id} is taken")
    return strategy_id


@mypyc_attr(allow_interpreted_subclasses=True)
class Strategy(Actor):
    """
    Attributes beyond an actor's:
        order_factory: makes orders in this strategy's name.
    """

    __slots__ = ("_on_order", "_on_position", "_order_topic", "_strategy_id", "order_factory")

    order_factory: OrderFactory

    def __init__(self, config: msgspec.Struct | None = None) -> None:
        """
        Raises:
            TypeError: an actor's configuration, which names no strategy.
        """
        if isinstance(config, ActorConfig):
            raise TypeError("a strategy is configured by a StrategyConfig, not an ActorConfig")
        super().__init__(config)

    @property
    def id(self) -> StrategyId:
        """The final id; before the kernel has it, asking is an AttributeError."""
        return self._strategy_id

    def register(
        self,
        component_id: ComponentId,
        ctx: Context,
        portfolio: "Portfolio",
        random: RandomSource,
    ) -> None:
        """See `Actor.register`; `component_id` comes from `name_strategy`."""
        super().register(component_id, ctx, portfolio, random)
        self._strategy_id = StrategyId(component_id)
        self.order_factory = OrderFactory(
            ctx.trader_id, self._strategy_id, self.clock, ctx.epoch, ctx.new_id
        )
        self._on_order: dict[type, Callable[..., None]] = {
            OrderInitialized: self.on_order_initialized,
            OrderDenied: self.on_order_denied,
            OrderEmulated: self.on_order_emulated,
            OrderReleased: self.on_order_released,
            OrderSubmitted: self.on_order_submitted,
            OrderAccepted: self.on_order_accepted,
            OrderRejected: self.on_order_rejected,
            OrderCanceled: self.on_order_canceled,
            OrderExpired: self.on_order_expired,
            OrderTriggered: self.on_order_triggered,
            OrderPendingUpdate: self.on_order_pending_update,
            OrderPendingCancel: self.on_order_pending_cancel,
            OrderModifyRejected: self.on_order_modify_rejected,
            OrderCancelRejected: self.on_order_cancel_rejected,
            OrderUpdated: self.on_order_updated,
            OrderFilled: self.on_order_filled,
        }
        self._on_position: dict[type, Callable[..., None]] = {
            PositionOpened: self.on_position_opened,
            PositionChanged: self.on_position_changed,
            PositionClosed: self.on_position_closed,
            PositionSettled: self.on_position_settled,
        }
        bus = ctx.bus
        strategy_id = self._strategy_id
        self._order_topic = topics.order_events(strategy_id)
        bus.subscribe(self._order_topic, self.handle_order_event, 0, strategy_id)
        bus.subscribe(topics.positions(strategy_id), self.handle_position_event, 0, strategy_id)

    # --- hooks of orders: each, then on_order_event, then on_event ----------------------------

    def on_order_initialized(self, event: OrderInitialized) -> None: ...

    def on_order_denied(self, event: OrderDenied) -> None: ...

    def on_order_emulated(self, event: OrderEmulated) -> None: ...

    def on_order_released(self, event: OrderReleased) -> None: ...

    def on_order_submitted(self, event: OrderSubmitted) -> None: ...

    def on_order_accepted(self, event: OrderAccepted) -> None: ...

    def on_order_rejected(self, event: OrderRejected) -> None: ...

    def on_order_canceled(self, event: OrderCanceled) -> None: ...

    def on_order_expired(self, event: OrderExpired) -> None: ...

    def on_order_triggered(self, event: OrderTriggered) -> None: ...

    def on_order_pending_update(self, event: OrderPendingUpdate) -> None: ...

    def on_order_pending_cancel(self, event: OrderPendingCancel) -> None: ...

    def on_order_modify_rejected(self, event: OrderModifyRejected) -> None: ...

    def on_order_cancel_rejected(self, event: OrderCancelRejected) -> None: ...

    def on_order_updated(self, event: OrderUpdated) -> None: ...

    def on_order_filled(self, event: OrderFilled) -> None: ...

    def on_order_event(self, event: OrderEvent) -> None: ...

    # --- hooks of positions: each, then on_position_event, then on_event ----------------------

    def on_position_opened(self, event: PositionOpened) -> None: ...

    def on_position_changed(self, event: PositionChanged) -> None: ...

    def on_position_closed(self, event: PositionClosed) -> None: ...

    def on_position_settled(self, event: PositionSettled) -> None: ...

    def on_position_event(self, event: PositionEvent) -> None: ...

    # --- what the bus calls ----------------------------------------------------------------

    def handle_order_event(self, event: OrderEvent) -> None:
        if self._state is _RUNNING:
            self._on_order[type(event)](event)
            self.on_order_event(event)
            self.on_event(event)

    def handle_position_event(self, event: PositionEvent) -> None:
        if self._state is _RUNNING:
            self._on_position[type(event)](event)
            self.on_position_event(event)
            self.on_event(event)

    # --- commands --------------------------------------------------------------------------

    def submit_order(
        self,
        order: Order,
        client_id: ClientId | None = None,
        position_id: PositionId | None = None,
    ) -> Refused | None:
        """Register the order, announce it and hand it to risk.

        Args:
            order: made by this strategy's `order_factory`, not yet submitted.
            client_id: who carries it; None routes by the instrument's venue.
            position_id: the open position of this strategy that its fills are for. None: under
                HEDGING it opens one of its own, under NETTING there is only one.
        Returns:
            None, or a refusal that left the cached order of that id, if any, untouched:
            DUPLICATE_CLIENT_ORDER_ID, ORDER_NOT_OWNED, ORDER_NOT_INITIALIZED.
        """
        ctx = self._ctx
        client_order_id = order.client_order_id
        if ctx.cache.order_exists(client_order_id):
            return self._refused(
                DenialCode.DUPLICATE_CLIENT_ORDER_ID.value, f"SubmitOrder {client_order_id}"
            )
        if order.strategy_id != self._strategy_id or order.trader_id != ctx.trader_id:
            return self._refused("ORDER_NOT_OWNED", f"SubmitOrder {client_order_id}")
        if order.status is not _INITIALIZED:
            return self._refused("ORDER_NOT_INITIALIZED", f"SubmitOrder {client_order_id}")
        init = order.init
        ctx.cache.add_order(order, client_id)
        if position_id is not None:
            ctx.cache.assign_position(client_order_id, position_id)
        ctx.facts.append(init)
        ctx.bus.publish(self._order_topic, init)
        ctx.bus.send(
            topics.RISK_EXECUTE,
            SubmitOrder(
                ctx.new_id(),
                client_id,
                ctx.clock.now_ns,
                self._strategy_id,
                order.instrument_id,
                init,
                position_id,
            ),
        )
        return None

    def modify_order(
        self,
        order: Order,
        quantity: Quantity | None = None,
        price: Price | None = None,
        trigger_price: Price | None = None,
    ) -> Refused | None:
        """Ask for a new total quantity, price or trigger price; None leaves one as it is.

        Returns:
            None, or NOTHING_TO_MODIFY, ORDER_NOT_FOUND, ORDER_NOT_OWNED, ORDER_CLOSED.
        Raises:
            TypeError: a value of the wrong type.
        """
        if quantity is not None and type(quantity) is not Quantity:
            raise TypeError(f"quantity must be Quantity, not {type(quantity).__name__}")
        if price is not None and type(price) is not Price:
            raise TypeError(f"price must be Price, not {type(price).__name__}")
        if trigger_price is not None and type(trigger_price) is not Price:
            raise TypeError(f"trigger_price must be Price, not {type(trigger_price).__name__}")
        if quantity is None and price is None and trigger_price is None:
            return self._refused(
                DenialCode.NOTHING_TO_MODIFY.value, f"ModifyOrder {order.client_order_id}"
            )
        refused = self._refuse_dead(order, "ModifyOrder")
        if refused is not None:
            return refused
        ctx = self._ctx
        ctx.bus.send(
            topics.RISK_EXECUTE,
            ModifyOrder(
                ctx.new_id(),
                ctx.cache.client_id(order.client_order_id),
                ctx.clock.now_ns,
                self._strategy_id,
                order.instrument_id,
                order.client_order_id,
                order.venue_order_id,
                quantity,
                price,
                trigger_price,
            ),
        )
        return None

    def cancel_order(self, order: Order) -> Refused | None:
        """Ask for the rest of an order to be taken back; never waits for risk.

        Returns:
            None, or ORDER_NOT_FOUND, ORDER_NOT_OWNED, ORDER_CLOSED.
        """
        refused = self._refuse_dead(order, "CancelOrder")
        if refused is not None:
            return refused
        self._ctx.bus.send(topics.EXEC_EXECUTE, _cancel_of(order, self._ctx))
        return None

    def cancel_orders(self, orders: Sequence[Order]) -> Refused | None:
        """Cancel each order that can be: one that just closed must not keep the rest alive.

        Those of one instrument go as one batch: one request, where the client takes batches. Each
        order has its own outcome all the same.

        Returns:
            None when every order was asked for, else the first refusal.
        """
        first: Refused | None = None
        ctx = self._ctx
        batches: dict[tuple[InstrumentId, ClientId | None], list[CancelOrder]] = {}
        for order in orders:
            refused = self._refuse_dead(order, "CancelOrder")
            if refused is not None:
                first = first or refused
                continue
            cancel = _cancel_of(order, ctx)
            batches.setdefault((cancel.instrument_id, cancel.client_id), []).append(cancel)
        for (instrument_id, client_id), cancels in batches.items():
            ctx.bus.send(
                topics.EXEC_EXECUTE,
                BatchCancelOrders(
                    ctx.new_id(),
                    client_id,
                    ctx.clock.now_ns,
                    self._strategy_id,
                    instrument_id,
                    tuple(cancels),
                ),
            )
        return first

    def cancel_all_orders(
        self,
        instrument_id: InstrumentId,
        side: OrderSide | None = None,
        client_id: ClientId | None = None,
    ) -> Refused | None:
        """Cancel this strategy's orders of one instrument, those submitted in this very hook
        included; `side` None is both. No order at all is no refusal.

        Returns:
            None, or INSTRUMENT_NOT_FOUND.
        """
        ctx = self._ctx
        if ctx.cache.instrument(instrument_id) is None:
            return self._refused(
                DenialCode.INSTRUMENT_NOT_FOUND.value, f"CancelAllOrders {instrument_id}"
            )
        ctx.bus.send(
            topics.EXEC_EXECUTE,
            CancelAllOrders(
                ctx.new_id(),
                client_id,
                ctx.clock.now_ns,
                self._strategy_id,
                instrument_id,
                side,
            ),
        )
        return None

    def close_position(
        self,
        position: Position,
        time_in_force: TimeInForce = TimeInForce.GTC,
        reduce_only: bool | None = None,
        tags: tuple[str, ...] = (),
        client_id: ClientId | None = None,
    ) -> Refused | None:
        """Submit the market order that takes a position to flat; other positions stay.

        `reduce_only` None is yes, but for a virtual position: the venue knows nothing of it, and
        its net may stand the other way.

        What lies below the instrument's size increment (commission taken in the base currency
        leaves such rests) cannot be traded and stays.

        Returns:
            None, or POSITION_NOT_OWNED, POSITION_CLOSED, INSTRUMENT_NOT_FOUND,
            POSITION_BELOW_INCREMENT.
        """
        of = f"close_position {position.id}"
        if position.strategy_id != self._strategy_id:
            return self._refused("POSITION_NOT_OWNED", of)
        if position.is_closed:
            return self._refused("POSITION_CLOSED", of)
        instrument = self._ctx.cache.instrument(position.instrument_id)
        if instrument is None:
            return self._refused(DenialCode.INSTRUMENT_NOT_FOUND.value, of)
        increment_raw = instrument.size_increment.raw
        tradable_raw = abs(position.signed_raw) // increment_raw * increment_raw
        if tradable_raw == 0:
            return self._refused("POSITION_BELOW_INCREMENT", of)
        order = self.order_factory.market(
            position.instrument_id,
            SELL if position.side is PositionSide.LONG else BUY,
            Quantity.from_raw(tradable_raw, instrument.size_precision),
            time_in_force,
            not position.id.is_virtual if reduce_only is None else reduce_only,
            tags,
        )
        return self.submit_order(order, client_id, None if position.is_netted else position.id)

    def close_all_positions(
        self,
        instrument_id: InstrumentId,
        position_side: PositionSide | None = None,
        client_id: ClientId | None = None,
    ) -> Refused | None:
        """Close this strategy's open positions of one instrument; None when none is open.

        Returns:
            None, or the first refusal; the other positions are closed all the same.
        """
        first: Refused | None = None
        for position in self.cache.positions_open(
            instrument_id=instrument_id, strategy_id=self._strategy_id
        ):
            if position_side is None or position.side is position_side:
                refused = self.close_position(position, client_id=client_id)
                if first is None:
                    first = refused
        return first

    def query_order(self, order: Order) -> Refused | None:
        """Ask the venue for its picture of one order, closed or not.

        Returns:
            None, or ORDER_NOT_FOUND, ORDER_NOT_OWNED.
        """
        refused = self._refuse_unknown(order, "QueryOrder")
        if refused is not None:
            return refused
        ctx = self._ctx
        ctx.bus.send(
            topics.EXEC_EXECUTE,
            QueryOrder(
                ctx.new_id(),
                ctx.cache.client_id(order.client_order_id),
                ctx.clock.now_ns,
                order.client_order_id,
                order.instrument_id,
            ),
        )
        return None

    # --- parts -----------------------------------------------------------------------------

    def _refuse_unknown(self, order: Order, command: str) -> Refused | None:
        if self._ctx.cache.order(order.client_order_id) is not order:
            code = DenialCode.ORDER_NOT_FOUND.value
            return self._refused(code, f"{command} {order.client_order_id}")
        if order.strategy_id != self._strategy_id:
            return self._refused("ORDER_NOT_OWNED", f"{command} {order.client_order_id}")
        return None

    def _refuse_dead(self, order: Order, command: str) -> Refused | None:
        refused = self._refuse_unknown(order, command)
        if refused is None and order.is_closed:
            code = DenialCode.ORDER_CLOSED.value
            return self._refused(code, f"{command} {order.client_order_id}")
        return refused


def _cancel_of(order: Order, ctx: Context) -> CancelOrder:
    return CancelOrder(
        ctx.new_id(),
        ctx.cache.client_id(order.client_order_id),
        ctx.clock.now_ns,
        order.strategy_id,
        order.instrument_id,
        order.client_order_id,
        order.venue_order_id,
    )
