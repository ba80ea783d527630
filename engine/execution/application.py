"""How an order event takes effect: order, position, account, cache, facts; then the news.

One application is one group. Everything is applied and cached before anybody hears of anything,
and then it is told in a fixed order: fill, order event, account, position events. A refused
event stops at the order: nothing downstream of it moves and nothing is published.
"""

import msgspec

from engine import topics
from engine.context import Context
from engine.execution.desk import Desk
from engine.execution.position_ids import PositionIds
from engine.execution.unresolved import Unresolved
from engine.model.enums import BUY
from engine.model.events import (
    InstrumentSettled,
    OrderEvent,
    OrderFilled,
    PositionChanged,
    PositionClosed,
    PositionEvent,
    PositionOpened,
    PositionSettled,
)
from engine.model.fixed import FIXED_PRECISION, format_mantissa
from engine.model.identifiers import AccountId, InstrumentId, StrategyId
from engine.model.instruments import Instrument
from engine.model.order_table import OrderEventRefused
from engine.model.orders import Order
from engine.model.positions import Position, split_fill
from engine.model.reports import SettlementReport
from engine.model.values import Price, Quantity
from engine.portfolio import Portfolio


class Application:
    """Applies order events that the execution engine has minted, and publishes them."""

    __slots__ = (
        "_account_topics",
        "_ctx",
        "_desk",
        "_fill_topics",
        "_order_topics",
        "_portfolio",
        "_position_ids",
        "_position_topics",
        "_unresolved",
    )

    def __init__(
        self,
        ctx: Context,
        portfolio: Portfolio,
        desk: Desk,
        unresolved: Unresolved,
        position_ids: PositionIds,
    ) -> None:
        self._ctx = ctx
        self._desk = desk
        self._unresolved = unresolved
        self._portfolio = portfolio
        self._order_topics: dict[StrategyId, str] = {}
        self._position_topics: dict[StrategyId, str] = {}
        self._fill_topics: dict[InstrumentId, str] = {}
        self._account_topics: dict[AccountId, str] = {}
        self._position_ids = position_ids

    def take(self, order: Order, event: OrderEvent) -> bool:
        """Apply and publish an event, or refuse it whole and say so. False when refused."""
        try:
            self.apply(order, event)
        except OrderEventRefused as refusal:
            self._desk.refuse_event(event, order, refusal)
            return False
        return True

    def apply(self, order: Order, event: OrderEvent) -> None:
        """Apply and publish an event that is not a fill.

        Raises:
            OrderEventRefused: the order would not take it; nothing has changed.
        """
        order.apply(event)
        self.follow(order, event)

    def follow(self, order: Order, event: OrderEvent) -> None:
        """What an event, no fill, leads to that the order has just taken."""
        ctx = self._ctx
        self._write(order)
        state = self._portfolio.apply_order_event(order, event)
        facts = ctx.facts
        facts.append(event)
        dispatch = ctx.bus.dispatch
        if state is None:
            dispatch(self._order_topic(event.strategy_id), event)
            return
        facts.append(state)
        dispatch(self._order_topic(event.strategy_id), event)
        dispatch(self._account_topic(state.account_id), state)

    def apply_fill(self, order: Order, fill: OrderFilled, instrument: Instrument) -> None:
        """Apply a fill to its order, position and account, and publish the group.

        Raises:
            OrderEventRefused: the order would not take it; nothing has changed.
        """
        order.apply(fill)
        ctx = self._ctx
        self._write(order)
        steps = self._move_position(fill, instrument)
        price = self._portfolio.settlement(fill.account_id, fill.instrument_id)
        if price is not None:  # it traded before the settlement and was heard of after it
            steps += self._settle_positions(
                fill.account_id, fill.instrument_id, price, fill.ts_event
            )
        state = self._portfolio.apply_order_event(order, fill)
        facts = ctx.facts
        facts.append(fill)
        if state is not None:
            facts.append(state)
        facts.extend(steps)

        dispatch = ctx.bus.dispatch
        strategy_id = fill.strategy_id
        topic = self._fill_topics.get(fill.instrument_id)
        if topic is None:
            topic = self._fill_topics[fill.instrument_id] = topics.fills(fill.instrument_id)
        dispatch(topic, fill)
        dispatch(self._order_topic(strategy_id), fill)
        if state is not None:
            dispatch(self._account_topic(state.account_id), state)
        self._tell_steps(steps)

    def settle(self, report: SettlementReport) -> None:
        """Close every position of an expired instrument at the venue's price, and publish that."""
        ctx = self._ctx
        event = InstrumentSettled(
            report.account_id,
            report.instrument_id,
            report.price,
            ctx.new_id(),
            report.ts_event,
            ctx.clock.now_ns,
        )
        steps = self._settle_positions(
            report.account_id, report.instrument_id, report.price, report.ts_event
        )
        state = self._portfolio.settle(event)
        facts = ctx.facts
        facts.append(event)
        if state is not None:
            facts.append(state)
        facts.extend(steps)
        if state is not None:
            ctx.bus.dispatch(self._account_topic(state.account_id), state)
        self._tell_steps(steps)

    def _tell_steps(self, steps: list[PositionEvent]) -> None:
        dispatch = self._ctx.bus.dispatch
        for step in steps:
            strategy_id = step.strategy_id
            topic = self._position_topics.get(strategy_id)
            if topic is None:
                topic = self._position_topics[strategy_id] = topics.positions(strategy_id)
            dispatch(topic, step)

    def _write(self, order: Order) -> None:
        """Make the cache agree with an order that has just moved."""
        cache = self._ctx.cache
        cache.update_order(order)
        venue_order_id = order.venue_order_id
        coid = order.client_order_id
        if venue_order_id is not None and cache.venue_order_id(coid) != venue_order_id:
            cache.add_venue_order_id(coid, venue_order_id, True)
        if self._unresolved.doubts:
            self._unresolved.order_changed(order)

    def _move_position(self, fill: OrderFilled, instrument: Instrument) -> list[PositionEvent]:
        cache = self._ctx.cache
        position = cache.position(fill.position_id)
        if position is None:
            position = Position(instrument, fill)
            cache.add_position(position)
            return [self._position_event(position, fill, True)]
        # A fee or rebate in the base currency moves the quantity too, so a part cut to close
        # the position may leave it open on either side: each rest is judged anew, and goes on
        # the same position where that is not flat. What closes a virtual position and goes on
        # opens another one: nobody asked to turn it. Where a cut did not even halve what is held
        # (its fee took back what it had closed), the rest goes on whole: cutting might not end.
        steps: list[PositionEvent] = []
        rest: OrderFilled | None = fill
        cut_at_most_raw: int = fill.last_qty.raw
        while rest is not None:
            open_raw = position.signed_raw
            against = open_raw < 0 if fill.side is BUY else open_raw > 0
            if against and rest.last_qty.raw > abs(open_raw) <= cut_at_most_raw:
                cut_at_most_raw = abs(open_raw) // 2
                part, rest = split_fill(rest, abs(open_raw))
            else:
                part, rest = rest, None
            position.apply(part)
            steps.append(self._position_event(position, part, open_raw == 0))
            if rest is None or position.is_open:
                continue
            beyond_id = self._position_ids.beyond(position.id)
            if beyond_id == position.id:
                continue
            cache.update_position(position)
            cache.assign_position(fill.client_order_id, beyond_id)
            rest = msgspec.structs.replace(rest, position_id=beyond_id)
            position = Position(instrument, rest)
            cache.add_position(position)
            steps.append(self._position_event(position, rest, True))
            rest = None
        cache.update_position(position)
        return steps

    def _settle_positions(
        self, account_id: AccountId, instrument_id: InstrumentId, price: Price, ts_event: int
    ) -> list[PositionEvent]:
        cache = self._ctx.cache
        steps: list[PositionEvent] = []
        for position in cache.positions_open(instrument_id=instrument_id, account_id=account_id):
            held = position.settle(price, ts_event, self._ctx.clock.now_ns)
            cache.update_position(position)
            steps.append(self._settled_event(position, held, price, ts_event))
        return steps

    def _settled_event(
        self, position: Position, held: Quantity, price: Price, ts_event: int
    ) -> PositionSettled:
        ctx = self._ctx
        return PositionSettled(
            ctx.trader_id,
            position.strategy_id,
            position.instrument_id,
            position.id,
            position.account_id,
            ctx.new_id(),
            ts_event,
            ctx.clock.now_ns,
            position.side,
            str(position.quantity),
            position.quantity,
            held,
            price,
            format_mantissa(position.avg_px_open_raw, FIXED_PRECISION),
            position.realized_pnl,
            position.duration_ns,
        )

    def _position_event(
        self, position: Position, fill: OrderFilled, was_flat: bool
    ) -> PositionEvent:
        """The step just applied, with the values as they stand after it."""
        signed_raw = position.signed_raw
        quantity = position.quantity
        head = (
            fill.trader_id,
            fill.strategy_id,
            fill.instrument_id,
            fill.position_id,
            fill.account_id,
            self._ctx.new_id(),
            fill.ts_event,
            fill.ts_init,
            position.side,
            f"-{quantity}" if signed_raw < 0 else str(quantity),
            quantity,
            fill.last_qty,
            fill.last_px,
            format_mantissa(position.avg_px_open_raw, FIXED_PRECISION),
            position.realized_pnl,
        )
        if signed_raw == 0:
            return PositionClosed(*head, fill.client_order_id, position.duration_ns)
        if was_flat:
            return PositionOpened(*head, fill.client_order_id)
        return PositionChanged(*head)

    def _order_topic(self, strategy_id: StrategyId) -> str:
        topic = self._order_topics.get(strategy_id)
        if topic is None:
            topic = self._order_topics[strategy_id] = topics.order_events(strategy_id)
        return topic

    def _account_topic(self, account_id: AccountId) -> str:
        topic = self._account_topics.get(account_id)
        if topic is None:
            topic = self._account_topics[account_id] = topics.account(account_id)
        return topic
