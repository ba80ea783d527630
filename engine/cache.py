"""What the kernel knows: orders, positions, accounts, instruments, market data, and the indexes.

The engines write, in the unit that applies a message and before it is published; strategies read.
An object lives here once; an index maps ids to that same object, in insertion order (plain
dicts, never sets), and every list a query returns is sorted by id, so that neither hash seeds
nor history show in what a reader sees.

An order is filed by the status it had at the last write. `update_order` compares that with its
present one and moves the order by a table over status integers, so a write costs the same
whether ten orders are cached or ten million.
"""

from collections.abc import Collection, Iterable
from operator import attrgetter
from typing import Final, TypeVar

from engine.cache_integrity import integrity_of_cache, integrity_of_orders
from engine.cache_soundness import are_sound
from engine.market_cache import CacheConfig, Instrument, MarketCache
from engine.model.accounts import CashAccount, MarginAccount
from engine.model.enums import OrderSide, OrderStatus, OrderType
from engine.model.identifiers import (
    AccountId,
    ClientId,
    ClientOrderId,
    InstrumentId,
    PositionId,
    StrategyId,
    Venue,
    VenueOrderId,
)
from engine.model.orders import Order
from engine.model.positions import Position
from engine.state_sets import ACTIVE_LOCAL, CLOSED, INFLIGHT, MOVES, NOT_FILED, OPEN

__all__ = ("Account", "AlreadyCached", "Cache", "CacheConfig", "Instrument", "NotCached")

Account = CashAccount | MarginAccount

_K = TypeVar("_K")
_V = TypeVar("_V")
_Id = TypeVar("_Id", bound=str)
_ORDER_ID: Final = attrgetter("client_order_id")
_OWN_ID: Final = attrgetter("id")
_MARKET: Final = OrderType.MARKET


class AlreadyCached(ValueError):
    """Something else is cached under this id; nothing was changed."""

    def __init__(self, kind: str, key: str) -> None:
        super().__init__(f"{kind} {key} is already cached")
        self.kind = kind
        self.key = key


class NotCached(LookupError):
    """An update names something that was never added; nothing was changed."""

    def __init__(self, kind: str, key: str) -> None:
        super().__init__(f"{kind} {key} is not cached")
        self.kind = kind
        self.key = key


class Cache(MarketCache):
    """One kernel's memory. Writers are the engines; everybody reads.

    Orders, positions, accounts and books are the live objects, to be read only. Lists are new
    at each call and sorted by id; time series are newest first.
    """

    __slots__ = (
        "_account_of_venue",
        "_accounts",
        "_client_of_order",
        "_filed_status",
        "_instrument_orders",
        "_instrument_positions",
        "_orders",
        "_orders_of_position",
        "_position_of_order",
        "_positions",
        "_positions_closed",
        "_positions_open",
        "_state_sets",
        "_strategy_orders",
        "_strategy_positions",
        "_unresolved",
        "_venue_id_of_order",
        "_venue_ids",
        "_working",
        "_working_market",
    )

    def __init__(self, config: CacheConfig | None = None) -> None:
        super().__init__(CacheConfig() if config is None else config)
        self._orders: dict[ClientOrderId, Order] = {}
        self._filed_status: dict[ClientOrderId, int] = {}
        self._state_sets: tuple[dict[ClientOrderId, Order], ...] = ({}, {}, {}, {})
        self._working: dict[InstrumentId, dict[ClientOrderId, Order]] = {}
        self._working_market: dict[ClientOrderId, Order] = {}
        self._strategy_orders: dict[StrategyId, dict[ClientOrderId, Order]] = {}
        self._instrument_orders: dict[InstrumentId, dict[ClientOrderId, Order]] = {}
        self._client_of_order: dict[ClientOrderId, ClientId] = {}
        # every venue id an order ever had -> the order; the order -> its present one
        self._venue_ids: dict[VenueOrderId, ClientOrderId] = {}
        self._venue_id_of_order: dict[ClientOrderId, VenueOrderId] = {}
        self._unresolved: dict[ClientOrderId, None] = {}

        self._positions: dict[PositionId, Position] = {}
        self._positions_open: dict[PositionId, Position] = {}
        self._positions_closed: dict[PositionId, Position] = {}
        # HEDGING only. The position an order was submitted for or whose its last fill is, and
        # back; an order that went through a virtual position is filed under both.
        self._position_of_order: dict[ClientOrderId, PositionId] = {}
        self._orders_of_position: dict[PositionId, dict[ClientOrderId, Order]] = {}
        self._strategy_positions: dict[StrategyId, dict[PositionId, Position]] = {}
        self._instrument_positions: dict[InstrumentId, dict[PositionId, Position]] = {}

        self._accounts: dict[AccountId, Account] = {}
        self._account_of_venue: dict[Venue, AccountId] = {}

    # --- orders: writers --------------------------------------------------------------------

    def add_order(self, order: Order, client_id: ClientId | None = None) -> None:
        """Register an order under its client order id, in whatever status it is.

        Args:
            client_id: the client that was asked for by name; None: routed by venue.
        Raises:
            AlreadyCached: the id is taken; the genuine order and its indexes are untouched.
        """
        coid = order.client_order_id
        if coid in self._orders:
            raise AlreadyCached("order", coid)
        self._orders[coid] = order
        self._filed_status[coid] = NOT_FILED
        _file(self._strategy_orders, order.strategy_id, coid, order)
        _file(self._instrument_orders, order.instrument_id, coid, order)
        if client_id is not None:
            self._client_of_order[coid] = client_id
        self.update_order(order)

    def update_order(self, order: Order) -> None:
        """File the order under its present status. To be called after each applied event.

        Raises:
            NotCached: no order has this id, or the cached one is another object (a copy would
                leave two truths behind).
        """
        coid = order.client_order_id
        if self._orders.get(coid) is not order:
            raise NotCached("order", coid)
        status = order.status
        filed = self._filed_status[coid]
        if filed == status:
            return
        leave, join, working = MOVES[filed][status]
        sets = self._state_sets
        for index in leave:
            del sets[index][coid]
        for index in join:
            sets[index][coid] = order
        if working:
            if working > 0:
                _file(self._working, order.instrument_id, coid, order)
                if order.order_type is _MARKET:
                    self._working_market[coid] = order
            else:
                del self._working[order.instrument_id][coid]
                self._working_market.pop(coid, None)
        self._filed_status[coid] = status

    def add_venue_order_id(
        self, client_order_id: ClientOrderId, venue_order_id: VenueOrderId, overwrite: bool = False
    ) -> None:
        """Make `venue_order_id` the order's present one; superseded ones keep leading to it.

        Args:
            overwrite: the order was replaced at the venue (an OrderUpdated said so).
        Raises:
            NotCached: no such order.
            AlreadyCached: the order has another venue id and `overwrite` is not set, or the
                venue id belongs to another order.
        """
        if client_order_id not in self._orders:
            raise NotCached("order", client_order_id)
        owner = self._venue_ids.get(venue_order_id)
        if owner is not None and owner != client_order_id:
            raise AlreadyCached("venue order id", venue_order_id)
        present = self._venue_id_of_order.get(client_order_id)
        if present is not None and present != venue_order_id and not overwrite:
            raise AlreadyCached("venue order id of order", client_order_id)
        self._venue_ids[venue_order_id] = client_order_id
        self._venue_id_of_order[client_order_id] = venue_order_id

    def mark_unresolved(self, client_order_id: ClientOrderId) -> None:
        """Nobody knows what the venue did with this order. A mark beside its status."""
        if client_order_id not in self._orders:
            raise NotCached("order", client_order_id)
        self._unresolved[client_order_id] = None

    def clear_unresolved(self, client_order_id: ClientOrderId) -> None:
        """Take the mark off; without a mark nothing happens."""
        self._unresolved.pop(client_order_id, None)

    # --- orders: queries --------------------------------------------------------------------

    def order(self, client_order_id: ClientOrderId) -> Order | None:
        return self._orders.get(client_order_id)

    def order_exists(self, client_order_id: ClientOrderId) -> bool:
        return client_order_id in self._orders

    def orders(
        self,
        venue: Venue | None = None,
        instrument_id: InstrumentId | None = None,
        strategy_id: StrategyId | None = None,
        side: OrderSide | None = None,
        account_id: AccountId | None = None,
    ) -> list[Order]:
        """Orders that match every argument given, sorted by client order id."""
        return self._select_orders(
            self._orders, venue, instrument_id, strategy_id, side, account_id
        )

    def orders_open(
        self,
        venue: Venue | None = None,
        instrument_id: InstrumentId | None = None,
        strategy_id: StrategyId | None = None,
        side: OrderSide | None = None,
        account_id: AccountId | None = None,
    ) -> list[Order]:
        """Orders that stand at the venue, as far as is known; requests may be under way."""
        return self._select_orders(
            self._state_sets[OPEN], venue, instrument_id, strategy_id, side, account_id
        )

    def orders_inflight(
        self,
        venue: Venue | None = None,
        instrument_id: InstrumentId | None = None,
        strategy_id: StrategyId | None = None,
        side: OrderSide | None = None,
        account_id: AccountId | None = None,
    ) -> list[Order]:
        """Orders with a submit, modify or cancel that the venue has not answered."""
        return self._select_orders(
            self._state_sets[INFLIGHT], venue, instrument_id, strategy_id, side, account_id
        )

    def orders_closed(
        self,
        venue: Venue | None = None,
        instrument_id: InstrumentId | None = None,
        strategy_id: StrategyId | None = None,
        side: OrderSide | None = None,
        account_id: AccountId | None = None,
    ) -> list[Order]:
        return self._select_orders(
            self._state_sets[CLOSED], venue, instrument_id, strategy_id, side, account_id
        )

    def orders_active_local(
        self,
        venue: Venue | None = None,
        instrument_id: InstrumentId | None = None,
        strategy_id: StrategyId | None = None,
        side: OrderSide | None = None,
        account_id: AccountId | None = None,
    ) -> list[Order]:
        """Orders that have not left the kernel."""
        return self._select_orders(
            self._state_sets[ACTIVE_LOCAL], venue, instrument_id, strategy_id, side, account_id
        )

    def orders_open_count(self) -> int:
        return len(self._state_sets[OPEN])

    def orders_inflight_count(self) -> int:
        return len(self._state_sets[INFLIGHT])

    def orders_closed_count(self) -> int:
        return len(self._state_sets[CLOSED])

    def orders_active_local_count(self) -> int:
        return len(self._state_sets[ACTIVE_LOCAL])

    def orders_total_count(self) -> int:
        return len(self._orders)

    def is_order_open(self, client_order_id: ClientOrderId) -> bool:
        return client_order_id in self._state_sets[OPEN]

    def is_order_inflight(self, client_order_id: ClientOrderId) -> bool:
        return client_order_id in self._state_sets[INFLIGHT]

    def is_order_closed(self, client_order_id: ClientOrderId) -> bool:
        return client_order_id in self._state_sets[CLOSED]

    def is_order_active_local(self, client_order_id: ClientOrderId) -> bool:
        return client_order_id in self._state_sets[ACTIVE_LOCAL]

    def is_order_pending_cancel_local(self, client_order_id: ClientOrderId) -> bool:
        """True while a cancel of this order is under way."""
        return self._filed_status.get(client_order_id) == OrderStatus.PENDING_CANCEL

    def orders_unresolved(self) -> list[Order]:
        orders = self._orders
        return [orders[coid] for coid in sorted(self._unresolved)]

    def is_order_unresolved(self, client_order_id: ClientOrderId) -> bool:
        return client_order_id in self._unresolved

    def working_orders(self, instrument_id: InstrumentId) -> Collection[Order]:
        """In flight or open, of one instrument: a live view, not sorted, for sums on hot paths."""
        working = self._working.get(instrument_id)
        return () if working is None else working.values()

    def inflight_orders(self) -> Collection[Order]:
        """Like `orders_inflight`, but a live view and not sorted, for sums on hot paths."""
        return self._state_sets[INFLIGHT].values()

    def working_market_orders(self) -> Collection[Order]:
        """In flight or open MARKET orders: a live view, not sorted. No account locks for them."""
        return self._working_market.values()

    def orders_for_position(self, position_id: PositionId) -> list[Order]:
        """Orders that filled into the position or were submitted for it, sorted by id."""
        found = dict(self._orders_of_position.get(position_id, {}))
        position = self._positions.get(position_id)
        if position is not None and position.is_netted:
            of = self._strategy_orders.get(position.strategy_id, {})
            found.update(
                {coid: each for coid, each in of.items() if each.position_id == position_id}
            )
        return [found[coid] for coid in sorted(found)]

    def client_order_id(self, venue_order_id: VenueOrderId) -> ClientOrderId | None:
        """The order that has, or once had, this venue order id."""
        return self._venue_ids.get(venue_order_id)

    def venue_order_id(self, client_order_id: ClientOrderId) -> VenueOrderId | None:
        return self._venue_id_of_order.get(client_order_id)

    def client_id(self, client_order_id: ClientOrderId) -> ClientId | None:
        return self._client_of_order.get(client_order_id)

    def strategy_id_for_order(self, client_order_id: ClientOrderId) -> StrategyId | None:
        order = self._orders.get(client_order_id)
        return None if order is None else order.strategy_id

    def strategy_ids(self) -> list[StrategyId]:
        """Strategies that have orders or positions."""
        return sorted(self._strategy_orders | self._strategy_positions)

    def _select_orders(
        self,
        base: dict[ClientOrderId, Order],
        venue: Venue | None,
        instrument_id: InstrumentId | None,
        strategy_id: StrategyId | None,
        side: OrderSide | None,
        account_id: AccountId | None,
    ) -> list[Order]:
        # walk the smallest index that holds every match; the others only answer membership
        smallest = base
        if (
            venue is None
            and instrument_id is None
            and strategy_id is None
            and side is None
            and account_id is None
        ):
            found = list(base.values())
            found.sort(key=_ORDER_ID)
            return found
        if instrument_id is not None:
            of_instrument = self._instrument_orders.get(instrument_id, {})
            if len(of_instrument) < len(smallest):
                smallest = of_instrument
        if strategy_id is not None:
            of_strategy = self._strategy_orders.get(strategy_id, {})
            if len(of_strategy) < len(smallest):
                smallest = of_strategy
        found = [
            order
            for coid, order in smallest.items()
            if coid in base
            and (instrument_id is None or order.instrument_id == instrument_id)
            and (strategy_id is None or order.strategy_id == strategy_id)
            and (side is None or order.side is side)
            and (account_id is None or order.account_id == account_id)
            and (venue is None or order.instrument_id.venue == venue)
        ]
        if len(found) > 1:
            found.sort(key=_ORDER_ID)
        return found

    # --- positions --------------------------------------------------------------------------

    def add_position(self, position: Position) -> None:
        """Raises AlreadyCached when the id is taken: a reopened position is the same object."""
        pid = position.id
        if pid in self._positions:
            raise AlreadyCached("position", pid)
        self._positions[pid] = position
        _file(self._strategy_positions, position.strategy_id, pid, position)
        _file(self._instrument_positions, position.instrument_id, pid, position)
        self.update_position(position)

    def update_position(self, position: Position) -> None:
        """File the position as open or closed. Raises NotCached like `update_order`."""
        pid = position.id
        if self._positions.get(pid) is not position:
            raise NotCached("position", pid)
        if position.is_open:
            self._positions_closed.pop(pid, None)
            self._positions_open[pid] = position
        else:
            self._positions_open.pop(pid, None)
            self._positions_closed[pid] = position

    def assign_position(self, client_order_id: ClientOrderId, position_id: PositionId) -> None:
        """File which position the order's fills are for from now on (HEDGING).

        Raises:
            NotCached: no such order.
        """
        order = self._orders.get(client_order_id)
        if order is None:
            raise NotCached("order", client_order_id)
        self._position_of_order[client_order_id] = position_id
        _file(self._orders_of_position, position_id, client_order_id, order)

    def position(self, position_id: PositionId) -> Position | None:
        return self._positions.get(position_id)

    def position_exists(self, position_id: PositionId) -> bool:
        return position_id in self._positions

    def positions(
        self,
        venue: Venue | None = None,
        instrument_id: InstrumentId | None = None,
        strategy_id: StrategyId | None = None,
        account_id: AccountId | None = None,
    ) -> list[Position]:
        """Positions that match every argument given, sorted by id."""
        return self._select_positions(
            self._positions, venue, instrument_id, strategy_id, account_id
        )

    def positions_open(
        self,
        venue: Venue | None = None,
        instrument_id: InstrumentId | None = None,
        strategy_id: StrategyId | None = None,
        account_id: AccountId | None = None,
    ) -> list[Position]:
        return self._select_positions(
            self._positions_open, venue, instrument_id, strategy_id, account_id
        )

    def positions_closed(
        self,
        venue: Venue | None = None,
        instrument_id: InstrumentId | None = None,
        strategy_id: StrategyId | None = None,
        account_id: AccountId | None = None,
    ) -> list[Position]:
        return self._select_positions(
            self._positions_closed, venue, instrument_id, strategy_id, account_id
        )

    def positions_open_count(self) -> int:
        return len(self._positions_open)

    def positions_closed_count(self) -> int:
        return len(self._positions_closed)

    def positions_total_count(self) -> int:
        return len(self._positions)

    def is_position_open(self, position_id: PositionId) -> bool:
        return position_id in self._positions_open

    def is_position_closed(self, position_id: PositionId) -> bool:
        return position_id in self._positions_closed

    def positions_of(self, instrument_id: InstrumentId) -> Collection[Position]:
        """Every position of one instrument: a live view, not sorted, for sums on hot paths."""
        positions = self._instrument_positions.get(instrument_id)
        return () if positions is None else positions.values()

    def position_id(self, client_order_id: ClientOrderId) -> PositionId | None:
        """The position that the order's fills are for; None where only the first will tell."""
        position_id = self._position_of_order.get(client_order_id)
        if position_id is not None:
            return position_id
        order = self._orders.get(client_order_id)
        return None if order is None else order.position_id

    def position_for_order(self, client_order_id: ClientOrderId) -> Position | None:
        position_id = self.position_id(client_order_id)
        return None if position_id is None else self._positions.get(position_id)

    def strategy_id_for_position(self, position_id: PositionId) -> StrategyId | None:
        position = self._positions.get(position_id)
        return None if position is None else position.strategy_id

    def _select_positions(
        self,
        base: dict[PositionId, Position],
        venue: Venue | None,
        instrument_id: InstrumentId | None,
        strategy_id: StrategyId | None,
        account_id: AccountId | None,
    ) -> list[Position]:
        smallest = base
        if instrument_id is not None:
            of_instrument = self._instrument_positions.get(instrument_id, {})
            if len(of_instrument) < len(smallest):
                smallest = of_instrument
        if strategy_id is not None:
            of_strategy = self._strategy_positions.get(strategy_id, {})
            if len(of_strategy) < len(smallest):
                smallest = of_strategy
        found = [
            position
            for pid, position in smallest.items()
            if pid in base
            and (instrument_id is None or position.instrument_id == instrument_id)
            and (strategy_id is None or position.strategy_id == strategy_id)
            and (account_id is None or position.account_id == account_id)
            and (venue is None or position.instrument_id.venue == venue)
        ]
        if len(found) > 1:
            found.sort(key=_OWN_ID)
        return found

    # --- accounts ---------------------------------------------------------------------------

    def add_account(self, account: Account) -> None:
        """Add the account of a venue (its issuer).

        Raises:
            AlreadyCached: the id is taken, or the venue has another account.
        """
        account_id = account.id
        venue = Venue(account_id.issuer)
        if account_id in self._accounts:
            raise AlreadyCached("account", account_id)
        if venue in self._account_of_venue:
            raise AlreadyCached("account of venue", venue)
        self._accounts[account_id] = account
        self._account_of_venue[venue] = account_id

    def update_account(self, account: Account) -> None:
        """Put the account's present object in place. Raises NotCached for an unknown id."""
        if account.id not in self._accounts:
            raise NotCached("account", account.id)
        self._accounts[account.id] = account

    def account(self, account_id: AccountId) -> Account | None:
        return self._accounts.get(account_id)

    def account_for_venue(self, venue: Venue) -> Account | None:
        account_id = self._account_of_venue.get(venue)
        return None if account_id is None else self._accounts.get(account_id)

    def account_id(self, venue: Venue) -> AccountId | None:
        return self._account_of_venue.get(venue)

    def accounts(self) -> list[Account]:
        return sorted(self._accounts.values(), key=_OWN_ID)

    # --- integrity --------------------------------------------------------------------------

    def check_integrity(self) -> list[str]:
        """Every disagreement between objects and indexes, one line each; empty is sound."""
        return integrity_of_cache(self)

    def check_orders(self, client_order_ids: Iterable[ClientOrderId]) -> list[str]:
        """The same for these orders only, at a cost that does not depend on the others."""
        return integrity_of_orders(self, client_order_ids)

    def are_sound(self, orders: list[Order]) -> bool:
        """Whether `check_orders` has nothing to say of these, cheaply; False may mean a doubt."""
        return are_sound(self, orders)


def _file(index: dict[_K, dict[_Id, _V]], key: _K, member_id: _Id, member: _V) -> None:
    members = index.get(key)
    if members is None:
        index[key] = {member_id: member}
    else:
        members[member_id] = member
