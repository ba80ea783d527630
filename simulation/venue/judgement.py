"""Whether an order, or a change of one, may be taken: own values, then market, then money.

Nothing changes here. The order of the questions is the order of the answers a client sees.
"""

from typing import Final

from simulation.venue.checks import (
    Fault,
    notional_fault,
    order_fault,
    price_fault,
    quantity_fault,
    trigger_fault,
)
from simulation.venue.enums import SELL, Code, MarketStatus, TimeInForce
from simulation.venue.ledger import Ledger
from simulation.venue.matching import is_triggered, sweep, would_take
from simulation.venue.orders import VenueOrder

FOK: Final = TimeInForce.FOK
OPEN: Final = MarketStatus.OPEN
_SELF_TRADE: Final = (Code.SELF_TRADE, "would have traded with an order of the account")
_CLOSED: Final = {
    MarketStatus.HALTED: Code.MARKET_HALTED,
    MarketStatus.INACTIVE: Code.NOT_YET_ACTIVE,
    MarketStatus.EXPIRED: Code.CONTRACT_EXPIRED,
}
_INSUFFICIENT: Final = (Code.INSUFFICIENT_BALANCE, "free balance does not cover it and its fee")


def reducible(order: VenueOrder, ledger: Ledger) -> int:
    """How much of the account's position an order of this side could close."""
    return ledger.opposed(order)


def conversion_fault(order: VenueOrder) -> Fault | None:
    """Why an order in quote cannot be given a size, or None."""
    book = order.book
    if order.trigger_price is not None and order.price is None:
        return Code.UNSUPPORTED_QUOTE_QUANTITY, "a stop without a price takes no quote quantity"
    if order.price is None and book.first_against(order.side, None) is None:
        return Code.NO_MARKET, f"no market for {book.symbol} to convert quote quantity to base"
    return None


def submission_fault(order: VenueOrder, ledger: Ledger, now: int) -> Fault | None:
    """Why a new order cannot be taken, or None."""
    book = order.book
    if book.status is not OPEN:
        return _CLOSED[book.status], f"{book.symbol} is {book.status.value}"
    fault = order_fault(order, now)
    if fault is not None:
        return fault
    side = order.side
    size = order.quantity
    if order.reduce_only:
        size = min(size, reducible(order, ledger))
        if size == 0:
            return Code.REDUCE_ONLY_WOULD_INCREASE, "no position that this order would reduce"
    trigger = order.trigger_price
    price = order.price
    if trigger is not None:
        if is_triggered(book, side, trigger):
            return Code.STOP_IN_MARKET, f"trigger price {trigger} is in the market"
    elif price is None:
        found = sweep(book, side, size, None)
        if found.filled == 0:
            if found.meets_own:
                return _SELF_TRADE
            return Code.NO_MARKET, f"nobody to trade with in {book.symbol}"
        if order.time_in_force is FOK and found.filled < size:
            return None  # taken, and ended without a trade
        if not ledger.affords_sweep(order, found.filled, found.notional):
            return _unaffordable(order, ledger)
        return None
    elif would_take(book, side, price):
        if order.post_only:
            return Code.POST_ONLY_WOULD_TAKE, f"price {price} would have been a taker"
        if sweep(book, side, size, price).filled == 0:
            return _SELF_TRADE
    value = price if price is not None else trigger
    if value is not None and not ledger.affords(order, size, value):
        return _unaffordable(order, ledger)
    return None


def change_fault(
    order: VenueOrder,
    ledger: Ledger,
    quantity: int | None,
    price: int | None,
    trigger: int | None,
) -> Fault | None:
    """Why an open order cannot take these new values (None: as it is), or None."""
    book = order.book
    listing = book.listing
    if book.status is not OPEN:
        return _CLOSED[book.status], f"{book.symbol} is {book.status.value}"
    if quantity is None and price is None and trigger is None:
        return Code.NOTHING_TO_MODIFY, "no new value given"
    dormant = order.is_dormant_stop
    size = order.quantity if quantity is None else quantity
    fault = quantity_fault(listing, size)
    if fault is None and price is not None:
        fault = price_fault(listing, price, order.price is not None)
    if fault is None and trigger is not None:
        fault = trigger_fault(listing, trigger, dormant)
    if fault is not None:
        return fault
    leaves = size - order.filled
    if leaves < 0:
        return Code.QUANTITY_BELOW_FILLED, f"quantity {size}, filled {order.filled}"
    if leaves == 0:
        return None
    if order.reduce_only and leaves > reducible(order, ledger):
        return Code.REDUCE_ONLY_WOULD_INCREASE, f"quantity {size} is more than the position"
    side = order.side
    if trigger is not None and is_triggered(book, side, trigger):
        return Code.STOP_IN_MARKET, f"trigger price {trigger} is in the market"
    if not dormant and price is not None and price != order.price and would_take(book, side, price):
        if order.post_only:
            return Code.POST_ONLY_WOULD_TAKE, f"price {price} would have been a taker"
        if sweep(book, side, leaves, price).filled == 0:
            return _SELF_TRADE
    value = price if price is not None else order.price
    if value is None:
        value = trigger if trigger is not None else order.trigger_price
    if value is None:
        return None
    fault = notional_fault(listing, size, value)
    if fault is None and not ledger.affords(order, leaves, value):
        fault = _unaffordable(order, ledger)
    return fault


def _unaffordable(order: VenueOrder, ledger: Ledger) -> Fault:
    if order.side is SELL and order.book.symbol in ledger.vaults:
        return Code.SHORT_SELLING, "more than is held and not being sold"
    return _INSUFFICIENT
