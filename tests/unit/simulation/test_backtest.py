"""A backtest: the venue acts on each datum, then the kernel hears of it; waiting quotes do not show."""

import random
from collections.abc import Callable, Sequence

import pytest

from engine.model.currencies import AUD, USD
from engine.model.data import (
    F_LAST,
    F_SNAPSHOT,
    OrderBookDelta,
    OrderBookDeltas,
    QuoteTick,
    TradeTick,
)
from engine.model.enums import (
    BUY,
    SELL,
    AccountType,
    AggressorSide,
    BookAction,
    OrderSide,
    TimeInForce,
)
from engine.model.events import OrderCanceled, OrderFilled, OrderRejected
from engine.model.identifiers import InstrumentId, TradeId
from engine.model.instruments import CurrencyPair
from engine.model.orders import Order
from engine.model.values import Price, Quantity
from engine.strategy import Strategy
from simulation.backtest import Backtest, LatencyModel, Result, Touch
from simulation.market.ticks import Datum
from simulation.scenario import MakerTaker, Venue

MS = 1_000_000
PAIR = CurrencyPair(
    id=InstrumentId("AUD/USD.SIM"),
    base_currency=AUD,
    quote_currency=USD,
    price_increment=Price.from_str("0.001"),
    size_increment=Quantity.from_int(1),
)


def quote(at_ms: int, bid: int, ask: int, size: int = 100) -> QuoteTick:
    return QuoteTick(PAIR.id, bid, ask, size, size, 3, 0, at_ms * MS, at_ms * MS)


def trade(at_ms: int, price: int, size: int, aggressor: AggressorSide) -> TradeTick:
    name = TradeId(f"T{at_ms}")
    return TradeTick(PAIR.id, price, size, 3, 0, aggressor, name, at_ms * MS, at_ms * MS)


class Scripted(Strategy):
    """Does at the n-th quote (from 1) what the script says, and notes every event."""

    def __init__(self, script: dict[int, "Act"]) -> None:
        super().__init__()
        self.script = script
        self.quotes = 0
        self.seen: list[object] = []
        self.orders: list[Order] = []

    def on_start(self) -> None:
        self.subscribe_quote_ticks(PAIR.id)

    def on_event(self, event: object) -> None:
        self.seen.append(event)

    def on_quote_tick(self, tick: QuoteTick) -> None:
        self.quotes += 1
        action = self.script.get(self.quotes)
        if action is not None:
            action(self)

    def enter(self, order: Order) -> None:
        self.orders.append(order)
        self.submit_order(order)


Act = Callable[[Scripted], object]


def limit(side: OrderSide, size: int, price: int) -> Act:
    def act(strategy: Scripted) -> None:
        quantity, at = Quantity.from_int(size), Price.from_mantissa(price, 3)
        strategy.enter(strategy.order_factory.limit(PAIR.id, side, quantity, at))

    return act


def market(side: OrderSide, size: int) -> Act:
    def act(strategy: Scripted) -> None:
        strategy.enter(strategy.order_factory.market(PAIR.id, side, Quantity.from_int(size)))

    return act


def stop(side: OrderSide, size: int, trigger: int) -> Act:
    def act(strategy: Scripted) -> None:
        quantity, at = Quantity.from_int(size), Price.from_mantissa(trigger, 3)
        strategy.enter(strategy.order_factory.stop_market(PAIR.id, side, quantity, at))

    return act


def cancel(index: int) -> Act:
    return lambda strategy: strategy.cancel_order(strategy.orders[index])


def run(
    script: dict[int, Act],
    data: Sequence[Datum],
    latency: LatencyModel | None = None,
    fees: MakerTaker | None = None,
) -> tuple[Scripted, Result]:
    strategy = Scripted(script)
    venue = Venue("SIM", [PAIR], fees, AccountType.MARGIN, {"USD": "1000000"})
    return strategy, Backtest(venue, [strategy], latency=latency).run(data)


def fills(strategy: Scripted) -> list[tuple[int, int]]:
    """(millisecond, price mantissa) of each fill."""
    return [
        (event.ts_event // MS, event.last_px.mantissa)
        for event in strategy.seen
        if isinstance(event, OrderFilled)
    ]


def test_a_market_order_trades_with_the_quote_in_hand() -> None:
    strategy, _ = run({2: market(BUY, 10)}, [quote(1, 700, 702), quote(2, 710, 712)])
    assert fills(strategy) == [(2, 712)]


def test_what_is_not_shown_is_not_traded() -> None:
    strategy, _ = run({1: market(BUY, 150)}, [quote(1, 700, 702, 100)])
    assert fills(strategy) == [(1, 702)]
    assert strategy.orders[0].filled_qty == 100
    assert isinstance(strategy.seen[-1], OrderCanceled)


def test_a_far_limit_order_waits_until_a_quote_meets_it() -> None:
    data = [quote(1, 700, 702), quote(2, 690, 692), quote(3, 680, 682), quote(4, 670, 672)]
    strategy, _ = run({1: limit(BUY, 10, 675)}, data)
    assert fills(strategy) == [(4, 675)]


def test_a_quote_at_the_very_price_of_a_resting_order_meets_it() -> None:
    strategy, _ = run({1: limit(SELL, 10, 705)}, [quote(1, 700, 702), quote(2, 705, 707)])
    assert fills(strategy) == [(2, 705)]


def test_a_quote_one_tick_short_of_a_resting_order_leaves_it() -> None:
    strategy, _ = run({1: limit(SELL, 10, 705)}, [quote(1, 700, 702), quote(2, 704, 706)])
    assert fills(strategy) == []


def test_a_trade_through_a_resting_order_fills_it_behind_what_is_shown() -> None:
    data: list[QuoteTick | TradeTick] = [quote(1, 700, 702, 100)]
    data.append(trade(2, 700, 105, AggressorSide.SELLER))
    strategy, _ = run({1: limit(BUY, 10, 700)}, data)
    assert fills(strategy) == [(2, 700)]
    assert strategy.orders[0].filled_qty == 5


@pytest.mark.parametrize(("side", "trigger"), [(BUY, 705), (SELL, 697)])
def test_a_stop_is_triggered_by_the_first_quote_that_touches_it(
    side: OrderSide, trigger: int
) -> None:
    step = 1 if side is BUY else -1
    data = [quote(1 + n, 700 + n * step, 702 + n * step) for n in range(6)]
    strategy, _ = run({1: stop(side, 10, trigger)}, data)
    assert fills(strategy) == [(4, trigger)]


def test_a_leaving_order_does_not_trigger_a_stop_by_a_market_that_is_gone() -> None:
    """Quote 1's ask is used up, so our 705 is the best ask until a new quote comes. When it
    leaves, only the waiting quote stands between the stop and our order at 710."""
    script = {
        1: lambda strategy: [
            limit(SELL, 10, 705)(strategy),
            limit(SELL, 10, 710)(strategy),
            stop(BUY, 10, 708)(strategy),
            market(BUY, 100)(strategy),
        ],
        3: cancel(0),
    }
    strategy, _ = run(script, [quote(1, 700, 702, 100), quote(2, 699, 701), quote(3, 698, 700)])
    assert fills(strategy) == [(1, 702)]
    assert strategy.orders[2].is_open


def test_a_modified_order_meets_the_market_as_it_is_now() -> None:
    def reprice(strategy: Scripted) -> None:
        strategy.modify_order(strategy.orders[0], price=Price.from_mantissa(695, 3))

    data = [quote(1, 700, 702), quote(2, 694, 696), quote(3, 693, 694)]
    strategy, _ = run({1: limit(BUY, 10, 650), 3: reprice}, data)
    assert fills(strategy) == [(3, 694)]


def test_a_command_acts_when_its_latency_is_over() -> None:
    data = [quote(1, 700, 702), quote(2, 710, 712), quote(9, 720, 722)]
    strategy, _ = run({1: market(BUY, 10)}, data, LatencyModel(insert_ns=5 * MS))
    assert fills(strategy) == [(6, 712)]


def test_the_venues_own_fees_replace_the_instruments() -> None:
    strategy, _ = run(
        {1: market(BUY, 100)}, [quote(1, 700, 702)], fees=MakerTaker("0.0002", "0.0100")
    )
    (fill,) = [event for event in strategy.seen if isinstance(event, OrderFilled)]
    assert str(fill.commission) == "0.70 USD"


def test_data_that_goes_back_in_time_is_refused() -> None:
    with pytest.raises(ValueError, match="goes back"):
        run({}, [quote(2, 700, 702), quote(1, 700, 702)])


# --- waiting quotes ---------------------------------------------------------------------------


class Eager(Touch):
    """Lays every quote at once: what `Touch` must not differ from."""

    __slots__ = ()

    def on_quote(self, quote: QuoteTick) -> None:
        super().on_quote(quote)
        self.lay()

    def _is_noticed(self, quote: QuoteTick) -> bool:
        return True  # so that everybody leaves, joins and is settled anew


class Restless(Strategy):
    """Every kind of order near the market, changed and cancelled at random."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.draw = random.Random(seed)
        self.seen: list[tuple[object, ...]] = []
        self.live: list[Order] = []

    def on_start(self) -> None:
        self.subscribe_quote_ticks(PAIR.id)

    def on_event(self, event: object) -> None:
        what: list[object] = [type(event).__name__]
        what += [
            str(getattr(event, name, ""))
            for name in ("client_order_id", "ts_init", "last_qty", "last_px", "reason", "quantity")
        ]
        self.seen.append(tuple(what))

    def on_quote_tick(self, tick: QuoteTick) -> None:
        draw = self.draw
        make = self.order_factory
        side = draw.choice((BUY, SELL))
        size = Quantity.from_int(draw.choice((1, 40, 250)))
        away = draw.choice((-2, 0, 1, 3, 9))
        near = Price.from_mantissa(
            tick.bid_mantissa - away if side is BUY else tick.ask_mantissa + away, 3
        )
        beyond = Price.from_mantissa(
            tick.ask_mantissa + away if side is BUY else tick.bid_mantissa - away, 3
        )
        kind = draw.randrange(16)
        if kind == 0:
            order = make.market(PAIR.id, side, size, reduce_only=draw.random() < 0.3)
        elif kind < 4:
            tif = draw.choice((TimeInForce.GTC, TimeInForce.GTC, TimeInForce.IOC))
            order = make.limit(PAIR.id, side, size, near, tif)
        elif kind == 4:
            ends = tick.ts_init + draw.choice((5, 50)) * MS
            order = make.limit(PAIR.id, side, size, near, TimeInForce.GTD, ends)
        elif kind == 5:
            order = make.stop_market(PAIR.id, side, size, beyond)
        elif kind == 6:
            order = make.stop_limit(PAIR.id, side, size, near, beyond)
        elif kind < 9 and self.live:
            order = draw.choice(self.live)
            if kind == 7:
                self.cancel_order(order)
            else:
                self.modify_order(order, size, None if order.price is None else near)
            return
        else:
            return
        self.live = [*self.live[-9:], order]
        self.submit_order(order)


def restless_market(seed: int, n: int) -> list[QuoteTick | TradeTick]:
    draw = random.Random(seed)
    data: list[QuoteTick | TradeTick] = []
    middle = 1_000
    for i in range(n):
        middle += draw.randrange(5) - 2
        crossed = draw.random() < 0.02
        bid = 0 if draw.random() < 0.02 else middle + (2 if crossed else 0)
        ask = 0 if draw.random() < 0.02 else middle + 1 + draw.randrange(3)
        data.append(quote(10 * i + 1, bid, ask, draw.choice((0, 30, 100))))
        if draw.random() < 0.3:
            side = draw.choice((AggressorSide.BUYER, AggressorSide.SELLER))
            price = middle + draw.randrange(5) - 2
            data.append(trade(10 * i + 2, price, draw.choice((10, 500)), side))
    return data


@pytest.mark.parametrize("latency_ms", [0, 15])
@pytest.mark.parametrize("seed", range(3))
def test_quotes_that_wait_change_nothing_that_a_strategy_can_see(
    seed: int, latency_ms: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def observe() -> tuple[list[tuple[object, ...]], list[str]]:
        strategy = Restless(seed)
        venue = Venue("SIM", [PAIR], None, AccountType.MARGIN, {"USD": "1000000"})
        delay_ns = latency_ms * MS
        backtest = Backtest(
            venue,
            [strategy],
            latency=LatencyModel(delay_ns, delay_ns, delay_ns),
        )
        result = backtest.run(restless_market(seed, 500))
        accounts = [str(account.last_event) for account in result.kernel.cache.accounts()]
        return strategy.seen, accounts

    lazy = observe()
    assert len([seen for seen in lazy[0] if seen[0] == "OrderFilled"]) > 20
    monkeypatch.setattr("simulation.backtest.Touch", Eager)
    assert observe() == lazy


def test_an_order_that_finds_nobody_is_refused() -> None:
    strategy, _ = run({1: market(BUY, 10)}, [quote(1, 700, 0)])
    assert isinstance(strategy.seen[-1], OrderRejected)


def test_a_side_quoted_with_size_zero_is_empty() -> None:
    nobody_offers = QuoteTick(PAIR.id, 700, 702, 100, 0, 3, 0, MS, MS)
    strategy, _ = run({1: market(BUY, 10)}, [nobody_offers])
    assert isinstance(strategy.seen[-1], OrderRejected)


# --- a recorded book -----------------------------------------------------------------------


def delta(at_ms: int, side: OrderSide, price: int, size: int) -> OrderBookDeltas:
    action = BookAction.UPDATE if size else BookAction.DELETE
    change = OrderBookDelta(action, side, price, size, F_LAST, at_ms)
    return OrderBookDeltas(PAIR.id, (change,), 3, 0, at_ms * MS, at_ms * MS)


def image(at_ms: int, *levels: tuple[OrderSide, int, int]) -> OrderBookDeltas:
    changes = [OrderBookDelta(BookAction.CLEAR, None, 0, 0, F_SNAPSHOT, at_ms)]
    changes += [
        OrderBookDelta(BookAction.ADD, side, price, size, F_SNAPSHOT | F_LAST, at_ms)
        for side, price, size in levels
    ]
    return OrderBookDeltas(PAIR.id, tuple(changes), 3, 0, at_ms * MS, at_ms * MS)


def test_an_order_sweeps_the_levels_of_a_recorded_book_in_order() -> None:
    book = image(1, (BUY, 990, 50), (SELL, 1000, 20), (SELL, 1001, 20))
    strategy, _ = run({1: market(BUY, 30)}, [book, quote(2, 990, 1000)])
    assert fills(strategy) == [(2, 1000), (2, 1001)]
    assert strategy.orders[0].filled_qty == 30


def test_quotes_beside_a_recorded_book_move_nothing_at_the_venue() -> None:
    data = [image(1, (BUY, 990, 50), (SELL, 1000, 20)), quote(2, 890, 900)]
    strategy, _ = run({1: market(BUY, 5)}, data)
    assert fills(strategy) == [(2, 1000)]


def test_who_stood_at_the_touch_of_a_quote_leaves_when_a_book_is_recorded() -> None:
    data = [quote(1, 900, 901), image(2, (BUY, 990, 50), (SELL, 1000, 20)), quote(3, 1, 2)]
    strategy, _ = run({2: market(BUY, 5)}, data)
    assert fills(strategy) == [(3, 1000)]


def test_a_level_that_moves_through_our_order_fills_it_at_its_price() -> None:
    data = [
        image(1, (BUY, 990, 50), (SELL, 1000, 20)),
        quote(2, 990, 1000),
        delta(3, SELL, 994, 20),
    ]
    strategy, _ = run({1: limit(BUY, 5, 995)}, data)
    assert fills(strategy) == [(3, 995)]


def test_the_kernel_sees_the_book_that_the_venue_shows() -> None:
    class Reader(Scripted):
        def on_start(self) -> None:
            self.subscribe_order_book_deltas(PAIR.id)

        def on_order_book_deltas(self, deltas: OrderBookDeltas) -> None:
            book = self.cache.order_book(PAIR.id)
            self.seen.append((book.bids(), book.asks()))

    strategy = Reader({})
    backtest = Backtest(Venue("SIM", [PAIR]), [strategy])
    backtest.run([image(1, (BUY, 990, 50), (SELL, 1000, 20)), delta(2, BUY, 991, 7)])
    shown = backtest.exchange.books[PAIR.id.symbol].depth()
    assert strategy.seen[-1] == ([(991, 7), (990, 50)], [(1000, 20)])
    assert (list(shown[1]), list(shown[2])) == strategy.seen[-1]
