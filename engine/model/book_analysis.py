"""Questions to an order book, answered in exact values.

Averages are Decimals, half-even at 1e-16; nothing here is a float. A `side` is that of the order
one has in mind: BUY walks the asks, SELL the bids, best first. A price that does not exist is
None, never zero.
"""

from decimal import Decimal
from itertools import islice
from typing import Final

from engine.model.book import Level, OrderBook
from engine.model.enums import BUY, OrderSide
from engine.model.fixed import (
    FIXED_PRECISION,
    UNITS,
    ValueOutOfRange,
    decimal_of,
    divide_half_even,
    exact_number,
    shortest_decimal,
)
from engine.model.values import Price, Quantity

_SHIFT_MAX: Final = 100  # more digits than a notional has


def spread(book: OrderBook) -> Price | None:
    """Best ask - best bid: negative when crossed, None while a side is empty."""
    bid, ask = book.best_bid(), book.best_ask()
    if bid is None or ask is None:
        return None
    return Price.from_mantissa(ask[0] - bid[0], book.price_precision)


def midpoint(book: OrderBook) -> Decimal | None:
    """(best ask + best bid) / 2, exactly; None while a side is empty."""
    bid, ask = book.best_bid(), book.best_ask()
    if bid is None or ask is None:
        return None
    return decimal_of((ask[0] + bid[0]) * 5, -book.price_precision - 1)


def simulate_fills(
    book: OrderBook, side: OrderSide, quantity: Quantity, limit: Price | None = None
) -> list[tuple[Price, Quantity]]:
    """What an order would take, level by level, the last one cut; stops at the limit price.

    The sizes add up to `quantity`, or to less where the book (or the limit) ends first.
    """
    _expect(Quantity, quantity)
    scale = _size_unit(book)
    left = quantity.raw
    fills: list[tuple[Price, Quantity]] = []
    for price, size in _levels(book, side, limit):
        if left <= 0:
            break
        taken = min(left, size * scale)
        left -= taken
        precision = max(quantity.precision, book.size_precision)
        fills.append(
            (Price.from_mantissa(price, book.price_precision), Quantity.from_raw(taken, precision))
        )
    return fills


def avg_px_for_quantity(book: OrderBook, quantity: Quantity, side: OrderSide) -> Decimal | None:
    """Size-weighted price over what is available of `quantity`; None when nothing is."""
    fills = simulate_fills(book, side, quantity)
    total = sum(size.raw for _, size in fills)
    if not total:
        return None
    cost = sum(price.raw * size.raw for price, size in fills)
    return shortest_decimal(divide_half_even(cost, total), FIXED_PRECISION)


def worst_px_for_quantity(book: OrderBook, quantity: Quantity, side: OrderSide) -> Price | None:
    """Price of the last level that `quantity` touches; None when it touches none."""
    fills = simulate_fills(book, side, quantity)
    return fills[-1][0] if fills else None


def quantity_for_price(book: OrderBook, price: Price, side: OrderSide) -> Quantity:
    """Total size at `price` or better."""
    return Quantity.from_mantissa(
        sum(size for _, size in _levels(book, side, price)), book.size_precision
    )


def quantity_at_level(book: OrderBook, price: Price, side: OrderSide) -> Quantity:
    """Size at exactly `price` on the side opposite to `side`."""
    mantissa, rest = divmod(price.raw, UNITS[book.price_precision])
    if rest:
        return Quantity.zero(book.size_precision)
    size = book.ask_size_at(mantissa) if side is BUY else book.bid_size_at(mantissa)
    return Quantity.from_mantissa(size, book.size_precision)


def avg_px_qty_for_exposure(
    book: OrderBook, notional: Decimal | int, side: OrderSide
) -> tuple[Decimal, Decimal, Price] | None:
    """(average price, quantity, last price) that spending `notional` would get.

    The last level is taken in the fraction that is left to spend, rounded half-even at 1e-16.
    None when the notional buys nothing; levels without a positive price are not walked.
    """
    digits, exponent = exact_number(notional)
    # worth, as an integer over one common denominator: mantissa x mantissa of a level
    shift = exponent + book.price_precision + book.size_precision
    if abs(shift) > _SHIFT_MAX:
        raise ValueOutOfRange(f"notional {notional!r} is beyond the range of every value")
    left, one = (digits * 10**shift, 1) if shift >= 0 else (digits, 10**-shift)
    cost = quantity_raw = 0
    last: int | None = None
    unit = _size_unit(book)
    for price, size in _levels(book, side, None):
        if left <= 0 or price <= 0:
            break
        worth = price * size * one
        last = price
        if worth <= left:
            quantity_raw += size * unit
            cost += worth
            left -= worth
        else:
            quantity_raw += divide_half_even(left * unit, price * one)
            cost += left
            left = 0
    if last is None or not quantity_raw:
        return None
    # cost / one is in mantissa x mantissa; x 10^16 / price power, over quantity in raw units
    average = divide_half_even(cost * unit * UNITS[book.price_precision], one * quantity_raw)
    return (
        shortest_decimal(average, FIXED_PRECISION),
        shortest_decimal(quantity_raw, FIXED_PRECISION),
        Price.from_mantissa(last, book.price_precision),
    )


def crossed_levels(book: OrderBook, side: OrderSide, price: Price) -> list[tuple[Price, Quantity]]:
    """Every level an order at `price` could trade with, best first, whatever its size."""
    return [
        (
            Price.from_mantissa(level, book.price_precision),
            Quantity.from_mantissa(size, book.size_precision),
        )
        for level, size in _levels(book, side, price)
    ]


def group_bids(book: OrderBook, group: Price, depth: int | None = None) -> dict[Price, Quantity]:
    """Bid sizes summed by price floored to a multiple of `group`; the best `depth` groups."""
    return _grouped(book, book.bids(), group, depth, 1)


def group_asks(book: OrderBook, group: Price, depth: int | None = None) -> dict[Price, Quantity]:
    """Ask sizes summed by price raised to a multiple of `group`; the best `depth` groups."""
    return _grouped(book, book.asks(), group, depth, -1)


def _grouped(
    book: OrderBook, levels: list[Level], group: Price, depth: int | None, sign: int
) -> dict[Price, Quantity]:
    _expect(Price, group)
    if group.raw <= 0:
        raise ValueError(f"the group size must be above zero, was {group}")
    unit = UNITS[book.price_precision]
    sums: dict[int, int] = {}
    for price, size in levels:
        raw = sign * (sign * price * unit // group.raw) * group.raw
        sums[raw] = sums.get(raw, 0) + size
    precision = max(group.precision, book.price_precision)
    return {
        Price.from_raw(raw, precision): Quantity.from_mantissa(size, book.size_precision)
        for raw, size in islice(sums.items(), depth)
    }


def _levels(book: OrderBook, side: OrderSide, limit: Price | None) -> list[Level]:
    """The levels that an order of `side` could meet, best first, none worse than `limit`."""
    levels = book.asks() if side is BUY else book.bids()
    if limit is None:
        return levels
    _expect(Price, limit)
    unit = UNITS[book.price_precision]
    if side is BUY:
        return [level for level in levels if level[0] * unit <= limit.raw]
    return [level for level in levels if level[0] * unit >= limit.raw]


def _size_unit(book: OrderBook) -> int:
    return UNITS[book.size_precision]


def _expect(kind: type, value: object) -> None:
    if type(value) is not kind:
        raise TypeError(f"expected {kind.__name__}, not {type(value).__name__}")
