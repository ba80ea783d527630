"""What the venue asks of an order before any market is looked at, in a fixed order."""

from typing import Final

from simulation.venue.enums import Code, OrderType, TimeInForce
from simulation.venue.listing import Listing
from simulation.venue.orders import VenueOrder

_MARKET: Final = OrderType.MARKET
_LIMIT: Final = OrderType.LIMIT
_STOP_MARKET: Final = OrderType.STOP_MARKET
_STOP_LIMIT: Final = OrderType.STOP_LIMIT
_GTD: Final = TimeInForce.GTD
_RESTING_TIFS: Final = (TimeInForce.GTC, TimeInForce.GTD, TimeInForce.DAY)
Fault = tuple[Code, str]


def order_fault(order: VenueOrder, now: int) -> Fault | None:
    """The first thing wrong with a new order's own values, or None."""
    listing = order.book.listing
    type_ = order.type
    priced = type_ is _LIMIT or type_ is _STOP_LIMIT
    stop = type_ is _STOP_MARKET or type_ is _STOP_LIMIT
    fault = (
        quantity_fault(listing, order.quantity)
        or price_fault(listing, order.price, priced)
        or trigger_fault(listing, order.trigger_price, stop)
    )
    if fault is not None:
        return fault
    price = order.price if order.price is not None else order.trigger_price
    if price is not None:
        fault = notional_fault(listing, order.quantity, price)
        if fault is not None:
            return fault
    tif = order.time_in_force
    if (stop and tif not in _RESTING_TIFS) or (type_ is _MARKET and tif is _GTD):
        return Code.UNSUPPORTED_TIME_IN_FORCE, f"{type_.value} cannot be {tif.value}"
    if order.post_only and (not priced or tif not in _RESTING_TIFS):
        return Code.UNSUPPORTED_POST_ONLY, f"{type_.value} {tif.value} cannot be post-only"
    if tif is _GTD:
        if order.expire_time_ns <= 0:
            return Code.EXPIRE_TIME_MISSING, "GTD needs an expire time"
        if order.expire_time_ns <= now:
            return Code.EXPIRE_TIME_IN_PAST, f"expire time {order.expire_time_ns}, now {now}"
    return None


def quantity_fault(listing: Listing, quantity: int) -> Fault | None:
    if quantity <= 0:
        return Code.QUANTITY_NOT_POSITIVE, f"quantity {quantity}"
    if quantity % listing.step:
        return Code.QUANTITY_OFF_STEP, f"quantity {quantity}, step {listing.step}"
    if listing.min_quantity is not None and quantity < listing.min_quantity:
        return Code.QUANTITY_BELOW_MINIMUM, f"quantity {quantity}, minimum {listing.min_quantity}"
    if listing.max_quantity is not None and quantity > listing.max_quantity:
        return Code.QUANTITY_ABOVE_MAXIMUM, f"quantity {quantity}, maximum {listing.max_quantity}"
    return None


def price_fault(listing: Listing, price: int | None, wanted: bool) -> Fault | None:
    if price is None:
        return (Code.PRICE_MISSING, "this order type needs a price") if wanted else None
    if not wanted:
        return Code.PRICE_UNEXPECTED, "this order takes no price"
    if not _in_range(listing, price):
        return Code.PRICE_OUT_OF_RANGE, f"price {price}"
    if price % listing.tick:
        return Code.PRICE_OFF_TICK, f"price {price}, tick {listing.tick}"
    return None


def trigger_fault(listing: Listing, trigger: int | None, wanted: bool) -> Fault | None:
    if trigger is None:
        return (Code.TRIGGER_MISSING, "this order type needs a trigger price") if wanted else None
    if not wanted:
        return Code.TRIGGER_UNEXPECTED, "this order takes no trigger price"
    if not _in_range(listing, trigger):
        return Code.TRIGGER_OUT_OF_RANGE, f"trigger price {trigger}"
    if trigger % listing.tick:
        return Code.TRIGGER_OFF_TICK, f"trigger price {trigger}, tick {listing.tick}"
    return None


def notional_fault(listing: Listing, quantity: int, price: int) -> Fault | None:
    if listing.min_notional is None and listing.max_notional is None:
        return None
    notional = listing.notional(quantity, price)
    if listing.min_notional is not None and notional < listing.min_notional:
        return Code.NOTIONAL_BELOW_MINIMUM, f"notional {notional}, minimum {listing.min_notional}"
    if listing.max_notional is not None and notional > listing.max_notional:
        return Code.NOTIONAL_ABOVE_MAXIMUM, f"notional {notional}, maximum {listing.max_notional}"
    return None


def _in_range(listing: Listing, price: int) -> bool:
    return (
        price > 0
        and (listing.min_price is None or price >= listing.min_price)
        and (listing.max_price is None or price <= listing.max_price)
    )
