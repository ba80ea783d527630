"""The seeded market: lively, two-sided, integer, and moved by its own stream only."""

import pytest

from engine.model.currencies import BTC, USDT
from engine.model.identifiers import InstrumentId
from engine.model.instruments import CurrencyPair
from engine.model.values import Price, Quantity
from simulation.entropy import SeededEntropy, TapeEntropy
from simulation.market.seeded import SeededMarket
from simulation.scheduler import Scheduler
from simulation.venue.enums import AccountType
from simulation.venue.exchange import Exchange
from simulation.venue.ledger import AccountSpec

SECOND_NS = 1_000_000_000
SYMBOL = "BTC/USDT"
INSTRUMENT = CurrencyPair(
    id=InstrumentId(f"{SYMBOL}.SIM"),
    base_currency=BTC,
    quote_currency=USDT,
    price_increment=Price("0.05"),
    size_increment=Quantity("0.002"),
)


class Sea:
    def __init__(self, market: SeededMarket, entropy) -> None:
        self.scheduler = Scheduler(1_700_000_000 * SECOND_NS)
        self.exchange = Exchange(
            "SIM",
            [INSTRUMENT],
            AccountSpec(AccountType.CASH, {"BTC": "100", "USDT": "10000000"}),
            lambda: self.scheduler.now_ns,
            self.scheduler.post,
        )
        self.book = self.exchange.books[SYMBOL]
        self.told: list[tuple] = []
        self.exchange.listen(self)
        self.flow = market.start(self.exchange, SYMBOL, entropy.stream("market"))

    def run(self, seconds: int) -> None:
        self.scheduler.run_until(self.scheduler.now_ns + seconds * SECOND_NS)

    def on_order(self, *args) -> None: ...

    def on_fill(self, *args) -> None: ...

    def on_balances(self, *args) -> None: ...

    def on_trade(self, *args) -> None:
        self.told.append(("TRADE", *args))

    def on_book(self, *args) -> None:
        self.told.append(("BOOK", *args))

    def on_quote(self, *args) -> None:
        self.told.append(("QUOTE", *args))


def sea(seed: int = 1, **options) -> Sea:
    return Sea(SeededMarket(**options), SeededEntropy(seed))


def test_same_seed_tells_the_same_story_and_another_seed_another() -> None:
    stories = []
    for seed in (1, 1, 2):
        world = sea(seed)
        world.run(30)
        stories.append(world.told)
    assert stories[0] == stories[1] != stories[2]


def test_book_is_filled_on_both_sides_at_once() -> None:
    world = sea()
    _, bids, asks = world.book.depth()
    assert len(bids) >= 3 and len(asks) >= 3
    assert bids[0][0] < asks[0][0]


def test_market_steps_two_to_four_times_a_second_and_trades_regularly() -> None:
    world = sea()
    world.run(60)
    trades = sum(1 for entry in world.told if entry[0] == "TRADE")
    assert 120 <= world.flow.steps <= 240
    assert trades >= 60


@pytest.mark.parametrize("seed", range(5))
def test_book_is_never_crossed_and_no_side_stays_empty(seed) -> None:
    world = sea(seed)
    empty = longest = levels = 0
    for _ in range(400):
        world.flow.step()
        bid, ask = world.book.best_bid(), world.book.best_ask()
        if bid is None or ask is None:
            empty += 1
            longest = max(longest, empty)
            continue
        empty = 0
        assert bid < ask
        levels += len(world.book.bids.prices) + len(world.book.asks.prices)
    assert longest <= 2
    assert levels // 800 >= 4


def test_prices_and_sizes_stay_on_the_grid() -> None:
    world = sea(3, lot_steps=3)
    world.run(30)
    for entry in world.told:
        if entry[0] == "TRADE":
            assert entry[3] % 5 == 0 and entry[4] % 2 == 0
    for side in world.book.depth()[1:]:
        assert all(price % 5 == 0 and size % 6 == 0 for price, size in side)


@pytest.mark.parametrize("side", ["BUY", "SELL"])
def test_our_order_at_the_touch_gets_filled_by_the_others(side) -> None:
    filled = 0
    for seed in range(6):
        world = sea(seed)
        price = world.book.best_bid() if side == "BUY" else world.book.best_ask()
        world.exchange.submit("O", SYMBOL, side, "LIMIT", "GTC", 10, price)
        world.run(60)
        filled += world.exchange.order_record("O").filled > 0
    assert filled >= 3


def test_dullest_choices_hold_the_market_still() -> None:
    world = Sea(SeededMarket(), TapeEntropy({}))
    before = world.book.depth()
    world.told.clear()
    world.run(10)
    assert (world.book.depth(), world.told) == (before, [])


def test_zero_volatility_keeps_the_fair_price() -> None:
    world = sea(volatility_bps=0)
    world.run(60)
    assert world.flow.fair_ticks == 10_000


def test_volatility_is_a_deviation_per_minute() -> None:
    squares = 0
    for seed in range(40):
        world = sea(seed)
        world.run(60)
        squares += (world.flow.fair_ticks - 10_000) ** 2
    # 20 bps of 10,000 ticks is 20 ticks; whole-tick steps and 40 samples leave some slack
    assert 12**2 <= squares // 40 <= 32**2


def test_opening_price_is_taken_from_the_scenario() -> None:
    world = sea(prices={SYMBOL: "40000.00"})
    assert world.flow.fair_ticks == 800_000
    assert abs(world.book.best_bid() - 4_000_000) < 40_000


def test_stopped_market_moves_no_more_and_keeps_its_book() -> None:
    world = sea()
    world.run(5)
    world.flow.stop()
    before = world.book.depth()
    world.run(30)
    assert world.book.depth() == before


def test_halted_market_does_not_move_the_book() -> None:
    world = sea()
    world.exchange.halt(SYMBOL)
    world.told.clear()
    world.run(5)
    assert [entry for entry in world.told if entry[0] == "TRADE"] == []
    world.exchange.resume(SYMBOL)
    world.run(10)
    assert [entry for entry in world.told if entry[0] == "TRADE"] != []


@pytest.mark.parametrize(
    "options", [{"volatility_bps": -1}, {"interval_ms": 0}, {"levels": 0}, {"lot_steps": 0}]
)
def test_impossible_market_is_refused(options) -> None:
    with pytest.raises(ValueError):
        SeededMarket(**options)


def test_opening_price_too_low_for_its_levels_is_refused() -> None:
    with pytest.raises(ValueError, match="too low"):
        sea(prices={SYMBOL: "1.00"})
