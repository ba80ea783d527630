"""What begins and ends: activation, expiration, settlement."""

import pytest

from engine.model.currencies import BTC, USD
from engine.model.identifiers import InstrumentId
from engine.model.instruments import (
    AssetClass,
    BinaryOption,
    CryptoFuture,
    CryptoPerpetual,
    OptionContract,
    OptionKind,
)
from engine.model.values import Price, Quantity
from simulation.scheduler import Scheduler
from simulation.venue.enums import BUY, SELL, AccountType
from simulation.venue.exchange import Exchange
from simulation.venue.ledger import AccountSpec
from simulation.venue.orders import VenueRefusal

START_NS = 1_700_000_000_000_000_000
SECOND = 1_000_000_000
LIFE = {"activation_ns": START_NS + SECOND, "expiration_ns": START_NS + 10 * SECOND}

SPOT = CryptoPerpetual(
    id=InstrumentId("BTCUSD.SIM"),
    base_currency=BTC,
    quote_currency=USD,
    price_increment=Price("0.5"),
    size_increment=Quantity("1"),
)
FUTURE = CryptoFuture(
    id=InstrumentId("BTC-F.SIM"),
    underlying=BTC,
    quote_currency=USD,
    price_increment=Price("0.5"),
    size_increment=Quantity("1"),
    margin_init="0.1",
    margin_maint="0.05",
    **LIFE,
)
PUT = OptionContract(
    id=InstrumentId("BTC-P.SIM"),
    asset_class=AssetClass.CRYPTOCURRENCY,
    underlying="BTCUSD",
    option_kind=OptionKind.PUT,
    strike_price=Price("100"),
    quote_currency=USD,
    price_increment=Price("0.01"),
    multiplier=Quantity("10"),
    margin_init="0.1",
    margin_maint="0.05",
    **LIFE,
)
YES = BinaryOption(
    id=InstrumentId("YES.SIM"),
    asset_class=AssetClass.ALTERNATIVE,
    quote_currency=USD,
    price_increment=Price("0.001"),
    size_increment=Quantity("1"),
    margin_init="1",
    **LIFE,
)


class Venue:
    """All of them at one venue on a margin account of 10,000 USD, leverage 1, no fees."""

    def __init__(self, hedging: bool = False, **options) -> None:
        self.scheduler = Scheduler(START_NS)
        self.exchange = Exchange(
            "SIM",
            [SPOT, FUTURE, PUT, YES],
            AccountSpec(AccountType.MARGIN, {"USD": "10000"}, 1, hedging),
            lambda: self.scheduler.now_ns,
            self.scheduler.post,
            **options,
        )
        self.settled: list[tuple[str, int, int]] = []
        self.ended: list[tuple[str, str]] = []
        self.exchange.listen_to_orders(self)
        self._count = 0

    def on_order(self, event, order, request_id, due_post_only, ts) -> None:
        self.ended.append((event, order.reason))

    def on_fill(self, trade, order) -> None: ...

    def on_settlement(self, symbol, price, ts) -> None:
        self.settled.append((symbol, price, ts))

    def until(self, second: int) -> None:
        self.scheduler.run_until(START_NS + second * SECOND)

    def quote(self, symbol: str, bid: int, ask: int) -> None:
        book = self.exchange.books[symbol]
        self.exchange.floor.join(book, BUY, bid, 1_000)
        self.exchange.floor.join(book, SELL, ask, 1_000)
        self.exchange.floor.settle(book)

    def order(self, symbol: str, side: str, quantity: int, price: int | None = None, **more):
        self._count += 1
        kind = "MARKET" if price is None else "LIMIT"
        return self.exchange.submit(
            f"O-{self._count}", symbol, side, kind, "GTC", quantity, price, **more
        )

    @property
    def usd(self) -> tuple[int, int]:
        purse = self.exchange.ledger.purses["USD"]
        return purse.total, purse.locked


@pytest.fixture
def venue() -> Venue:
    return Venue()


@pytest.mark.parametrize("symbol", ["BTC-F", "BTC-P", "YES"])
def test_order_before_the_first_instant_and_from_the_last_one_on_is_refused(
    venue: Venue, symbol: str
) -> None:
    with pytest.raises(VenueRefusal, match="NOT_YET_ACTIVE"):
        venue.order(symbol, "BUY", 1, 100)
    venue.until(1)
    venue.order(symbol, "BUY", 1, 100)
    venue.until(10)
    with pytest.raises(VenueRefusal, match="CONTRACT_EXPIRED"):
        venue.order(symbol, "BUY", 1, 100)


def test_open_orders_are_cancelled_at_expiry_and_release_what_they_locked(venue: Venue) -> None:
    venue.until(1)
    venue.quote("BTC-F", 200, 210)
    venue.order("BTC-F", "BUY", 5, 190)
    assert venue.usd[1] > 0
    venue.until(10)

    assert venue.ended[-1] == ("CANCELED", "CONTRACT_EXPIRED")
    assert venue.usd == (10_000_00, 0)


def test_a_venue_whose_run_is_nearly_over_ends_nothing_any_more(venue: Venue) -> None:
    venue.until(1)
    venue.quote("BTC-F", 200, 210)
    venue.order("BTC-F", "BUY", 5, 190)
    venue.exchange.expiry.rest()
    venue.until(30)

    assert venue.exchange.expiry.settled == {}
    assert venue.usd[1] > 0  # the order still works


def test_book_is_told_once_more_at_expiry_so_that_a_stale_picture_shows(venue: Venue) -> None:
    told = []

    class Watcher:
        def on_book(self, symbol, update, bids, asks, ts) -> None:
            told.append((symbol, update))

        def on_order(self, *_) -> None: ...
        def on_fill(self, *_) -> None: ...
        def on_settlement(self, *_) -> None: ...
        def on_balances(self, *_) -> None: ...
        def on_trade(self, *_) -> None: ...
        def on_quote(self, *_) -> None: ...

    venue.exchange.listen(Watcher())
    venue.until(2)
    venue.quote("BTC-F", 99, 101)
    before = [update for symbol, update in told if symbol == "BTC-F"]
    venue.until(11)
    after = [update for symbol, update in told if symbol == "BTC-F"]
    assert len(after) > len(before)
    assert after[-1] == venue.exchange.books["BTC-F"].update > before[-1]


def test_future_is_settled_once_at_the_last_traded_price(venue: Venue) -> None:
    venue.until(1)
    venue.quote("BTC-F", 1000, 1050)  # 100.0 and 105.0: prices have one decimal
    venue.order("BTC-F", "BUY", 4)
    venue.exchange.floor.hit(venue.exchange.books["BTC-F"], SELL, 1, None)  # at 1000
    venue.until(60)

    assert venue.settled == [("BTC-F", 1000, START_NS + 10 * SECOND)]
    assert venue.usd == (10_000_00 - 4 * 5_00, 0)
    truth = venue.exchange.truth()
    assert truth.positions == ()
    assert [(each.instrument_id, each.price_raw) for each in truth.settlements] == [
        ("BTC-F.SIM", 100 * 10**16)
    ]


def test_fill_at_the_very_instant_of_expiry_still_counts(venue: Venue) -> None:
    venue.until(1)
    venue.quote("BTC-F", 1000, 1050)
    venue.order("BTC-F", "BUY", 4, 1010)
    book = venue.exchange.books["BTC-F"]
    at = START_NS + 10 * SECOND
    venue.scheduler.post(at, lambda: venue.exchange.floor.hit(book, SELL, 4, None) and None)

    venue.until(60)

    assert venue.exchange.orders["O-1"].filled == 4
    assert venue.settled == [("BTC-F", 1010, at)]


def test_put_is_settled_in_cash_by_what_its_underlying_stands_at(venue: Venue) -> None:
    venue.until(1)
    venue.quote("BTC-P", 200, 210)
    venue.order("BTC-P", "BUY", 2)  # pays 2 x 10 x 2.10
    assert venue.usd[0] == 10_000_00 - 42_00
    venue.until(10)
    assert venue.settled == []  # the underlying has no price: nothing is dropped

    venue.quote("BTCUSD", 920, 930)  # 92.5 in the middle: the put is worth 7.5
    venue.until(20)

    assert venue.settled == [("BTC-P", 750, START_NS + 11 * SECOND)]
    assert venue.usd == (10_000_00 - 42_00 + 150_00, 0)


def test_option_out_of_the_money_is_settled_at_nothing(venue: Venue) -> None:
    venue.until(1)
    venue.quote("BTCUSD", 1200, 1210)
    venue.quote("BTC-P", 200, 210)
    venue.order("BTC-P", "SELL", 2)  # takes in 2 x 10 x 2.00
    venue.until(10)

    assert venue.settled == [("BTC-P", 0, START_NS + 10 * SECOND)]
    assert venue.usd == (10_000_00 + 40_00, 0)


@pytest.mark.parametrize(("last", "pays"), [(499, 0), (500, 1000), (900, 1000)])
def test_binary_option_is_resolved_a_little_later_to_nothing_or_one(
    venue: Venue, last: int, pays: int
) -> None:
    venue.until(1)
    venue.quote("YES", last - 1, last)
    venue.order("YES", "BUY", 10)
    paid = venue.usd[0]
    venue.until(11)
    assert venue.settled == []
    venue.until(12)

    assert venue.settled == [("YES", pays, START_NS + 12 * SECOND)]
    assert venue.usd[0] - paid == 10 * pays // 10


def test_stated_settlement_price_comes_before_the_market() -> None:
    venue = Venue(settlement_prices={"BTC-F": "50.5"})
    venue.until(1)
    venue.quote("BTC-F", 1000, 1050)
    venue.until(10)

    assert venue.settled == [("BTC-F", 505, START_NS + 10 * SECOND)]


@pytest.mark.parametrize("stated", [{"BTCUSD": "1"}, {"NOTHING": "1"}, {"BTC-F": "1.25"}])
def test_settlement_price_that_cannot_be_is_refused(stated) -> None:
    with pytest.raises(ValueError):
        Venue(settlement_prices=stated)


def test_positions_kept_apart_are_settled_each() -> None:
    venue = Venue(hedging=True)
    venue.until(1)
    venue.quote("BTC-F", 1000, 1050)
    venue.order("BTC-F", "BUY", 4)
    venue.order("BTC-F", "SELL", 3)  # the last trade: settled at 100.0
    venue.until(10)

    assert [held.signed for held in venue.exchange.ledger.hedged.values()] == [0, 0]
    assert venue.usd == (10_000_00 - 20_00, 0)


def test_halt_neither_opens_what_has_not_begun_nor_what_is_over(venue: Venue) -> None:
    for at in (0, 10):
        venue.until(at)
        venue.exchange.halt("BTC-F")
        venue.exchange.resume("BTC-F")
        with pytest.raises(VenueRefusal, match=r"NOT_YET_ACTIVE|CONTRACT_EXPIRED"):
            venue.order("BTC-F", "BUY", 1, 100)


# --- what is paid at once -----------------------------------------------------------------------


def test_bought_option_locks_and_pays_its_premium_a_sold_one_a_margin(venue: Venue) -> None:
    venue.until(1)
    venue.quote("BTC-P", 200, 210)
    venue.order("BTC-P", "BUY", 3, 190)
    assert venue.usd == (10_000_00, 57_00)  # 3 x 10 x 1.90
    venue.order("BTC-P", "SELL", 3, 220)
    assert venue.usd == (10_000_00, 57_00 + 6_60)  # a tenth of 3 x 10 x 2.20


def test_premium_that_the_account_cannot_pay_is_refused(venue: Venue) -> None:
    venue.until(1)
    venue.quote("BTC-P", 9_000, 10_000)
    with pytest.raises(VenueRefusal, match="INSUFFICIENT_BALANCE"):
        venue.order("BTC-P", "BUY", 11)
    venue.order("BTC-P", "BUY", 10)
    assert venue.usd[0] == 0
