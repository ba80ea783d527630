"""Whether the cache's indexes and its orders tell the same story: yes, or in doubt.

What `cache_integrity` says in words, decided without them and with as few look-ups as it takes:
this is asked after every event, and the answer is nearly always yes. Whoever is told otherwise
asks there what is wrong.
"""

from typing import TYPE_CHECKING, Final, TypeVar

from engine.model.enums import OrderType
from engine.model.identifiers import ClientOrderId
from engine.model.orders import Order
from engine.state_sets import ACTIVE_LOCAL, CLOSED, INFLIGHT, OPEN, STATE_SETS_OF, is_working

if TYPE_CHECKING:  # the cache offers these checks as methods
    from engine.cache import Cache

_K = TypeVar("_K")

# [status] -> of each set, whether it holds it; and whether it may trade
BELONGS: Final = [
    (ACTIVE_LOCAL in sets, INFLIGHT in sets, OPEN in sets, CLOSED in sets) for sets in STATE_SETS_OF
]
IS_WORKING: Final = [is_working(sets) for sets in STATE_SETS_OF]
_MARKET: Final = OrderType.MARKET


def are_sound(cache: "Cache", touched: list[Order]) -> bool:
    """Whether `cache_integrity.integrity_of_orders` finds nothing in these; when in doubt, False."""
    orders = cache._orders
    for order in touched:
        coid = order.client_order_id
        if orders.get(coid) is not order or not _is_sound(cache, coid, order):
            return False
    return True


def _is_sound(cache: "Cache", coid: ClientOrderId, order: Order) -> bool:
    """Whether `_check_order` finds nothing: asked after every event, so it has no words."""
    own = order.client_order_id
    if own is not coid and own != coid:
        return False
    status: int = order.status
    filed = cache._filed_status.get(coid)
    if filed is None or filed != status:
        return False
    local, inflight, open_, closed = cache._state_sets
    in_local, in_inflight, in_open, in_closed = BELONGS[status]
    if (
        (closed.get(coid) is order) is not in_closed
        or (open_.get(coid) is order) is not in_open
        or ((in_inflight or inflight) and (inflight.get(coid) is order) is not in_inflight)
        or ((in_local or local) and (local.get(coid) is order) is not in_local)
    ):
        return False
    working = IS_WORKING[status]
    instrument_id = order.instrument_id
    members = cache._working.get(instrument_id)
    if members is None:
        if working:
            return False
    elif (members.get(coid) is order) is not working:
        return False
    market = cache._working_market
    if working and order.order_type is _MARKET:
        if market.get(coid) is not order:
            return False
    elif market and coid in market:
        return False
    members = cache._strategy_orders.get(order.strategy_id)
    if members is None or members.get(coid) is not order:
        return False
    members = cache._instrument_orders.get(instrument_id)
    if members is None or members.get(coid) is not order:
        return False
    present = order.venue_order_id
    if present is not None:
        known = cache._venue_id_of_order.get(coid)
        if known is not present and known != present:
            return False
    for venue_order_id in order.venue_order_ids:
        owner = cache._venue_ids.get(venue_order_id)
        if owner is not coid and owner != coid:
            return False
    position_id = order.position_id
    if position_id is not None and position_id not in cache._positions:
        return False
    if cache._position_of_order:
        assigned = cache._position_of_order.get(coid)
        if assigned is not None:
            members = cache._orders_of_position.get(assigned)
            return members is not None and members.get(coid) is order
    return True


def are_all_sound(cache: "Cache") -> bool:
    """Whether `_check_order` of each and `_check_order_indexes` find nothing; when in doubt, False.

    Where every order lies in each index that it belongs to, an index holds something besides if
    and only if it holds more entries than that.
    """
    orders = cache._orders
    inflight = open_ = closed = local = working = market = present = named = 0
    for coid, order in orders.items():
        if not _is_sound(cache, coid, order):
            return False
        status: int = order.status
        in_local, in_inflight, in_open, in_closed = BELONGS[status]
        if in_closed:
            closed += 1
        if in_open:
            open_ += 1
        if in_inflight:
            inflight += 1
        if in_local:
            local += 1
        if IS_WORKING[status]:
            working += 1
            if order.order_type is _MARKET:
                market += 1
        venue_order_ids = order.venue_order_ids
        ids = len(venue_order_ids)
        named += ids if ids < 2 else len(dict.fromkeys(venue_order_ids))
        venue_order_id = order.venue_order_id
        if venue_order_id is not None:
            present += 1
            if venue_order_id not in venue_order_ids:
                return False
    sets = cache._state_sets
    if (
        len(sets[CLOSED]) != closed
        or len(sets[OPEN]) != open_
        or len(sets[INFLIGHT]) != inflight
        or len(sets[ACTIVE_LOCAL]) != local
        or len(cache._working_market) != market
        or len(cache._filed_status) != len(orders)
        or len(cache._venue_ids) != named
        or len(cache._venue_id_of_order) != present
        or _entries(cache._working) != working
        or _entries(cache._strategy_orders) != len(orders)
        or _entries(cache._instrument_orders) != len(orders)
    ):
        return False
    for coid in cache._unresolved:
        if coid not in orders:
            return False
    for coid in cache._client_of_order:  # noqa: SIM110 - a generator costs more than it saves
        if coid not in orders:
            return False
    return True


def _entries(index: dict[_K, dict[ClientOrderId, Order]]) -> int:
    entries = 0
    for members in index.values():
        entries += len(members)
    return entries
