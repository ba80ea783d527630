"""The venue's own vocabulary. Members are text, as on the wire; hot code compares by identity."""

from enum import StrEnum
from typing import Final


class Side(StrEnum):
    BUY = "BUY"
    SELL = "SELL"


class OrderType(StrEnum):
    MARKET = "MARKET"
    LIMIT = "LIMIT"
    STOP_MARKET = "STOP_MARKET"
    STOP_LIMIT = "STOP_LIMIT"


class TimeInForce(StrEnum):
    GTC = "GTC"
    IOC = "IOC"
    FOK = "FOK"
    GTD = "GTD"
    DAY = "DAY"


class Status(StrEnum):
    """Where an order stands. NEW is never shown: the request is still being judged."""

    NEW = "NEW"
    ACCEPTED = "ACCEPTED"
    TRIGGERED = "TRIGGERED"
    PARTIALLY_FILLED = "PARTIALLY_FILLED"
    FILLED = "FILLED"
    CANCELED = "CANCELED"
    EXPIRED = "EXPIRED"
    REJECTED = "REJECTED"


class Liquidity(StrEnum):
    MAKER = "MAKER"
    TAKER = "TAKER"


class AccountType(StrEnum):
    CASH = "CASH"
    MARGIN = "MARGIN"


class MarketStatus(StrEnum):
    """HALTED: cancels and expiry only; nothing new, nothing matches, no stop triggers. INACTIVE
    and EXPIRED: the same, before the first and after the last instant of trading."""

    OPEN = "OPEN"
    HALTED = "HALTED"
    INACTIVE = "INACTIVE"
    EXPIRED = "EXPIRED"


class Code(StrEnum):
    """Why the venue refused, or ended, something. Stable: clients may branch on it."""

    # the request made no order
    MALFORMED = "MALFORMED"
    UNKNOWN_SYMBOL = "UNKNOWN_SYMBOL"
    UNKNOWN_ORDER = "UNKNOWN_ORDER"
    ORDER_CLOSED = "ORDER_CLOSED"
    DUPLICATE_CLIENT_ORDER_ID = "DUPLICATE_CLIENT_ORDER_ID"
    INVALID_SIDE = "INVALID_SIDE"
    INVALID_TYPE = "INVALID_TYPE"
    INVALID_TIME_IN_FORCE = "INVALID_TIME_IN_FORCE"
    # judged as an order
    MARKET_HALTED = "MARKET_HALTED"
    NOT_YET_ACTIVE = "NOT_YET_ACTIVE"
    CONTRACT_EXPIRED = "CONTRACT_EXPIRED"  # also how an order ended that was open then
    UNKNOWN_POSITION = "UNKNOWN_POSITION"
    QUANTITY_NOT_POSITIVE = "QUANTITY_NOT_POSITIVE"
    QUANTITY_OFF_STEP = "QUANTITY_OFF_STEP"
    QUANTITY_BELOW_MINIMUM = "QUANTITY_BELOW_MINIMUM"
    QUANTITY_ABOVE_MAXIMUM = "QUANTITY_ABOVE_MAXIMUM"
    PRICE_MISSING = "PRICE_MISSING"
    PRICE_UNEXPECTED = "PRICE_UNEXPECTED"
    PRICE_OFF_TICK = "PRICE_OFF_TICK"
    PRICE_OUT_OF_RANGE = "PRICE_OUT_OF_RANGE"
    TRIGGER_MISSING = "TRIGGER_MISSING"
    TRIGGER_UNEXPECTED = "TRIGGER_UNEXPECTED"
    TRIGGER_OFF_TICK = "TRIGGER_OFF_TICK"
    TRIGGER_OUT_OF_RANGE = "TRIGGER_OUT_OF_RANGE"
    NOTIONAL_BELOW_MINIMUM = "NOTIONAL_BELOW_MINIMUM"
    NOTIONAL_ABOVE_MAXIMUM = "NOTIONAL_ABOVE_MAXIMUM"
    UNSUPPORTED_TIME_IN_FORCE = "UNSUPPORTED_TIME_IN_FORCE"
    UNSUPPORTED_POST_ONLY = "UNSUPPORTED_POST_ONLY"
    EXPIRE_TIME_MISSING = "EXPIRE_TIME_MISSING"
    EXPIRE_TIME_IN_PAST = "EXPIRE_TIME_IN_PAST"
    REDUCE_ONLY_WOULD_INCREASE = "REDUCE_ONLY_WOULD_INCREASE"
    NO_MARKET = "NO_MARKET"
    POST_ONLY_WOULD_TAKE = "POST_ONLY_WOULD_TAKE"
    STOP_IN_MARKET = "STOP_IN_MARKET"
    SELF_TRADE = "SELF_TRADE"
    INSUFFICIENT_BALANCE = "INSUFFICIENT_BALANCE"
    SHORT_SELLING = "SHORT_SELLING"
    # a modification
    NOTHING_TO_MODIFY = "NOTHING_TO_MODIFY"
    QUANTITY_BELOW_FILLED = "QUANTITY_BELOW_FILLED"
    # how an order ended without being asked to
    BOOK_EXHAUSTED = "BOOK_EXHAUSTED"
    FOK_NOT_FILLABLE = "FOK_NOT_FILLABLE"
    IOC_REMAINDER = "IOC_REMAINDER"
    POSITION_CLOSED = "POSITION_CLOSED"
    # the front door
    INVALID_KEY = "INVALID_KEY"
    LATE = "LATE"
    BANNED = "BANNED"
    RATE_LIMITED = "RATE_LIMITED"
    INTERNAL = "INTERNAL"
    UNAVAILABLE = "UNAVAILABLE"


BUY: Final = Side.BUY
SELL: Final = Side.SELL
