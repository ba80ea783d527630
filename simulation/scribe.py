"""Fills in a logbook while a run goes on. Everything here looks and passes on what it is given:
a run that is watched has the digest of one that is not.

It stands in four places: it is the network that the client asks, the door that each venue
serves behind, a listener to our orders on each floor, and in front of who observes the turns.
"""

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from engine.model.events import AccountState, PositionEvent
from engine.model.identifiers import InstrumentId
from engine.model.orders import Order
from engine.record import TurnRecord
from engine.view import KernelView
from simulation.entropy import Entropy
from simulation.injection import Faults
from simulation.logbook import BALANCE, ORDER, POSITION, Change, Entry, Log, Standing, plain
from simulation.network import Listener, Network, OnAnswer, OnFailed
from simulation.scheduler import Scheduler
from simulation.stream import Connection, Peer
from simulation.trace import Trace
from simulation.venue.exchange import Exchange
from simulation.venue.gateway import Gateway
from simulation.venue.money import RAW_DIGITS, TEN
from simulation.venue.orders import VenueOrder
from simulation.venue.protocol import OrderRecord, TradeRecord, encode
from simulation.venue.statement import true_fill, true_order

if TYPE_CHECKING:
    from simulation.network import _Host
    from simulation.world import World

Key = tuple[bool, str, str]  # is truth, sort, subject


class Scribe:
    """Writes one run's logbook. Hand it to the world, which asks it for its parts.

    Attributes:
        entries, changes: so far.
    """

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.changes: list[Change] = []
        self._held: dict[Key, Standing] = {}
        self._floors: list[Floor] = []
        self._frames: dict[int, deque[Entry]] = {}  # under way to us, by connection
        self._turn = 0  # the last that ended
        self._in_turn: list[Entry] = []  # noted before their turn's record was written

    def network(
        self, scheduler: Scheduler, entropy: Entropy, faults: Faults, trace: Trace
    ) -> Network:
        self._scheduler = scheduler
        self._trace = trace
        return WatchedNetwork(self, scheduler, entropy, faults, trace)

    def door(self, gateway: Gateway, exchange: Exchange) -> "Door":
        floor = Floor(self, exchange)
        self._floors.append(floor)
        exchange.listen_to_orders(floor)
        return Door(self, gateway, exchange.name)

    def turns(
        self, world: "World", observer: Callable[[TurnRecord], None]
    ) -> Callable[[TurnRecord], None]:
        """What to tell of each turn instead of `observer`, which is told too."""

        def observe(record: TurnRecord) -> None:
            before = self._trace.count
            observer(record)
            self._turn_ended(record, before + 1, world.kernel.view)

        self._world = world
        return observe

    def log(self, world: "World", property_id: str) -> Log:
        """All of it, when the run is over; `property_id` is what broke, or ""."""
        self.settle()
        sentences = {
            entry.id: entry.sentence for entry in world.scenario.properties
        }  # a user's own among them
        precisions: dict[str, tuple[int, ...]] = {}
        for name, exchange in world.exchanges.items():
            for symbol, book in exchange.books.items():
                listing = book.listing
                precisions[f"{name} {symbol}"] = (listing.price_precision, listing.size_precision)
            for code, purse in exchange.ledger.purses.items():
                precisions[f"{name} {code}"] = (purse.precision,)
        return Log(
            world.scheduler.start_ns,
            sentences.get(property_id, ""),
            precisions,
            self.entries,
            self.changes,
        )

    # --- what the parts say ----------------------------------------------------------------

    @property
    def now_ns(self) -> int:
        return self._scheduler.now_ns

    @property
    def records(self) -> int:
        return self._trace.count

    def note(self, entry: Entry) -> Entry:
        self.settle()
        self.entries.append(entry)
        if (
            self._world.kernel.view.turn != self._turn
        ):  # what a turn sends is sent before the turn is written
            self._in_turn.append(entry)
        return entry

    def settle(self) -> None:
        """What changed at the venues since the last note was done by what they did last."""
        for floor in self._floors:
            floor.settle()

    def hold(
        self, at: tuple[int, int], is_truth: bool, sort: str, subject: str, standing: Standing
    ) -> None:
        key = (is_truth, sort, subject)
        if self._held.get(key) != standing:
            self._held[key] = standing
            self.changes.append(Change(*at, is_truth, sort, subject, standing))

    def sent(self, frame: Entry) -> Entry:
        """A frame leaves the venue."""
        self._frames.setdefault(frame.connection, deque()).append(frame)
        return self.note(frame)

    def arrived(self, connection: int, body: bytes) -> None:
        """The oldest frame under way reaches us: a connection keeps their order, and behind one
        that it loses nothing arrives any more."""
        frame = self._frames[connection].popleft()
        frame.arrived_ns = self.now_ns
        if body != frame.body:
            frame.note = "spoiled"

    def struck(self, entry: Entry, before: int) -> None:
        """Whatever fault the trace took down since then struck this."""
        entry.faults = [*entry.faults, *range(before + 1, self._trace.count + 1)]

    # --- belief ----------------------------------------------------------------------------

    def _turn_ended(self, record: TurnRecord, number: int, view: KernelView) -> None:
        self._turn = record.turn
        for entry in self._in_turn:
            entry.after = number
        self._in_turn.clear()
        if not record.facts:
            return
        at = (number, -1)
        for order in view.orders_touched():
            self.hold(at, False, ORDER, str(order.client_order_id), _believed(order))
        instruments: dict[InstrumentId, None] = {}
        has_accounts = False
        for fact in record.facts:
            if isinstance(fact, PositionEvent):
                instruments[fact.instrument_id] = None
            elif isinstance(fact, AccountState):
                has_accounts = True
        for instrument_id in instruments:
            held = [p for p in view.positions() if p.instrument_id == instrument_id]
            net_raw = sum(position.signed_raw for position in held)
            self.hold(at, False, POSITION, str(instrument_id), (plain(net_raw),))
        for account in view.accounts_touched() if has_accounts else ():
            for code, balance in sorted(account.balances.items()):
                standing = (plain(balance.total_raw), plain(balance.locked_raw))
                self.hold(at, False, BALANCE, f"{account.id} {code}", standing)


def _believed(order: Order) -> Standing:
    price, trigger = order.price, order.trigger_price
    return (
        order.side.name,
        order.status.name,
        plain(order.quantity.raw),
        plain(order.filled_raw),
        "" if price is None else plain(price.raw),
        "" if trigger is None else plain(trigger.raw),
    )


class Floor:
    """Listens to what becomes of our orders at one venue, and reads its ledger behind it."""

    def __init__(self, scribe: Scribe, exchange: Exchange) -> None:
        self._scribe = scribe
        self._exchange = exchange
        self._touched: dict[str, None] = {}
        self._at = (0, -1)  # what the venue did last
        self._trades = 0  # how many are in `_net`
        self._net: dict[str, int] = {}
        self._is_settled = False

    def on_order(
        self, event: str, order: OrderRecord, request_id: str | None, due_post_only: bool, ts: int
    ) -> None:
        self._acted(event, encode(order))
        self._touched[order.client_order_id] = None

    def on_fill(self, trade: TradeRecord, order: VenueOrder) -> None:
        self._acted("FILL", encode(trade))
        self._touched[trade.client_order_id] = None

    def on_settlement(self, symbol: str, price: int, ts: int) -> None:
        self._acted("SETTLED", encode((symbol, price)))
        instrument_id = self._exchange.books[symbol].listing.instrument_id
        self._net[instrument_id] = 0

    def _acted(self, event: str, body: bytes) -> None:
        scribe = self._scribe
        after = scribe.records
        scribe.note(Entry(after, scribe.now_ns, "venue", self._exchange.name, event, body))
        self._at = (after, len(scribe.entries) - 1)
        self._is_settled = False

    def settle(self) -> None:
        if self._is_settled:
            return
        self._is_settled = True
        exchange, at, hold = self._exchange, self._at, self._scribe.hold
        for name in self._touched:
            order = exchange.orders.get(name)
            if order is not None:
                true = true_order(order)
                standing = (
                    true.side,
                    true.status,
                    plain(true.quantity_raw),
                    plain(true.filled_raw),
                    plain(true.price_raw),
                    plain(true.trigger_price_raw),
                )
                hold(at, True, ORDER, name, standing)
        self._touched.clear()
        trades = exchange.floor.trades
        for trade in trades[self._trades :]:
            fill = true_fill(exchange.books[trade.symbol], trade)
            signed = fill.quantity_raw if fill.side == "BUY" else -fill.quantity_raw
            if fill.fee_currency == fill.instrument_id.partition("/")[0]:
                signed -= fill.fee_raw  # paid out of what was bought
            self._net[fill.instrument_id] = self._net.get(fill.instrument_id, 0) + signed
        self._trades = len(trades)
        for instrument_id, raw in sorted(self._net.items()):
            hold(at, True, POSITION, instrument_id, (plain(raw),))
        for code, purse in sorted(exchange.ledger.purses.items()):
            unit = TEN[RAW_DIGITS - purse.precision]
            subject = f"{exchange.account_id} {code}"
            hold(
                at, True, BALANCE, subject, (plain(purse.total * unit), plain(purse.locked * unit))
            )


class WatchedNetwork(Network):
    """The network, with a note of every message that it takes."""

    __slots__ = ("_scribe", "_under_way")

    def __init__(
        self, scribe: Scribe, scheduler: Scheduler, entropy: Entropy, faults: Faults, trace: Trace
    ) -> None:
        super().__init__(scheduler, entropy, faults, trace)
        self._scribe = scribe
        self._under_way: dict[bytes, deque[Entry]] = {}  # requests; their ids make bodies differ

    def request(self, host: str, body: bytes, on_answer: OnAnswer, on_failed: OnFailed) -> None:
        scribe = self._scribe
        before = scribe.records
        entry = scribe.note(Entry(before, scribe.now_ns, "request", host, body=body))
        self._under_way.setdefault(body, deque()).append(entry)

        def answered(status: int, answer: bytes) -> None:
            entry.ended_ns = scribe.now_ns
            if answer != entry.answer:
                entry.note = "spoiled"
            on_answer(status, answer)

        def failed(reason: str) -> None:
            entry.note = reason
            entry.ended_ns = scribe.now_ns
            on_failed(reason)

        super().request(host, body, answered, failed)
        scribe.struck(entry, before)

    def _serve(self, host: "_Host", body: bytes, on_answer: OnAnswer) -> None:
        scribe = self._scribe
        entry = self._under_way[body].popleft()
        entry.arrived_ns = scribe.now_ns
        server = host.server
        if isinstance(server, Door):
            server.asked = entry
        before = scribe.records
        super()._serve(host, body, on_answer)
        scribe.struck(entry, before)

    def connect(self, host: str, listener: Listener) -> Connection:
        return super().connect(host, WatchedListener(self._scribe, host, listener))


class Door:
    """A venue's front door, with a note of who passes.

    Attributes:
        asked: the request that is about to be served.
    """

    def __init__(self, scribe: Scribe, gateway: Gateway, venue: str) -> None:
        self._scribe = scribe
        self._gateway = gateway
        self._venue = venue
        self._peers: dict[int, WatchedPeer] = {}
        self.asked: Entry | None = None

    def on_request(self, body: bytes) -> tuple[int, bytes]:
        entry, self.asked = self.asked, None
        status, answer = self._gateway.on_request(body)
        if entry is not None:
            entry.status, entry.answer = status, answer
        return status, answer

    def on_connect(self, peer: Peer) -> None:
        watched = self._peers[peer.id] = WatchedPeer(self._scribe, peer, self._venue)
        self._gateway.on_connect(watched)

    def on_frame(self, peer: Peer, body: bytes) -> None:
        scribe = self._scribe
        now_ns = scribe.now_ns
        scribe.note(
            Entry(
                scribe.records,
                now_ns,
                "stream",
                self._venue,
                body=body,
                connection=peer.id,
                arrived_ns=now_ns,
            )
        )
        self._gateway.on_frame(self._peers[peer.id], body)

    def on_close(self, peer: Peer) -> None:
        self._gateway.on_close(self._peers[peer.id])


class WatchedPeer:
    """The venue's end of a connection, with a note of every frame that it sends."""

    def __init__(self, scribe: Scribe, peer: Peer, venue: str) -> None:
        self._scribe = scribe
        self._peer = peer
        self._venue = venue
        self.id = peer.id

    def send(self, body: bytes) -> None:
        scribe = self._scribe
        before = scribe.records
        entry = scribe.sent(
            Entry(
                before,
                scribe.now_ns,
                "stream",
                self._venue,
                body=body,
                to_us=True,
                connection=self.id,
            )
        )
        self._peer.send(body)
        scribe.struck(entry, before)

    def close(self) -> None:
        self._peer.close()


class WatchedListener:
    """Our end of a connection, with a note of what arrives."""

    def __init__(self, scribe: Scribe, venue: str, listener: Listener) -> None:
        self._scribe = scribe
        self._venue = venue
        self._listener = listener

    def on_open(self, connection: Connection) -> None:
        self._listener.on_open(connection)

    def on_frame(self, connection: Connection, body: bytes) -> None:
        self._scribe.arrived(connection.id, body)
        self._listener.on_frame(connection, body)

    def on_close(self, connection: Connection, reason: str) -> None:
        scribe = self._scribe
        scribe.note(
            Entry(
                scribe.records,
                scribe.now_ns,
                "stream",
                self._venue,
                "closed",
                to_us=True,
                connection=connection.id,
                note=reason,
            )
        )
        self._listener.on_close(connection, reason)
