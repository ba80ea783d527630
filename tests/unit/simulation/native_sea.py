"""A native client, a network and a real venue on a table; no kernel."""

from collections.abc import Callable

from engine.model.book import OrderBook
from engine.model.commands import (
    CancelOrder,
    Command,
    Connect,
    ModifyOrder,
    SubmitOrder,
    Subscribe,
    Unsubscribe,
)
from engine.model.currencies import BTC, USDT
from engine.model.data import OrderBookDeltas
from engine.model.enums import (
    AccountType,
    BookType,
    DataKind,
    OrderSide,
    OrderType,
    TimeInForce,
)
from engine.model.events import OrderInitialized
from engine.model.identifiers import (
    AccountId,
    ClientId,
    ClientOrderId,
    InstrumentId,
    StrategyId,
    TraderId,
    Venue,
)
from engine.model.instruments import CurrencyPair
from engine.model.reports import (
    ClientMessage,
)
from engine.model.values import Price, Quantity
from simulation.client import NativeClient, NativeClientConfig
from simulation.entropy import SeededEntropy
from simulation.faults import CALM, MILLISECOND, SECOND, Fault, FaultKind, Plan
from simulation.injection import Faults
from simulation.network import Network
from simulation.scheduler import Scheduler
from simulation.stream import Peer
from simulation.trace import Trace
from simulation.venue import protocol as wire
from simulation.venue.enums import AccountType as VenueAccountType
from simulation.venue.enums import Side
from simulation.venue.exchange import Exchange
from simulation.venue.gateway import Gateway
from simulation.venue.ledger import AccountSpec

K = FaultKind
START_NS = 1_700_000_000_000_000_000
PAIR_ID = InstrumentId("BTC/USDT.SIM")
SYMBOL = "BTC/USDT"
PAIR = CurrencyPair(
    id=PAIR_ID,
    base_currency=BTC,
    quote_currency=USDT,
    price_increment=Price.from_str("0.01"),
    size_increment=Quantity.from_str("0.001"),
    min_quantity=Quantity.from_str("0.001"),
    max_quantity=Quantity.from_str("100.000"),
    maker_fee="0.0002",
    taker_fee="0.0004",
)
TRADER, STRATEGY = TraderId("TRIAL-001"), StrategyId("S-001")
CLIENT = ClientId("SIM")

Tamper = Callable[[wire.Request, int, bytes], tuple[int, bytes]]


class Front:
    """The real gateway, with a hand on the answers and frames that leave it."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self.peers: list[Peer] = []
        self.requests: list[wire.Request] = []
        self.logins = 0
        self.tamper: Tamper | None = None

    def on_request(self, body: bytes) -> tuple[int, bytes]:
        request = wire.decode_request(body)
        self.requests.append(request)
        status, answer = self.gateway.on_request(body)
        if self.tamper is not None and type(request) is not wire.InstrumentsQuery:
            return self.tamper(request, status, answer)
        return status, answer

    def on_connect(self, peer: Peer) -> None:
        self.peers.append(peer)
        self.gateway.on_connect(peer)

    def on_frame(self, peer: Peer, body: bytes) -> None:
        self.gateway.on_frame(peer, body)

    def on_close(self, peer: Peer) -> None:
        self.gateway.on_close(peer)

    def names(self) -> list[str]:
        return [type(request).__name__ for request in self.requests]


class Sea:
    """A native client, a network and a real venue; no kernel."""

    def __init__(
        self, plan: Plan = (), page: int = 100, connect: bool = True, seed: int = 1
    ) -> None:
        entropy = SeededEntropy(seed)
        self.scheduler = Scheduler(START_NS)
        trace = Trace(False)
        self.faults = Faults(CALM, entropy, self.scheduler, trace, 600 * SECOND, plan)
        self.network = Network(self.scheduler, entropy, self.faults, trace)
        account = AccountSpec(VenueAccountType.CASH, {"USDT": "1000000", "BTC": "10"})
        self.exchange = Exchange(
            "SIM", [PAIR], account, lambda: self.scheduler.now_ns, self.scheduler.post
        )
        gateway = Gateway(self.exchange, self.faults, entropy.stream("gateway"))
        self.front = Front(gateway)
        self.network.serve("SIM", self.front)
        self.posted: list[ClientMessage] = []
        config = NativeClientConfig(
            client_id=CLIENT,
            venue=Venue("SIM"),
            account_id=AccountId("SIM-001"),
            account_type=AccountType.CASH,
            host="SIM",
            page=page,
        )
        self.client = NativeClient(
            config, self.network, self.scheduler, entropy, self.posted.append
        )
        self.faults.start(self.network)
        self.number = 0
        for price, side in ((9999, Side.BUY), (10001, Side.SELL)):
            self.rest(side, price * 100, 5000)
        if connect:
            self.client.send(Connect("connect", CLIENT, self.scheduler.now_ns))
            self.sail(100 * MILLISECOND)

    def sail(self, for_ns: int) -> None:
        self.scheduler.run_until(self.scheduler.now_ns + for_ns)

    def sail_to(self, second: int) -> None:
        self.scheduler.run_until(START_NS + second * SECOND)

    def rest(self, side: Side, price: int, quantity: int) -> None:
        """Somebody else's limit order, in mantissas."""
        book = self.exchange.books[SYMBOL]
        self.exchange.floor.join(book, side, price, quantity)
        self.exchange.floor.settle(book)

    def of(self, kind: type) -> list[ClientMessage]:
        return [message for message in self.posted if type(message) is kind]

    def names(self) -> list[str]:
        return [type(message).__name__ for message in self.posted]

    def send(self, make: Callable[[str, int], Command]) -> str:
        self.number += 1
        command_id = f"c{self.number}"
        self.client.send(make(command_id, self.scheduler.now_ns))
        return command_id

    def submit(
        self,
        coid: str = "O-1",
        side: OrderSide = OrderSide.BUY,
        price: str | None = "9990.00",
        quantity: str = "0.500",
        post_only: bool = False,
    ) -> str:
        def make(command_id: str, now_ns: int) -> Command:
            order = OrderInitialized(
                TRADER,
                STRATEGY,
                PAIR_ID,
                ClientOrderId(coid),
                f"e-{command_id}",
                now_ns,
                now_ns,
                side,
                OrderType.MARKET if price is None else OrderType.LIMIT,
                Quantity.from_str(quantity),
                TimeInForce.GTC,
                None if price is None else Price.from_str(price),
                post_only=post_only,
            )
            return SubmitOrder(command_id, CLIENT, now_ns, STRATEGY, PAIR_ID, order)

        return self.send(make)

    def modify(self, coid: str = "O-1", price: str = "9980.00") -> str:
        return self.send(
            lambda command_id, now_ns: ModifyOrder(
                command_id,
                CLIENT,
                now_ns,
                STRATEGY,
                PAIR_ID,
                ClientOrderId(coid),
                None,
                None,
                Price.from_str(price),
                None,
            )
        )

    def cancel(self, coid: str = "O-1") -> str:
        return self.send(
            lambda command_id, now_ns: CancelOrder(
                command_id, CLIENT, now_ns, STRATEGY, PAIR_ID, ClientOrderId(coid), None
            )
        )

    def subscribe(self, kind: DataKind) -> None:
        self.send(lambda i, now: Subscribe(i, CLIENT, now, kind, PAIR_ID))

    def unsubscribe(self, kind: DataKind) -> None:
        self.send(lambda i, now: Unsubscribe(i, CLIENT, now, kind, PAIR_ID))

    def held_by_venue(self) -> dict[str, int]:
        return {s.channel: s.count for s in self.exchange.truth().subscriptions}

    def book(self) -> OrderBook:
        """A book made of everything posted."""
        book = OrderBook(PAIR_ID, BookType.L2_MBP, 2, 3)
        for message in self.posted:
            if isinstance(message, OrderBookDeltas):
                book.apply(message)
        return book

    def assert_book_is_true(self) -> None:
        _, bids, asks = self.exchange.books[SYMBOL].depth()
        book = self.book()
        assert list(book.bids()) == list(bids)
        assert list(book.asks()) == list(asks)


def at(second: int, kind: FaultKind, duration_ns: int = 0, variant: int = 0) -> Plan:
    return ((second * SECOND, Fault(kind, duration_ns, variant)),)
