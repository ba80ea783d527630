"""A venue on a table: its clock is a number, its frames are a list, others trade when told to."""

from collections.abc import Callable, Mapping

import pytest

from engine.model.currencies import BTC, USD, USDT
from engine.model.identifiers import InstrumentId
from engine.model.instruments import CryptoPerpetual, CurrencyPair
from engine.model.values import Price, Quantity
from simulation.scheduler import Scheduler
from simulation.venue.enums import BUY, SELL, AccountType
from simulation.venue.exchange import Exchange
from simulation.venue.ledger import AccountSpec
from simulation.venue.protocol import OrderRecord

START_NS = 1_700_000_000_000_000_000  # 14 November 2023, 22:13:20 UTC

# price 2 decimals, size 3 decimals; USDT and BTC have 8
SPOT = CurrencyPair(
    id=InstrumentId("BTC/USDT.SIM"),
    base_currency=BTC,
    quote_currency=USDT,
    price_increment=Price("0.05"),
    size_increment=Quantity("0.002"),
    min_quantity=Quantity("0.004"),
    max_quantity=Quantity("100.000"),
    maker_fee="0.0002",
    taker_fee="0.0004",
)
LINEAR = CryptoPerpetual(
    id=InstrumentId("BTCUSDT-PERP.SIM"),
    base_currency=BTC,
    quote_currency=USDT,
    settlement_currency=USDT,
    is_inverse=False,
    price_increment=Price("0.1"),
    size_increment=Quantity("0.001"),
    margin_init="0.05",
    margin_maint="0.025",
    maker_fee="-0.0001",
    taker_fee="0.0005",
)
INVERSE = CryptoPerpetual(
    id=InstrumentId("BTCUSD-PERP.SIM"),
    base_currency=BTC,
    quote_currency=USD,
    settlement_currency=BTC,
    is_inverse=True,
    price_increment=Price("0.5"),
    size_increment=Quantity("1"),
    margin_init="0.01",
    margin_maint="0.005",
    maker_fee="0",
    taker_fee="0.0005",
)


class Desk:
    """One exchange, and a note of everything it said."""

    def __init__(self, instrument, spec: AccountSpec, **options) -> None:
        self.scheduler = Scheduler(START_NS)
        self.exchange = Exchange(
            "SIM", [instrument], spec, lambda: self.scheduler.now_ns, self.scheduler.post, **options
        )
        self.symbol = str(instrument.id.symbol)
        self.book = self.exchange.books[self.symbol]
        self.floor = self.exchange.floor
        self.said: list[tuple] = []
        self.exchange.listen(self)
        self._count = 0

    # what the exchange says
    def on_order(self, event, order, request_id, due_post_only, ts) -> None:
        self.said.append((event, order, request_id, due_post_only, ts))

    def on_fill(self, trade, order) -> None:
        self.said.append(("FILLED", order.record(), trade))

    def on_settlement(self, symbol, price, ts) -> None:
        self.said.append(("SETTLED", symbol, price, ts))

    def on_balances(self, balances, ts) -> None:
        self.said.append(("BALANCES", balances))

    def on_trade(self, symbol, trade_id, price, quantity, aggressor, ts) -> None:
        self.said.append(("TRADE", price, quantity, aggressor))

    def on_book(self, symbol, update, bids, asks, ts) -> None:
        self.said.append(("BOOK", update, bids, asks))

    def on_quote(self, symbol, bid, ask, bid_size, ask_size, ts) -> None:
        self.said.append(("QUOTE", bid, ask, bid_size, ask_size))

    # others
    def bid(self, price: int, size: int):
        resting = self.floor.join(self.book, BUY, price, size)
        self.floor.settle(self.book)
        return resting

    def ask(self, price: int, size: int):
        resting = self.floor.join(self.book, SELL, price, size)
        self.floor.settle(self.book)
        return resting

    def buyer(self, size: int, limit: int | None = None) -> int:
        left = self.floor.hit(self.book, BUY, size, limit)
        self.floor.settle(self.book)
        return left

    def seller(self, size: int, limit: int | None = None) -> int:
        left = self.floor.hit(self.book, SELL, size, limit)
        self.floor.settle(self.book)
        return left

    # ours
    def order(self, side: str, type_: str, quantity: int, price: int | None = None, **kw):
        self._count += 1
        name = kw.pop("id", f"O-{self._count}")
        tif = kw.pop("tif", "GTC")
        return self.exchange.submit(name, self.symbol, side, type_, tif, quantity, price, **kw)

    def limit(self, side: str, quantity: int, price: int, **kw) -> OrderRecord:
        return self.order(side, "LIMIT", quantity, price, **kw)

    def market(self, side: str, quantity: int, **kw) -> OrderRecord:
        return self.order(side, "MARKET", quantity, **kw)

    def record(self, name: str) -> OrderRecord:
        record = self.exchange.order_record(name)
        assert record is not None
        return record

    # reading
    def events(self, name: str | None = None) -> list[str]:
        """Private events in the order they were said, fills with their side of the trade."""
        out = []
        for entry in self.said:
            if entry[0] in ("TRADE", "BOOK", "QUOTE", "BALANCES", "SETTLED"):
                continue
            if name is not None and entry[1].client_order_id != name:
                continue
            text = entry[0]
            out.append(f"FILLED({entry[2].liquidity})" if text == "FILLED" else text)
        return out

    def balance(self, code: str) -> tuple[int, int]:
        purse = self.exchange.ledger.purses[code]
        return purse.total, purse.locked

    def bids(self):
        return self.book.depth()[1]

    def asks(self):
        return self.book.depth()[2]


Opener = Callable[..., Desk]


def _cash(balances: Mapping[str, str] | None = None, **options) -> Desk:
    funded = balances or {"BTC": "10", "USDT": "1000000"}
    return Desk(SPOT, AccountSpec(AccountType.CASH, funded), **options)


def _margin(instrument=LINEAR, balances=None, leverage: int = 10, **options) -> Desk:
    funded = balances or {instrument.cost_currency.code: "100000"}
    return Desk(instrument, AccountSpec(AccountType.MARGIN, funded, leverage), **options)


@pytest.fixture
def cash() -> Opener:
    """cash(balances, **exchange options) -> a desk at the spot instrument."""
    return _cash


@pytest.fixture
def margin() -> Opener:
    """margin(instrument, balances, leverage) -> a desk on a margin account."""
    return _margin


@pytest.fixture
def spot() -> CurrencyPair:
    return SPOT


@pytest.fixture
def linear() -> CryptoPerpetual:
    return LINEAR


@pytest.fixture
def inverse() -> CryptoPerpetual:
    return INVERSE
