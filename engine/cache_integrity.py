"""Whether the cache's indexes and its objects tell the same story, looked at from both sides.

From each object to every index that must hold it (and to those that must not), and from every
index entry back to an object that belongs there. A finding is one line of text that starts with
what it is about; no findings means sound. Nothing is repaired here.
"""

from typing import TYPE_CHECKING, Final, cast

from engine.cache_soundness import BELONGS, IS_WORKING, are_all_sound
from engine.model.enums import BUY, OrderType
from engine.model.events import OrderFilled
from engine.model.identifiers import ClientOrderId, PositionId, TradeId, Venue
from engine.model.instruments import CurrencyPair
from engine.model.orders import Order
from engine.state_sets import NAMES

if TYPE_CHECKING:  # the cache offers these checks as methods
    from collections.abc import Iterable

    from engine.cache import Cache


_MARKET: Final = OrderType.MARKET
_NONE: Final[dict[ClientOrderId, Order]] = {}


def integrity_of_cache(cache: "Cache") -> list[str]:
    """Every check, over everything. Costs time in proportion to all that was ever cached."""
    found: list[str] = []
    if not are_all_sound(cache):
        for coid, order in cache._orders.items():
            _check_order(cache, coid, order, found)
        _check_order_indexes(cache, found)
    _check_positions(cache, found)
    _check_assignments(cache, found)
    _check_fills(cache, found)
    _check_accounts(cache, found)
    return found


def integrity_of_orders(cache: "Cache", client_order_ids: "Iterable[ClientOrderId]") -> list[str]:
    """The checks of these orders only, both ways: for what one turn touched."""
    found: list[str] = []
    orders = cache._orders
    for coid in client_order_ids:
        order = orders.get(coid)
        if order is None:
            found.append(f"order {coid} is not cached")
        else:
            _check_order(cache, coid, order, found)
    return found


def _check_order(cache: "Cache", coid: ClientOrderId, order: Order, found: list[str]) -> None:
    if order.client_order_id != coid:
        found.append(f"order {coid} is cached under another id than its own")
    status = order.status
    if cache._filed_status.get(coid) != status:
        found.append(f"order {coid} is {status.name} but filed under another status")
    local, inflight, open_, closed = cache._state_sets
    in_local, in_inflight, in_open, in_closed = BELONGS[status]
    if (
        (local.get(coid) is order) is not in_local
        or (inflight.get(coid) is order) is not in_inflight
        or (open_.get(coid) is order) is not in_open
        or (closed.get(coid) is order) is not in_closed
    ):
        for name, members, belongs in zip(NAMES, cache._state_sets, BELONGS[status], strict=True):
            if (members.get(coid) is order) is not belongs:
                held = "is in" if coid in members else "is missing from"
                found.append(f"order {coid} is {status.name} and {held} orders_{name}")
    working = IS_WORKING[status]
    instrument_id = order.instrument_id
    if (cache._working.get(instrument_id, _NONE).get(coid) is order) is not working:
        found.append(f"order {coid} is {status.name}, wrongly filed as working or not")
    if (coid in cache._working_market) is not (working and order.order_type is _MARKET):
        found.append(f"order {coid} is {status.name}, wrongly filed as working MARKET or not")
    if cache._strategy_orders.get(order.strategy_id, _NONE).get(coid) is not order:
        found.append(f"order {coid} is missing from the orders of {order.strategy_id}")
    if cache._instrument_orders.get(instrument_id, _NONE).get(coid) is not order:
        found.append(f"order {coid} is missing from the orders of {instrument_id}")
    present = order.venue_order_id
    if present is not None and cache._venue_id_of_order.get(coid) != present:
        found.append(f"order {coid} has venue order id {present}, which is not filed as present")
    for venue_order_id in order.venue_order_ids:
        if cache._venue_ids.get(venue_order_id) != coid:
            found.append(
                f"order {coid} had venue order id {venue_order_id}, which does not lead to it"
            )
    position_id = order.position_id
    if position_id is not None and position_id not in cache._positions:
        found.append(f"order {coid} filled into position {position_id}, which is not cached")
    assigned = cache._position_of_order.get(coid)
    if assigned is not None and cache._orders_of_position.get(assigned, {}).get(coid) is not order:
        found.append(f"order {coid} is for position {assigned}, which does not lead back")


def _check_order_indexes(cache: "Cache", found: list[str]) -> None:
    orders = cache._orders
    named = (
        *zip((f"orders_{name}" for name in NAMES), cache._state_sets, strict=True),
        ("orders working MARKET", cache._working_market),
        *((f"orders of {key}", members) for key, members in cache._strategy_orders.items()),
        *((f"orders of {key}", members) for key, members in cache._instrument_orders.items()),
        *((f"orders working in {key}", members) for key, members in cache._working.items()),
    )
    for name, members in named:
        for coid, order in members.items():
            if orders.get(coid) is not order:
                found.append(f"{name} holds {coid}, which is not the cached order")
    for strategy_id, members in cache._strategy_orders.items():
        for coid, order in members.items():
            if order.strategy_id != strategy_id:
                found.append(f"orders of {strategy_id} holds {coid} of {order.strategy_id}")
    for by_instrument in (cache._instrument_orders, cache._working):
        for instrument_id, members in by_instrument.items():
            for coid, order in members.items():
                if order.instrument_id != instrument_id:
                    found.append(f"orders of {instrument_id} holds {coid} of {order.instrument_id}")
    for coid in cache._filed_status:
        if coid not in orders:
            found.append(f"a status is filed for {coid}, which is not cached")
    for coid in cache._unresolved:
        if coid not in orders:
            found.append(f"orders_unresolved holds {coid}, which is not cached")
    for coid in cache._client_of_order:
        if coid not in orders:
            found.append(f"a client is filed for {coid}, which is not cached")
    for venue_order_id, coid in cache._venue_ids.items():
        owner = orders.get(coid)
        if owner is None:
            found.append(f"venue order id {venue_order_id} leads to {coid}, which is not cached")
        elif venue_order_id not in owner.venue_order_ids and not _named_too_late(owner):
            found.append(f"venue order id {venue_order_id} leads to {coid}, which never had it")
    for coid, venue_order_id in cache._venue_id_of_order.items():
        if cache._venue_ids.get(venue_order_id) != coid:
            found.append(f"order {coid} leads to {venue_order_id}, which does not lead back")
        owner = orders.get(coid)
        if owner is None:
            found.append(f"a venue order id is filed for {coid}, which is not cached")
        elif owner.venue_order_id != venue_order_id and not _named_too_late(owner):
            found.append(
                f"order {coid} is filed under {venue_order_id}, which is not its present one"
            )


def _named_too_late(order: Order) -> bool:
    """The order ended before the venue named it: the cache may learn the id, the order cannot."""
    return order.is_closed and order.venue_order_id is None


def _check_positions(cache: "Cache", found: list[str]) -> None:
    positions = cache._positions
    before = len(found)
    for pid, position in positions.items():
        if position.id != pid:
            found.append(f"position {pid} is cached under another id than its own")
        is_open = position.is_open
        if (cache._positions_open.get(pid) is position) != is_open:
            found.append(f"position {pid} is wrongly filed as open or not")
        if (cache._positions_closed.get(pid) is position) == is_open:
            found.append(f"position {pid} is wrongly filed as closed or not")
        if cache._strategy_positions.get(position.strategy_id, {}).get(pid) is not position:
            found.append(f"position {pid} is missing from the positions of {position.strategy_id}")
        if cache._instrument_positions.get(position.instrument_id, {}).get(pid) is not position:
            found.append(
                f"position {pid} is missing from the positions of {position.instrument_id}"
            )
        if position.strategy_id not in cache._strategy_orders:
            found.append(f"position {pid} belongs to {position.strategy_id}, which has no order")
        if position.instrument_id not in cache._instrument_orders:
            found.append(f"position {pid} is in {position.instrument_id}, which has no order")
    if len(found) == before and _has_positions_only(cache):
        return
    named = (
        ("positions_open", cache._positions_open),
        ("positions_closed", cache._positions_closed),
        *((f"positions of {key}", members) for key, members in cache._strategy_positions.items()),
        *((f"positions of {key}", members) for key, members in cache._instrument_positions.items()),
    )
    for name, members in named:
        for pid, position in members.items():
            if positions.get(pid) is not position:
                found.append(f"{name} holds {pid}, which is not the cached position")


def _has_positions_only(cache: "Cache") -> bool:
    """Whether the indexes hold no more entries than positions, each of which is in its own."""
    positions = len(cache._positions)
    return (
        len(cache._positions_open) + len(cache._positions_closed) == positions
        and sum([len(members) for members in cache._strategy_positions.values()]) == positions
        and sum([len(members) for members in cache._instrument_positions.values()]) == positions
    )


def _check_assignments(cache: "Cache", found: list[str]) -> None:
    """Orders and the positions they are for, where positions are kept apart."""
    orders = cache._orders
    for coid in cache._position_of_order:
        if coid not in orders:
            found.append(f"a position is filed for {coid}, which is not cached")
    for pid, members in cache._orders_of_position.items():
        for coid, order in members.items():
            if orders.get(coid) is not order:
                found.append(f"orders of position {pid} holds {coid}, which is not the cached one")
            present = cache._position_of_order.get(coid)
            if present is None:
                found.append(f"order {coid} is filed under position {pid} and leads to none")
            elif not (present == pid or (pid.is_virtual and present.startswith(f"{pid}F"))):
                found.append(f"order {coid} is filed under position {pid} and leads to {present}")


def _check_fills(cache: "Cache", found: list[str]) -> None:
    """What each position holds is what the orders' fills say it must hold, virtual positions
    that a fill went through together with what was opened beyond."""
    origins = {pid: _origin(pid) for pid in cache._positions}
    held_raw: dict[PositionId, int] = {}
    accounted: dict[PositionId, int] = {}
    for own in origins.values():
        held_raw[own] = accounted[own] = 0
    seen: object = None  # the last currency and the last base met, and whether they are one
    base: object = None
    is_base = False
    of: PositionId | None = None  # the last position met, where it came from, what goes there
    origin: PositionId | None = None
    moved_raw = 0
    for coid, order in cache._orders.items():
        if not order.trade_ids:
            continue
        fills = cast("dict[TradeId, OrderFilled]", order.trade_ids)
        instrument = cache._instruments.get(order.instrument_id)
        pair = instrument if isinstance(instrument, CurrencyPair) else None
        for fill in fills.values():
            if fill.position_id is not of:
                if origin is not None:
                    held_raw[origin] += moved_raw
                    moved_raw = 0
                of = fill.position_id
                origin = origins.get(of)
            if origin is None:
                found.append(f"order {coid} filled {fill.position_id}, which is not cached")
                continue
            quantity_raw: int = fill.last_qty.raw
            if fill.side is not BUY:
                quantity_raw = -quantity_raw
            if pair is not None:
                commission = fill.commission
                if commission.currency is not seen or pair.base_currency is not base:
                    seen, base = commission.currency, pair.base_currency
                    is_base = seen == base
                if is_base:  # paid out of what is held
                    quantity_raw -= commission.raw
            moved_raw += quantity_raw
    if origin is not None:
        held_raw[origin] += moved_raw
    for pid, position in cache._positions.items():
        accounted[origins[pid]] += position.signed_raw + position.dust_raw + position.settled_raw
    for pid, raw in accounted.items():
        if raw != held_raw[pid]:
            found.append(
                f"position {pid} holds, or has set aside or settled, {raw} raw, "
                f"but its fills sum to {held_raw[pid]}"
            )


def _origin(position_id: PositionId) -> PositionId:
    """The position that a virtual one was opened beyond, and itself for any other."""
    return PositionId(position_id.rstrip("F")) if position_id.is_virtual else position_id


def _check_accounts(cache: "Cache", found: list[str]) -> None:
    for account_id, account in cache._accounts.items():
        if account.id != account_id:
            found.append(f"account {account_id} is cached under another id than its own")
        if cache._account_of_venue.get(cast(Venue, account_id.issuer)) != account_id:
            found.append(f"account {account_id} is not the account of its venue")
    for venue, account_id in cache._account_of_venue.items():
        if account_id not in cache._accounts:
            found.append(f"venue {venue} leads to account {account_id}, which is not cached")
