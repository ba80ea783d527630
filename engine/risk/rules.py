"""The pre-trade checks: pure functions of an order's terms, an instrument and an instant.

Each returns None, or a finding: the code and "key=value, key=value". The texts are functions of
the arguments alone, so the same decision always reads the same. Which check comes before which
is the RiskEngine's; within one function the order is that of the code.

Prices and quantities are judged as the venue would: the precision of the value handed in (so
100.120 is refused where two decimals are allowed), then its sign, then the increment.
"""

from engine.market_cache import Instrument
from engine.model.data import QuoteTick, TradeTick
from engine.model.enums import BUY, DenialCode, OrderSide, TimeInForce
from engine.model.fixed import FIXED_PRECISION, UNITS, format_mantissa
from engine.model.values import Price, Quantity

Finding = tuple[DenialCode, str]

_D = DenialCode
_GTD = TimeInForce.GTD


def check_terms(
    quantity: Quantity | None,
    price: Price | None,
    trigger_price: Price | None,
    instrument: Instrument,
) -> Finding | None:
    """Price, then trigger price, then quantity; None is not judged."""
    finding = None
    if price is not None:
        finding = check_price(price, instrument)
    if finding is None and trigger_price is not None:
        finding = check_trigger_price(trigger_price, instrument)
    if finding is None and quantity is not None:
        finding = check_quantity(quantity, instrument)
    return finding


def check_price(price: Price, instrument: Instrument) -> Finding | None:
    if price.precision > instrument.price_precision:
        return _D.PRICE_PRECISION, _beyond("price", price, instrument.price_precision)
    raw = price.raw
    if raw <= 0 and not instrument.allows_negative_price:
        return _D.PRICE_NOT_POSITIVE, f"price={price}"
    if raw % instrument.price_increment.raw:
        return _D.PRICE_OFF_TICK, f"price={price}, tick={instrument.price_increment}"
    return None


def check_trigger_price(price: Price, instrument: Instrument) -> Finding | None:
    if price.precision > instrument.price_precision:
        detail = _beyond("trigger_price", price, instrument.price_precision)
        return _D.TRIGGER_PRICE_PRECISION, detail
    raw = price.raw
    if raw <= 0 and not instrument.allows_negative_price:
        return _D.TRIGGER_PRICE_NOT_POSITIVE, f"trigger_price={price}"
    if raw % instrument.price_increment.raw:
        detail = f"trigger_price={price}, tick={instrument.price_increment}"
        return _D.TRIGGER_PRICE_OFF_TICK, detail
    return None


def check_quantity(quantity: Quantity, instrument: Instrument) -> Finding | None:
    if quantity.precision > instrument.size_precision:
        return _D.QUANTITY_PRECISION, _beyond("quantity", quantity, instrument.size_precision)
    raw = quantity.raw
    if raw % instrument.size_increment.raw:
        detail = f"quantity={quantity}, increment={instrument.size_increment}"
        return _D.QUANTITY_OFF_INCREMENT, detail
    largest = instrument.max_quantity
    if largest is not None and raw > largest.raw:
        return _D.QUANTITY_EXCEEDS_MAXIMUM, f"quantity={quantity}, max={largest}"
    smallest = instrument.min_quantity
    if smallest is not None and raw < smallest.raw:
        return _D.QUANTITY_BELOW_MINIMUM, f"quantity={quantity}, min={smallest}"
    return None


def check_quote_quantity(
    quantity: Quantity, base_raw: int | None, instrument: Instrument
) -> Finding | None:
    """An amount of quote currency, and what it comes to in base; None: nothing values it."""
    if quantity.precision > instrument.quote_currency.precision:
        return _D.QUANTITY_PRECISION, _beyond(
            "quantity", quantity, instrument.quote_currency.precision
        )
    if base_raw is None:
        return _D.QUANTITY_CONVERSION_FAILED, f"quantity={quantity}, price=none"
    largest, smallest = instrument.max_quantity, instrument.min_quantity
    base = f"quantity={quantity}, base={raw_text(base_raw)}"
    if largest is not None and base_raw > largest.raw:
        return _D.QUANTITY_EXCEEDS_MAXIMUM, f"{base}, max={largest}"
    if base_raw == 0 or (smallest is not None and base_raw < smallest.raw):
        return _D.QUANTITY_BELOW_MINIMUM, f"{base}, min={smallest or instrument.size_increment}"
    return None


def check_expiry(time_in_force: TimeInForce, expire_time_ns: int, now_ns: int) -> Finding | None:
    """A GTD order must end later than now."""
    if time_in_force is _GTD and expire_time_ns <= now_ns:
        if expire_time_ns == 0:
            return _D.MISSING_EXPIRE_TIME, "time_in_force=GTD"
        return _D.EXPIRE_TIME_IN_PAST, f"expire_time_ns={expire_time_ns}, now_ns={now_ns}"
    return None


def check_notional(
    notional_raw: int, instrument: Instrument, per_order_max_raw: int | None
) -> Finding | None:
    """The configured limit per order, then the instrument's own limits; all inclusive.

    Args:
        notional_raw, per_order_max_raw: units of 1e-16 of the instrument's cost currency.
    """
    if per_order_max_raw is not None and notional_raw > per_order_max_raw:
        return _D.NOTIONAL_EXCEEDS_MAX_PER_ORDER, _amounts(
            "notional", notional_raw, "max", per_order_max_raw, instrument
        )
    smallest = instrument.min_notional
    if smallest is not None and notional_raw < smallest.raw:
        return _D.NOTIONAL_BELOW_MINIMUM, _amounts(
            "notional", notional_raw, "min", smallest.raw, instrument
        )
    largest = instrument.max_notional
    if largest is not None and notional_raw > largest.raw:
        return _D.NOTIONAL_EXCEEDS_MAXIMUM, _amounts(
            "notional", notional_raw, "max", largest.raw, instrument
        )
    return None


def market_price_raw(
    side: OrderSide, quote: QuoteTick | None, trade: TradeTick | None
) -> int | None:
    """The raw price at which a MARKET order is valued: the best opposite quote (a side without
    size has no price), else the last trade, else None."""
    if quote is not None:
        if side is BUY:
            mantissa, size = quote.ask_mantissa, quote.ask_size_mantissa
        else:
            mantissa, size = quote.bid_mantissa, quote.bid_size_mantissa
        if size > 0 and mantissa > 0:
            return mantissa * UNITS[quote.price_precision]
    if trade is not None and trade.price_mantissa > 0:
        return trade.price_mantissa * UNITS[trade.price_precision]
    return None


def raw_text(raw: int) -> str:
    """Decimal text of a raw, without trailing zeros."""
    text = format_mantissa(raw, FIXED_PRECISION)
    return text.rstrip("0").rstrip(".")


def _beyond(name: str, value: Price | Quantity, precision_max: int) -> str:
    return f"{name}={value}, precision={value.precision}, precision_max={precision_max}"


def _amounts(name: str, raw: int, limit: str, limit_raw: int, instrument: Instrument) -> str:
    code = instrument.cost_currency.code
    return f"{name}={raw_text(raw)}, {limit}={raw_text(limit_raw)}, currency={code}"
