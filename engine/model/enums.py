"""Closed vocabularies of the kernel, with the integers that records carry.

Members are IntEnum so that a record holds one small integer and a message stays readable.
Hot code compares by identity against the aliases at the end (a module global costs a fifth
of an attribute of an enum class).
"""

from enum import IntEnum, StrEnum
from typing import Final


class OrderSide(IntEnum):
    BUY = 1
    SELL = 2


class OrderType(IntEnum):
    MARKET = 1
    LIMIT = 2
    STOP_MARKET = 3
    STOP_LIMIT = 4


class TimeInForce(IntEnum):
    GTC = 1
    IOC = 2
    FOK = 3
    GTD = 4
    DAY = 5


class TriggerType(IntEnum):
    NO_TRIGGER = 0
    DEFAULT = 1
    LAST_PRICE = 2
    BID_ASK = 5


class OrderStatus(IntEnum):
    INITIALIZED = 1
    DENIED = 2
    EMULATED = 3
    RELEASED = 4
    SUBMITTED = 5
    ACCEPTED = 6
    REJECTED = 7
    CANCELED = 8
    EXPIRED = 9
    TRIGGERED = 10
    PENDING_UPDATE = 11
    PENDING_CANCEL = 12
    PARTIALLY_FILLED = 13
    FILLED = 14


class LiquiditySide(IntEnum):
    NO_LIQUIDITY_SIDE = 0
    MAKER = 1
    TAKER = 2


class OmsType(IntEnum):
    UNSPECIFIED = 0
    NETTING = 1
    HEDGING = 2


class PositionSide(IntEnum):
    FLAT = 1
    LONG = 2
    SHORT = 3


class AccountType(IntEnum):
    CASH = 1
    MARGIN = 2


class TradingState(IntEnum):
    ACTIVE = 1
    HALTED = 2
    REDUCING = 3


class AggressorSide(IntEnum):
    NO_AGGRESSOR = 0
    BUYER = 1
    SELLER = 2


class BookType(IntEnum):
    L1_MBP = 1
    L2_MBP = 2
    L3_MBO = 3


class BookAction(IntEnum):
    ADD = 1
    UPDATE = 2
    DELETE = 3
    CLEAR = 4


class PriceType(IntEnum):
    BID = 1
    ASK = 2
    MID = 3
    LAST = 4
    MARK = 5


class BarAggregation(IntEnum):
    TICK = 1
    TICK_IMBALANCE = 2
    TICK_RUNS = 3
    VOLUME = 4
    VOLUME_IMBALANCE = 5
    VOLUME_RUNS = 6
    VALUE = 7
    VALUE_IMBALANCE = 8
    VALUE_RUNS = 9
    MILLISECOND = 10
    SECOND = 11
    MINUTE = 12
    HOUR = 13
    DAY = 14
    WEEK = 15
    MONTH = 16
    YEAR = 17
    RENKO = 18


class AggregationSource(IntEnum):
    EXTERNAL = 1
    INTERNAL = 2


class DataKind(IntEnum):
    """What a subscription carries: of one instrument, but for bars and custom data, which are
    named by a type of their own."""

    QUOTES = 1
    TRADES = 2
    BOOK_DELTAS = 3  # by price
    MBO_DELTAS = 4  # by order
    BOOK_DEPTH10 = 5
    MARK_PRICES = 6
    INDEX_PRICES = 7
    FUNDING_RATES = 8
    INSTRUMENT_STATUS = 9
    INSTRUMENT_CLOSE = 10
    INSTRUMENT = 11
    BARS = 12
    CUSTOM = 13


class MarketStatusAction(IntEnum):
    """What a venue does with an instrument's market."""

    NONE = 0
    PRE_OPEN = 1
    PRE_CROSS = 2
    QUOTING = 3
    CROSS = 4
    ROTATION = 5
    NEW_PRICE_INDICATION = 6
    TRADING = 7
    HALT = 8
    PAUSE = 9
    SUSPEND = 10
    PRE_CLOSE = 11
    CLOSE = 12
    POST_CLOSE = 13
    SHORT_SELL_RESTRICTION_CHANGE = 14
    NOT_AVAILABLE_FOR_TRADING = 15


class InstrumentCloseType(IntEnum):
    END_OF_SESSION = 1
    CONTRACT_EXPIRED = 2


class RequestKind(IntEnum):
    """What a command asked the venue to do, so that an unknown outcome says which."""

    SUBMIT = 1
    MODIFY = 2
    CANCEL = 3


class AnswerStatus(IntEnum):
    """How a request ended. Only OK is evidence; the other two prove nothing about the venue."""

    OK = 1
    FAILED = 2
    TIMEOUT = 3


class ComponentState(IntEnum):
    PRE_INITIALIZED = 0
    READY = 1
    STARTING = 2
    RUNNING = 3
    STOPPING = 4
    STOPPED = 5
    RESUMING = 6
    RESETTING = 7
    DISPOSING = 8
    DISPOSED = 9
    DEGRADING = 10
    DEGRADED = 11
    FAULTING = 12
    FAULTED = 13


class KernelState(IntEnum):
    """Where a kernel stands between construction and its end; only RUNNING may trade."""

    READY = 0
    CONNECTING = 1
    RECONCILING = 2
    RUNNING = 3
    STOPPING = 4
    STOPPED = 5
    FAULTED = 6
    FAILED_START = 7


class DenialCode(StrEnum):
    """Why a command never left, or was turned back: the closed list that oracles read."""

    NOT_RUNNING = "NOT_RUNNING"
    CLIENT_DISCONNECTED = "CLIENT_DISCONNECTED"
    DUPLICATE_CLIENT_ORDER_ID = "DUPLICATE_CLIENT_ORDER_ID"
    INSTRUMENT_NOT_FOUND = "INSTRUMENT_NOT_FOUND"
    NO_EXECUTION_CLIENT = "NO_EXECUTION_CLIENT"
    ACCOUNT_NOT_FOUND = "ACCOUNT_NOT_FOUND"
    POSITION_NOT_FOUND = "POSITION_NOT_FOUND"
    INVALID_POSITION_ID = "INVALID_POSITION_ID"
    REDUCE_ONLY_WOULD_INCREASE_POSITION = "REDUCE_ONLY_WOULD_INCREASE_POSITION"
    PRICE_PRECISION = "PRICE_PRECISION"
    PRICE_NOT_POSITIVE = "PRICE_NOT_POSITIVE"
    PRICE_OFF_TICK = "PRICE_OFF_TICK"
    TRIGGER_PRICE_PRECISION = "TRIGGER_PRICE_PRECISION"
    TRIGGER_PRICE_NOT_POSITIVE = "TRIGGER_PRICE_NOT_POSITIVE"
    TRIGGER_PRICE_OFF_TICK = "TRIGGER_PRICE_OFF_TICK"
    QUANTITY_PRECISION = "QUANTITY_PRECISION"
    QUANTITY_OFF_INCREMENT = "QUANTITY_OFF_INCREMENT"
    QUANTITY_EXCEEDS_MAXIMUM = "QUANTITY_EXCEEDS_MAXIMUM"
    QUANTITY_BELOW_MINIMUM = "QUANTITY_BELOW_MINIMUM"
    QUANTITY_CONVERSION_FAILED = "QUANTITY_CONVERSION_FAILED"
    MISSING_EXPIRE_TIME = "MISSING_EXPIRE_TIME"
    EXPIRE_TIME_IN_PAST = "EXPIRE_TIME_IN_PAST"
    NOTIONAL_EXCEEDS_MAX_PER_ORDER = "NOTIONAL_EXCEEDS_MAX_PER_ORDER"
    NOTIONAL_EXCEEDS_MAXIMUM = "NOTIONAL_EXCEEDS_MAXIMUM"
    NOTIONAL_BELOW_MINIMUM = "NOTIONAL_BELOW_MINIMUM"
    NOTIONAL_EXCEEDS_FREE_BALANCE = "NOTIONAL_EXCEEDS_FREE_BALANCE"
    MARGIN_EXCEEDS_FREE_BALANCE = "MARGIN_EXCEEDS_FREE_BALANCE"
    SHORT_SELLING_NOT_PERMITTED = "SHORT_SELLING_NOT_PERMITTED"
    TRADING_HALTED = "TRADING_HALTED"
    TRADING_STATE_REDUCING = "TRADING_STATE_REDUCING"
    RATE_LIMIT_EXCEEDED = "RATE_LIMIT_EXCEEDED"
    ORDER_NOT_FOUND = "ORDER_NOT_FOUND"
    ORDER_CLOSED = "ORDER_CLOSED"
    ORDER_PENDING_CANCEL = "ORDER_PENDING_CANCEL"
    NOTHING_TO_MODIFY = "NOTHING_TO_MODIFY"
    INVALID_MODIFICATION = "INVALID_MODIFICATION"


BUY: Final = OrderSide.BUY
SELL: Final = OrderSide.SELL
