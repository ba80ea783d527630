"""The gateway protocol: the venue's published wire format, in MessagePack bytes.

Two conversations, as at real venues. *Request/answer*: one request body, one answer with a
status code; nothing orders one request against another. *Stream*: after connecting, the client
logs in and subscribes; the venue sends frames, in order per connection, each market or user
frame numbered per (connection, channel, symbol) from 1, so that a missing one shows.

Numbers are mantissas at the instrument's precisions; money is a mantissa at the currency's
precision. Times are venue nanoseconds. Every message is an array that starts with its name.

A request carries `deadline_ns`: reaching the venue later than that it is refused (STATUS 408,
code LATE), so that a request nobody answered has a known end. Status codes: 200 done, 400
refused by business rule, 404 unknown order, 408 too late (did not act), 418 banned and 429 rate
limited (did not act; `retry_after_ns` says for how long), 500 outcome unknown, 503 did not act.
"""

from typing import Final

import msgspec

CHANNEL_QUOTES: Final = "quotes"
CHANNEL_TRADES: Final = "trades"
CHANNEL_BOOK: Final = "book"
CHANNEL_DEPTH: Final = "depth"
CHANNEL_INSTRUMENT: Final = "instrument"
CHANNEL_USER: Final = "user"

DEPTH_LEVELS: Final = 10

OK: Final = 200
REFUSED: Final = 400
UNKNOWN_ORDER: Final = 404
LATE: Final = 408
BANNED: Final = 418
RATE_LIMITED: Final = 429
SERVER_ERROR: Final = 500
UNAVAILABLE: Final = 503

BATCH_MAX: Final = 50  # cancels in one request


# the tag is the first array element; its field name never shows, but must not be a real field's
class Message(
    msgspec.Struct, frozen=True, gc=False, array_like=True, tag=True, tag_field="message"
):
    pass


# --- requests ------------------------------------------------------------------------------


class SubmitRequest(Message, frozen=True, gc=False, array_like=True, tag=True):
    key: str
    request_id: str
    deadline_ns: int
    client_order_id: str
    symbol: str
    side: str  # "BUY" | "SELL"
    type: str  # "MARKET" | "LIMIT" | "STOP_MARKET" | "STOP_LIMIT"
    time_in_force: str  # "GTC" | "IOC" | "FOK" | "GTD" | "DAY"
    quantity: int
    price: int | None
    trigger_price: int | None
    expire_time_ns: int
    post_only: bool
    reduce_only: bool


class QuoteSubmitRequest(SubmitRequest, frozen=True, gc=False, array_like=True, tag=True):
    """A SubmitRequest whose `quantity` is money of the quote currency, a mantissa at its
    precision. The venue converts it to base before anything else and tells so (UPDATED)."""


class PositionSubmit(SubmitRequest, frozen=True, gc=False, array_like=True, tag=True):
    """A submit for one position of a hedging account. A message of its own, so that the others
    stay as short as they are."""

    position_id: str
    in_quote: bool = False  # as a QuoteSubmitRequest


class ModifyRequest(Message, frozen=True, gc=False, array_like=True, tag=True):
    key: str
    request_id: str
    deadline_ns: int
    symbol: str
    client_order_id: str
    quantity: int | None  # total
    price: int | None
    trigger_price: int | None


class CancelRequest(Message, frozen=True, gc=False, array_like=True, tag=True):
    key: str
    request_id: str
    deadline_ns: int
    symbol: str
    client_order_id: str


class BatchCancelRequest(Message, frozen=True, gc=False, array_like=True, tag=True):
    """Several cancels of one instrument, each judged as if it had come alone, in this order."""

    key: str
    request_id: str
    deadline_ns: int
    symbol: str
    cancels: tuple[tuple[str, str], ...]  # (request id, client order id), at most BATCH_MAX


class CancelAllRequest(Message, frozen=True, gc=False, array_like=True, tag=True):
    key: str
    request_id: str
    deadline_ns: int
    symbol: str
    side: str | None


class OrderQuery(Message, frozen=True, gc=False, array_like=True, tag=True):
    key: str
    request_id: str
    client_order_id: str


class OpenOrdersQuery(Message, frozen=True, gc=False, array_like=True, tag=True):
    key: str
    request_id: str


class TradesQuery(Message, frozen=True, gc=False, array_like=True, tag=True):
    key: str
    request_id: str
    since_ns: int
    after_trade_no: int  # paging: only trades with a larger number; 0 from the start
    limit: int


class AccountQuery(Message, frozen=True, gc=False, array_like=True, tag=True):
    key: str
    request_id: str


class InstrumentsQuery(Message, frozen=True, gc=False, array_like=True, tag=True):
    request_id: str


class DepthQuery(Message, frozen=True, gc=False, array_like=True, tag=True):
    request_id: str
    symbol: str


class HistoryQuery(Message, frozen=True, gc=False, array_like=True, tag=True):
    """The newest `limit` quotes, trades or book changes of a range, both ends inclusive. To page
    back through the range, ask again with the number of the oldest frame that came."""

    request_id: str
    channel: str  # CHANNEL_QUOTES, CHANNEL_TRADES or CHANNEL_BOOK
    symbol: str
    start_ns: int
    end_ns: int
    before: int  # only frames with a smaller number; 0: all
    limit: int


# --- answers -------------------------------------------------------------------------------


class OrderRecord(Message, frozen=True, gc=False, array_like=True, tag=True):
    """One order as the venue sees it. `status`: ACCEPTED TRIGGERED PARTIALLY_FILLED FILLED
    CANCELED EXPIRED REJECTED."""

    symbol: str
    client_order_id: str
    venue_order_id: str
    side: str
    type: str
    time_in_force: str
    status: str
    quantity: int
    filled: int
    price: int | None
    trigger_price: int | None
    reason: str
    ts_accepted: int
    ts_last: int


class TradeRecord(Message, frozen=True, gc=False, array_like=True, tag=True):
    """One execution of one of our orders. `trade_no` rises by one per execution of the account."""

    trade_no: int
    trade_id: str
    symbol: str
    client_order_id: str
    venue_order_id: str
    side: str
    quantity: int
    price: int
    fee: int  # mantissa at the fee currency's precision; negative is a rebate
    fee_currency: str
    liquidity: str  # "MAKER" | "TAKER"
    ts: int


class PositionTrade(TradeRecord, frozen=True, gc=False, array_like=True, tag=True):
    """An execution of a hedging account, with the position it is for."""

    position_id: str


class BalanceRecord(Message, frozen=True, gc=False, array_like=True, tag=True):
    currency: str
    total: int
    locked: int


class PositionRecord(Message, frozen=True, gc=False, array_like=True, tag=True):
    symbol: str
    signed_quantity: int


class InstrumentRecord(Message, frozen=True, gc=False, array_like=True, tag=True):
    """Decimals are text, as venues publish them; a bound that does not exist is empty text."""

    symbol: str
    kind: str  # "SPOT" | "PERPETUAL"; those with more to say have messages of their own
    base: str  # empty where what is traded is no currency
    quote: str
    settlement: str
    inverse: bool
    price_precision: int
    size_precision: int
    tick: str
    step: str
    multiplier: str
    min_quantity: str
    max_quantity: str
    margin_init: str
    margin_maint: str
    maker_fee: str
    taker_fee: str


class EquityRecord(InstrumentRecord, frozen=True, gc=False, array_like=True, tag=True):
    """`kind` is "EQUITY"."""

    isin: str  # empty where it is not stated


class DatedRecord(InstrumentRecord, frozen=True, gc=False, array_like=True, tag=True, kw_only=True):
    """What trades for a time. The records of the other kinds stay as short as they are."""

    activation_ns: int
    expiration_ns: int
    settled: int | None  # the settlement price, a mantissa; None while it is not settled


class CryptoFutureRecord(
    DatedRecord, frozen=True, gc=False, array_like=True, tag=True, kw_only=True
):
    """`kind` is "CRYPTO_FUTURE"; `base` is the underlying."""


class FutureRecord(DatedRecord, frozen=True, gc=False, array_like=True, tag=True, kw_only=True):
    """`kind` is "FUTURE"."""

    asset_class: str
    underlying: str
    exchange: str  # empty where it is not stated


class OptionRecord(DatedRecord, frozen=True, gc=False, array_like=True, tag=True, kw_only=True):
    """`kind` is "OPTION"."""

    asset_class: str
    underlying: str
    exchange: str  # empty where it is not stated
    option_kind: str  # "CALL" | "PUT"
    strike: str


class BinaryRecord(DatedRecord, frozen=True, gc=False, array_like=True, tag=True, kw_only=True):
    """`kind` is "BINARY_OPTION"."""

    asset_class: str
    outcome: str  # empty where it is not stated
    description: str


class SubmitAnswer(Message, frozen=True, gc=False, array_like=True, tag=True):
    """The order as it stood when the request had been processed, fills included in `order`."""

    request_id: str
    order: OrderRecord


class ModifyAnswer(Message, frozen=True, gc=False, array_like=True, tag=True):
    request_id: str
    order: OrderRecord


class CancelAnswer(Message, frozen=True, gc=False, array_like=True, tag=True):
    request_id: str
    order: OrderRecord


class BatchCancelAnswer(Message, frozen=True, gc=False, array_like=True, tag=True):
    """What each cancel would have been answered alone, in the order asked for."""

    request_id: str
    answers: "tuple[CancelAnswer | Refusal, ...]"


class CancelAllAnswer(Message, frozen=True, gc=False, array_like=True, tag=True):
    request_id: str
    canceled: int


class OrderQueryAnswer(Message, frozen=True, gc=False, array_like=True, tag=True):
    request_id: str
    order: OrderRecord | None  # None: the venue never had it
    trades: tuple[TradeRecord | PositionTrade, ...]


class OpenOrdersAnswer(Message, frozen=True, gc=False, array_like=True, tag=True):
    request_id: str
    orders: tuple[OrderRecord, ...]


class TradesAnswer(Message, frozen=True, gc=False, array_like=True, tag=True):
    request_id: str
    trades: tuple[TradeRecord | PositionTrade, ...]  # ascending trade_no
    more: bool


class AccountAnswer(Message, frozen=True, gc=False, array_like=True, tag=True):
    request_id: str
    account: str  # "SIM-001"
    type: str  # "CASH" | "MARGIN"
    balances: tuple[BalanceRecord, ...]
    positions: tuple[PositionRecord, ...]


class InstrumentsAnswer(Message, frozen=True, gc=False, array_like=True, tag=True):
    request_id: str
    instruments: tuple[
        InstrumentRecord
        | EquityRecord
        | CryptoFutureRecord
        | FutureRecord
        | OptionRecord
        | BinaryRecord,
        ...,
    ]


class DepthAnswer(Message, frozen=True, gc=False, array_like=True, tag=True):
    """`update`: the book's update number that this picture includes. Levels best first."""

    request_id: str
    symbol: str
    update: int
    bids: tuple[tuple[int, int], ...]
    asks: tuple[tuple[int, int], ...]


class HistoryAnswer(Message, frozen=True, gc=False, array_like=True, tag=True):
    """`frames` ascend, numbered by `seq` within their channel and symbol; `more`: the range has
    older ones."""

    request_id: str
    frames: "tuple[QuoteFrame | TradeFrame | BookFrame, ...]"
    more: bool


class Refusal(Message, frozen=True, gc=False, array_like=True, tag=True):
    """Body of every status but 200. `code` is stable; `retry_after_ns` > 0 with 418 and 429."""

    request_id: str
    code: str
    reason: str
    retry_after_ns: int = 0


# --- stream: client to venue ---------------------------------------------------------------


class Login(Message, frozen=True, gc=False, array_like=True, tag=True):
    key: str


class StreamSubscribe(Message, frozen=True, gc=False, array_like=True, tag=True):
    channel: str
    symbol: str  # "" for the user channel


class StreamUnsubscribe(Message, frozen=True, gc=False, array_like=True, tag=True):
    channel: str
    symbol: str


class Ping(Message, frozen=True, gc=False, array_like=True, tag=True):
    ts: int


# --- stream: venue to client ---------------------------------------------------------------


class LoggedIn(Message, frozen=True, gc=False, array_like=True, tag=True):
    account: str


class LoginRefused(Message, frozen=True, gc=False, array_like=True, tag=True):
    reason: str


class StreamSubscribed(Message, frozen=True, gc=False, array_like=True, tag=True):
    channel: str
    symbol: str


class StreamUnsubscribed(Message, frozen=True, gc=False, array_like=True, tag=True):
    channel: str
    symbol: str


class StreamRefused(Message, frozen=True, gc=False, array_like=True, tag=True):
    channel: str
    symbol: str
    reason: str


class Pong(Message, frozen=True, gc=False, array_like=True, tag=True):
    ts: int  # of the Ping


class Heartbeat(Message, frozen=True, gc=False, array_like=True, tag=True):
    ts: int


class QuoteFrame(Message, frozen=True, gc=False, array_like=True, tag=True):
    seq: int
    symbol: str
    bid: int
    ask: int
    bid_size: int
    ask_size: int
    ts: int


class TradeFrame(Message, frozen=True, gc=False, array_like=True, tag=True):
    seq: int
    symbol: str
    trade_id: str
    price: int
    quantity: int
    aggressor: str  # "BUY" | "SELL"
    ts: int


class BookFrame(Message, frozen=True, gc=False, array_like=True, tag=True):
    """Changed levels of one update: size 0 removes. `update` rises by one per frame of a book,
    across connections, and matches DepthAnswer.update."""

    seq: int
    symbol: str
    update: int
    bids: tuple[tuple[int, int], ...]
    asks: tuple[tuple[int, int], ...]
    ts: int


class DepthFrame(Message, frozen=True, gc=False, array_like=True, tag=True):
    """The DEPTH_LEVELS best levels of each side as they stand after book update `update`, best
    first. Sent on subscription, and whenever one of them has changed."""

    seq: int
    symbol: str
    update: int
    bids: tuple[tuple[int, int], ...]
    asks: tuple[tuple[int, int], ...]
    ts: int


class InstrumentFrame(Message, frozen=True, gc=False, array_like=True, tag=True):
    """An instrument's definition as it stands: on subscription, and whenever it is amended."""

    seq: int
    symbol: str
    instrument: InstrumentRecord | FutureRecord
    ts: int


class OrderFrame(Message, frozen=True, gc=False, array_like=True, tag=True):
    """`event`: ACCEPTED REJECTED TRIGGERED UPDATED CANCELED EXPIRED. Fills come as FillFrame."""

    seq: int
    event: str
    order: OrderRecord
    request_id: str | None
    due_post_only: bool
    ts: int


class FillFrame(Message, frozen=True, gc=False, array_like=True, tag=True):
    seq: int
    trade: TradeRecord | PositionTrade
    order: OrderRecord  # as it stands after this execution


class SettlementFrame(Message, frozen=True, gc=False, array_like=True, tag=True):
    """An expired instrument was settled: whatever the account held is closed at `price`. The
    instrument's record says so too, from then on."""

    seq: int
    symbol: str
    price: int
    ts: int


class BalanceFrame(Message, frozen=True, gc=False, array_like=True, tag=True):
    seq: int
    balances: tuple[BalanceRecord, ...]
    ts: int


Request = (
    SubmitRequest
    | QuoteSubmitRequest
    | PositionSubmit
    | ModifyRequest
    | CancelRequest
    | BatchCancelRequest
    | CancelAllRequest
    | OrderQuery
    | OpenOrdersQuery
    | TradesQuery
    | AccountQuery
    | InstrumentsQuery
    | DepthQuery
    | HistoryQuery
)
AnswerBody = (
    SubmitAnswer
    | ModifyAnswer
    | CancelAnswer
    | BatchCancelAnswer
    | CancelAllAnswer
    | OrderQueryAnswer
    | OpenOrdersAnswer
    | TradesAnswer
    | AccountAnswer
    | InstrumentsAnswer
    | DepthAnswer
    | HistoryAnswer
    | Refusal
)
ClientFrame = Login | StreamSubscribe | StreamUnsubscribe | Ping
VenueFrame = (
    LoggedIn
    | LoginRefused
    | StreamSubscribed
    | StreamUnsubscribed
    | StreamRefused
    | Pong
    | Heartbeat
    | QuoteFrame
    | TradeFrame
    | BookFrame
    | DepthFrame
    | InstrumentFrame
    | OrderFrame
    | FillFrame
    | BalanceFrame
    | SettlementFrame
)

AnyInstrumentRecord = (
    InstrumentRecord
    | EquityRecord
    | CryptoFutureRecord
    | FutureRecord
    | OptionRecord
    | BinaryRecord
)
PublicFrame = QuoteFrame | TradeFrame | BookFrame  # what a venue remembers
# What the decoders raise for bytes that are no message of theirs. Text that is no UTF-8 is not among
# msgspec's own errors.
NOT_A_MESSAGE: Final = (msgspec.DecodeError, UnicodeDecodeError)

# str: an identifier is text, whatever subclass of it the client holds
encode: Final = msgspec.msgpack.Encoder(enc_hook=str).encode
decode_request: Final = msgspec.msgpack.Decoder(Request).decode
decode_answer: Final = msgspec.msgpack.Decoder(AnswerBody).decode
decode_client_frame: Final = msgspec.msgpack.Decoder(ClientFrame).decode
decode_venue_frame: Final = msgspec.msgpack.Decoder(VenueFrame).decode
