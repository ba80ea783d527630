"""The market and the strategies that the backtests are measured with.

The quotes, the instrument and what the strategies do are those of the peer's script, so that a
ratio compares the same work.
"""

from engine.journal.port import Journal
from engine.model.currencies import AUD, USD
from engine.model.data import F_LAST, OrderBookDelta, OrderBookDeltas, QuoteTick
from engine.model.enums import BUY, SELL, AccountType, BookAction
from engine.model.identifiers import InstrumentId
from engine.model.instruments import CurrencyPair
from engine.model.orders import Order
from engine.model.values import Money, Price, Quantity
from engine.strategy import Strategy
from simulation.backtest import Backtest
from simulation.scenario import Venue

T0 = 1_700_000_000_000_000_000
QUOTE_EVERY_NS = 1_000_000
AUDUSD = CurrencyPair(
    id=InstrumentId("AUD/USD.SIM"),
    base_currency=AUD,
    quote_currency=USD,
    price_increment=Price.from_str("0.00001"),
    size_increment=Quantity.from_int(1),
    lot_size=Quantity.from_int(1_000),
    min_quantity=Quantity.from_int(1_000),
    max_quantity=Quantity.from_int(10_000_000),
    min_notional=Money("1000.00", USD),
    max_notional=Money("50000000.00", USD),
    margin_init="0.03",
    margin_maint="0.03",
    maker_fee="0.00002",
    taker_fee="0.00002",
)


def make_quotes(n: int) -> list[QuoteTick]:
    """`n` quotes, a millisecond apart: a deterministic walk around 0.70000 / 0.70002."""
    instrument_id = AUDUSD.id
    quotes = []
    x = 12345
    mid = 70_000
    for ts in range(T0, T0 + n * QUOTE_EVERY_NS, QUOTE_EVERY_NS):
        x = (x * 1103515245 + 12345) & 0x7FFFFFFF
        mid += ((x >> 16) % 5) - 2
        if not 60_000 <= mid <= 80_000:
            mid = 60_000 if mid < 60_000 else 80_000
        quotes.append(QuoteTick(instrument_id, mid, mid + 2, 1_000_000, 1_000_000, 5, 0, ts, ts))
    return quotes


def make_deltas(n: int, levels: int = 20) -> list[OrderBookDeltas]:
    """`n` changes of a book of `levels` levels a side, each an event of its own: a level is added
    first, then updated, and now and then deleted and added again."""
    instrument_id = AUDUSD.id
    shown: set[tuple[bool, int]] = set()
    batches = []
    x = 777
    for number in range(n):
        x = (x * 1103515245 + 12345) & 0x7FFFFFFF
        draw = x >> 8
        is_bid = bool(draw & 1)
        level = (draw >> 1) % levels
        price = 70_000 - level if is_bid else 70_002 + level
        size = 1_000 + draw % 9_000
        action = BookAction.UPDATE
        if (is_bid, price) not in shown:
            action = BookAction.ADD
            shown.add((is_bid, price))
        elif (draw >> 12) % 8 == 0 and level:
            action, size = BookAction.DELETE, 0
            shown.remove((is_bid, price))
        ts = T0 + number * QUOTE_EVERY_NS
        delta = OrderBookDelta(action, BUY if is_bid else SELL, price, size, F_LAST, number)
        batches.append(OrderBookDeltas(instrument_id, (delta,), 5, 0, ts, ts))
    return batches


class NoopQuotes(Strategy):
    """Counts quotes and looks each up in the cache."""

    def __init__(self) -> None:
        super().__init__()
        self.n = 0

    def on_start(self) -> None:
        self.subscribe_quote_ticks(AUDUSD.id)

    def on_quote_tick(self, tick: QuoteTick) -> None:
        self.n += 1
        if self.cache.quote_tick(AUDUSD.id) is not tick:
            raise RuntimeError("the cache lags behind the quote")


class BookWatcher(Strategy):
    """Counts changes of the book."""

    def __init__(self) -> None:
        super().__init__()
        self.n = 0

    def on_start(self) -> None:
        self.subscribe_order_book_deltas(AUDUSD.id)

    def on_order_book_deltas(self, deltas: OrderBookDeltas) -> None:
        self.n += 1


class OrderMaker(Strategy):
    """A market order every `every` quotes, sides alternating, and a far limit order every
    `every` quotes, cancelled five quotes later."""

    def __init__(self, every: int = 10) -> None:
        super().__init__()
        self.n = 0
        self.every = every
        self.orders = 0
        self.events = 0
        self.side = BUY
        self.pending: Order | None = None
        self.size = Quantity.from_int(10_000)
        self.offset = Price.from_str("0.01000")

    def on_start(self) -> None:
        self.subscribe_quote_ticks(AUDUSD.id)

    def on_event(self, event: object) -> None:
        self.events += 1

    def on_quote_tick(self, tick: QuoteTick) -> None:
        n = self.n = self.n + 1
        k = n % self.every
        if k == 0:
            order = self.order_factory.market(AUDUSD.id, self.side, self.size)
            self.side = SELL if self.side is BUY else BUY
            self.orders += 1
            self.submit_order(order)
        elif k == 3:
            price = tick.bid_price - self.offset
            order = self.order_factory.limit(AUDUSD.id, BUY, self.size, price)
            self.pending = order
            self.orders += 1
            self.submit_order(order)
        elif k == 8 and self.pending is not None:
            self.cancel_order(self.pending)
            self.pending = None


def make_backtest(strategy: Strategy, journal: Journal | None = None) -> Backtest:
    """A margin account of a million dollars at leverage 10; positions net."""
    venue = Venue(
        "SIM",
        instruments=[AUDUSD],
        account=AccountType.MARGIN,
        balances={"USD": "1000000"},
        leverage=10,
    )
    return Backtest(venue, [strategy], trader_id="BENCH-001", start_ns=T0, journal=journal)
