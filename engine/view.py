"""What the world may read of a kernel. Nothing here changes anything.

Another kernel can be put to sea behind the same reads; the properties judge only these.
"""

from collections.abc import Sequence
from typing import Final, cast

from engine.cache import Account, Cache
from engine.clock import KernelClock
from engine.context import Context
from engine.data.config import DataEngineConfig
from engine.data.engine import DataEngine
from engine.data.subscriptions import Subject
from engine.model.bars import BarType
from engine.model.book import OrderBook
from engine.model.enums import DataKind, KernelState
from engine.model.events import AccountState, OrderEvent, OrderFilled, PositionEvent
from engine.model.identifiers import (
    AccountId,
    ClientId,
    ClientOrderId,
    ComponentId,
    InstrumentId,
    PositionId,
)
from engine.model.orders import Order
from engine.model.positions import Position
from engine.record import TurnRecord

_ARE_OF_ORDERS: Final[dict[type, bool]] = {}  # of the types of facts met so far


def is_of_order(kind: type) -> bool:
    """Whether facts of that type are events of an order."""
    known = _ARE_OF_ORDERS.get(kind)
    if known is None:
        known = _ARE_OF_ORDERS[kind] = issubclass(kind, OrderEvent)
    return known


class KernelView:
    """Plain reads of one kernel. Lists are sorted by id; objects are the kernel's own: look only.

    Attributes:
        cache: for integrity checks.
        clock: what `now_ns` reads, for who asks at every dispatch.
        turn_record: the last turn's record; None before the first, and None for ever when nobody
            observes and the journal stores nothing.
    """

    __slots__ = (
        "_client_ids",
        "_ctx",
        "_data_engine",
        "_orders",
        "_orders_facts",
        "_orders_turn",
        "cache",
        "clock",
        "turn_record",
    )

    def __init__(
        self, ctx: Context, data_engine: DataEngine, client_ids: Sequence[ClientId]
    ) -> None:
        self._client_ids = tuple(client_ids)
        self._ctx = ctx
        self.clock: KernelClock = ctx.clock
        self._data_engine = data_engine
        self.cache: Cache = ctx.cache
        self.turn_record: TurnRecord | None = None
        # asked for by one observer after another: found once for (turn, facts so far)
        self._orders: list[Order] = []
        self._orders_turn = self._orders_facts = 0

    @property
    def state(self) -> KernelState:
        return self._ctx.kernel_state

    @property
    def now_ns(self) -> int:
        return self.clock.now_ns

    @property
    def turn(self) -> int:
        """Number of the last turn of this epoch; 0 before the first."""
        return self._ctx.turn

    @property
    def epoch(self) -> int:
        return self._ctx.epoch

    def orders(self) -> list[Order]:
        return self.cache.orders()

    def order(self, client_order_id: ClientOrderId) -> Order | None:
        return self.cache.order(client_order_id)

    def fills(self) -> list[OrderFilled]:
        """Every fill ever applied, by order id, then in the order applied."""
        return [
            event
            for order in self.cache.orders()
            for event in order.events
            if isinstance(event, OrderFilled)
        ]

    def positions(self) -> list[Position]:
        return self.cache.positions()

    def accounts(self) -> list[Account]:
        return self.cache.accounts()

    def book(self, instrument_id: InstrumentId) -> OrderBook | None:
        return self.cache.order_book(instrument_id)

    def books(self) -> list[OrderBook]:
        return self.cache.order_books()

    @property
    def data_config(self) -> DataEngineConfig:
        """How bars are to be built."""
        return self._data_engine.config

    def bars_since(self, bar_type: BarType) -> int | None:
        """When the kernel began to build bars of that type, its clock's nanoseconds; None when it
        builds none now."""
        return self._data_engine.bars_since(bar_type)

    def bar_types(self) -> list[BarType]:
        """The bar types that are built or asked for, sorted."""
        return self._data_engine.bar_types()

    def subscriptions(self) -> dict[ClientId, list[tuple[DataKind, Subject]]]:
        """What each client should be subscribed to at its venue, sorted."""
        return {client_id: self._data_engine.wanted(client_id) for client_id in self._client_ids}

    def timers(self) -> list[tuple[ComponentId, str, int]]:
        """Every armed timer as (owner, name, next instant), in firing order."""
        return self._ctx.clock.timers()

    # -- what the last turn touched, in the order it was touched -----------------------------------

    def orders_touched(self) -> list[Order]:
        ctx = self._ctx
        turn, facts = ctx.turn, len(ctx.facts)
        if turn == self._orders_turn and facts == self._orders_facts:
            return self._orders
        cache = self.cache
        orders: list[Order] = []
        last: Order | None = None
        touched: dict[ClientOrderId, Order] = {}
        for fact in ctx.facts:
            if is_of_order(type(fact)):
                order = cache.order(cast(OrderEvent, fact).client_order_id)
                if order is None or order is last:
                    continue
                if last is not None:  # seldom: most turns touch one order, if any
                    touched[last.client_order_id] = last
                    if order.client_order_id in touched:
                        last = order
                        continue
                last = order
                orders.append(order)
        self._orders = orders
        self._orders_turn, self._orders_facts = turn, facts
        return orders

    def positions_touched(self) -> list[Position]:
        touched: list[Position] = []
        ids: list[PositionId] = []
        for fact in self._ctx.facts:
            if isinstance(fact, PositionEvent):
                position_id = fact.position_id
                if position_id not in ids:
                    position = self.cache.position(position_id)
                    if position is not None:
                        ids.append(position_id)
                        touched.append(position)
        return touched

    def accounts_touched(self) -> list[Account]:
        touched: dict[AccountId, Account] = {}
        for fact in self._ctx.facts:
            if isinstance(fact, AccountState) and fact.account_id not in touched:
                account = self.cache.account(fact.account_id)
                if account is not None:
                    touched[fact.account_id] = account
        return list(touched.values())
