"""Belief as a log tells it: orders, positions, accounts and books folded from its records.

What a turn states of a position must be what its fills make of it. The fold is the engine's own,
so that is only half a witness: the checks sum the fills once more by rules of theirs.
"""

from collections.abc import Callable
from typing import Any, Final

import msgspec

from engine.bus import MessageBus
from engine.cache import Account, Cache
from engine.clock import KernelClock
from engine.context import Context
from engine.data.book_updater import BookProblem, BookUpdater
from engine.data.config import DataEngineConfig
from engine.data.engine import DataEngine
from engine.log import Log
from engine.model.accounts import CashAccount, MarginAccount
from engine.model.data import MboDeltas, OrderBookDeltas, QuoteTick, TradeTick
from engine.model.enums import AccountType
from engine.model.events import (
    AccountState,
    InstrumentSettled,
    OrderEvent,
    OrderFilled,
    OrderInitialized,
    PositionEvent,
    PositionSettled,
    Refused,
)
from engine.model.fixed import FIXED_PRECISION, format_mantissa
from engine.model.identifiers import PositionId, TraderId
from engine.model.order_table import OrderEventRefused
from engine.model.orders import Order
from engine.model.positions import FillRefused, Position, split_fill
from engine.model.reports import InstrumentReceived
from engine.record import TurnRecord
from engine.view import KernelView

Broken = tuple[str, str, str]  # property, subject, what was found
_NOBODY: Final = TraderId("LOG-000")


class LogFold:
    """One epoch's belief.

    Attributes:
        view: the belief, to be read as a kernel's.
        broken: what the last turn states that its own facts do not make.
    """

    def __init__(self, epoch: int) -> None:
        clock, bus, cache = KernelClock(), MessageBus(), Cache()
        self._ctx = Context(_NOBODY, epoch, clock, bus, cache, Log(clock, None))
        self.view = KernelView(self._ctx, DataEngine(self._ctx, (), DataEngineConfig()), ())
        self._cache = cache
        self._books = BookUpdater(cache)
        self.broken: list[Broken] = []
        self._inputs: dict[type, Callable[[Any], object]] = {
            QuoteTick: cache.add_quote,
            TradeTick: cache.add_trade,
            OrderBookDeltas: self._batch,
            MboDeltas: self._batch,
            InstrumentReceived: self._instrument,
        }

    def take(self, record: TurnRecord) -> None:
        """Fold one turn: its input where it was not refused, then its facts."""
        ctx = self._ctx
        facts = record.facts
        ctx.turn = record.turn
        ctx.facts = list(facts)
        ctx.clock.now_ns = record.ts
        self.view.turn_record = record
        if self.broken:
            self.broken = []
        take = self._inputs.get(type(record.input))
        if take is not None and not any(type(fact) is Refused for fact in facts):
            take(record.input)
        if facts:
            self._facts(facts)

    def _batch(self, batch: OrderBookDeltas | MboDeltas) -> None:
        problem = self._books.apply(batch)
        if problem is not None and problem is not BookProblem.BOOK_CROSSED:
            told = f"a batch was taken that is {problem}"
            self.broken.append(("BK-1", batch.instrument_id, told))

    def _instrument(self, received: InstrumentReceived) -> None:
        self._cache.add_instrument(received.instrument)

    # --- facts -------------------------------------------------------------------------------

    def _facts(self, facts: tuple[msgspec.Struct, ...]) -> None:
        last: dict[PositionId, PositionEvent] = {}
        for index, fact in enumerate(facts):
            if isinstance(fact, OrderEvent):
                self._order(fact)
                if type(fact) is OrderFilled:
                    self._position(fact, _steps_of(facts, index))
            elif isinstance(fact, PositionEvent):
                if type(fact) is PositionSettled:
                    self._settle(fact)
                last[fact.position_id] = fact
            elif type(fact) is AccountState:
                self._account(fact)
            elif type(fact) is InstrumentSettled:
                continue  # its steps and its account state are facts of their own
        for step in last.values():
            self._compare(step)

    def _order(self, event: OrderEvent) -> None:
        cache = self._cache
        name = event.client_order_id
        try:
            if type(event) is OrderInitialized:
                cache.add_order(Order(event))
                return
            order = cache.order(name)
            if order is None:
                return  # a stray: ORD-1 tells of it
            order.apply(event)
            cache.update_order(order)
        except (OrderEventRefused, TypeError, ValueError, KeyError, LookupError) as refusal:
            told = f"{type(event).__name__} cannot have been applied: {refusal}"
            self.broken.append(("ORD-1", name, told))

    def _position(self, fill: OrderFilled, steps: list[PositionEvent]) -> None:
        """Apply a fill part by part, as the steps that follow it say that it was split."""
        instrument = self._cache.instrument(fill.instrument_id)
        if instrument is None:
            return  # nobody defined it: VAL-1 tells of the order
        rest: OrderFilled | None = fill
        for number, step in enumerate(steps, 1):
            if rest is None:
                return  # more parts than there is to split: VAL-1 tells of it
            part: OrderFilled = rest
            if number < len(steps) and 0 < step.last_qty.raw < rest.last_qty.raw:
                part, rest = split_fill(rest, step.last_qty.raw)
            else:
                rest = None
            if part.position_id != step.position_id:
                part = msgspec.structs.replace(part, position_id=step.position_id)
            position = self._cache.position(part.position_id)
            if position is None:
                self._cache.add_position(Position(instrument, part))
                continue
            try:
                position.apply(part)
            except FillRefused as refusal:
                self.broken.append(("POS-1", part.position_id, refusal.reason))
                return
            self._cache.update_position(position)

    def _settle(self, settled: PositionSettled) -> None:
        position = self._cache.position(settled.position_id)
        if position is None or position.is_closed:
            told = "settled, and nothing was held"
            self.broken.append(("POS-1", settled.position_id, told))
            return
        position.settle(settled.last_px, settled.ts_event, settled.ts_init)
        self._cache.update_position(position)

    def _account(self, state: AccountState) -> None:
        account: Account | None = self._cache.account(state.account_id)
        if account is None:
            make = CashAccount if state.account_type is AccountType.CASH else MarginAccount
            account = make(state.account_id)
            self._cache.add_account(account)
        try:
            account.apply(state)
        except ValueError as refusal:
            self.broken.append(("ACC-1", state.account_id, str(refusal)))

    def _compare(self, step: PositionEvent) -> None:
        """What the last step of a position states, with what its fills make."""
        position = self._cache.position(step.position_id)
        if position is None:
            self.broken.append(("POS-1", step.position_id, "moved, and no fill opened it"))
            return
        raw = position.signed_raw
        if type(step) is not PositionSettled:  # which shows what was held
            quantity = position.quantity
            made = (position.side, f"-{quantity}" if raw < 0 else str(quantity), quantity.raw)
            stated = (step.side, step.signed_qty, step.quantity.raw)
            if stated != made:
                told = f"{step.signed_qty} stated as {step.side.name}, its fills make {made[1]}"
                self.broken.append(("POS-1", step.position_id, told))
        if step.realized_pnl != position.realized_pnl:
            told = f"realised {step.realized_pnl} stated, its fills make {position.realized_pnl}"
            self.broken.append(("POS-3", step.position_id, told))
        mean = format_mantissa(position.avg_px_open_raw, FIXED_PRECISION)
        if step.avg_px_open != mean:
            told = f"mean {step.avg_px_open} stated, its fills make {mean}"
            self.broken.append(("VAL-2", step.position_id, told))


def _steps_of(facts: tuple[msgspec.Struct, ...], index: int) -> list[PositionEvent]:
    """The steps that the fill at `index` led to: those before the next fill."""
    steps: list[PositionEvent] = []
    for fact in facts[index + 1 :]:
        if isinstance(fact, OrderEvent):
            break
        if isinstance(fact, PositionEvent) and type(fact) is not PositionSettled:
            steps.append(fact)
    return steps
