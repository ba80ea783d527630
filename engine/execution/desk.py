"""The execution engine's dealings with its clients: who carries an order, what was asked, what
is told about trouble.

Queries are registered before they leave and taken off by their one answer, so an answer that
nobody waits for is seen as such.
"""

from collections.abc import Sequence

from engine.clients import ExecutionClient
from engine.context import Context
from engine.model.commands import Command, QueryOrder
from engine.model.events import Alert, OrderEvent, Refused
from engine.model.identifiers import ClientId, ClientOrderId, InstrumentId, Venue
from engine.model.order_table import OrderEventRefused
from engine.model.orders import Order
from engine.model.reports import ExecutionReport
from engine.topics import ALERT, REFUSED


class Query:
    """A question under way.

    Attributes:
        sequence: position among this kernel's requests and queries; they leave in this order.
        client_order_id: the order it is about; None when it is about the account.
        pass_number: the reconcile pass that waits for it; 0: none.
    """

    __slots__ = ("client_id", "client_order_id", "pass_number", "sequence")

    def __init__(
        self,
        client_id: ClientId,
        client_order_id: ClientOrderId | None,
        pass_number: int,
        sequence: int,
    ) -> None:
        self.client_id = client_id
        self.client_order_id = client_order_id
        self.pass_number = pass_number
        self.sequence = sequence


class Desk:
    """Routes, outstanding queries and notices of one execution engine.

    Attributes:
        clients: by id, in the order given.
        sequence: number of the last request or query made.
        refused_count: inputs and events that changed nothing and were announced as refused.
    """

    __slots__ = (
        "_by_venue",
        "_connected",
        "_ctx",
        "_queries",
        "clients",
        "refused_count",
        "sequence",
    )

    def __init__(self, ctx: Context, clients: Sequence[ExecutionClient]) -> None:
        """
        Raises:
            ValueError: two clients have one id or one venue; an order would have two ways out.
        """
        self._ctx = ctx
        self.clients: dict[ClientId, ExecutionClient] = {}
        self._by_venue: dict[Venue, ExecutionClient] = {}
        for client in clients:
            if client.client_id in self.clients:
                raise ValueError(f"two execution clients are called {client.client_id}")
            if client.venue in self._by_venue:
                raise ValueError(f"two execution clients serve {client.venue}")
            self.clients[client.client_id] = client
            self._by_venue[client.venue] = client
        self._connected: dict[ClientId, bool] = dict.fromkeys(self.clients, False)
        self._queries: dict[str, Query] = {}
        self.sequence = 0
        self.refused_count = 0

    # --- routes ---------------------------------------------------------------------------

    def at(self, venue: Venue) -> ExecutionClient | None:
        return self._by_venue.get(venue)

    def route(
        self, client_id: ClientId | None, instrument_id: InstrumentId
    ) -> ExecutionClient | None:
        """The client that serves the instrument's venue; one asked for by name must be it."""
        client = self._by_venue.get(instrument_id.venue)
        if client is None or (client_id is not None and client.client_id != client_id):
            return None
        return client

    def client_of(self, order: Order) -> ExecutionClient:
        """The client an order was sent through. Raises LookupError: it was not."""
        client = self._by_venue.get(order.instrument_id.venue)
        if client is None:
            raise LookupError(f"no client carries {order.client_order_id}")
        return client

    def is_connected(self, client_id: ClientId) -> bool:
        return self._connected.get(client_id, False)

    def set_connected(self, client_id: ClientId, connected: bool) -> None:
        if client_id in self._connected:
            self._connected[client_id] = connected

    # --- questions ------------------------------------------------------------------------

    def ask(
        self,
        client: ExecutionClient,
        command: Command,
        client_order_id: ClientOrderId | None = None,
        pass_number: int = 0,
    ) -> None:
        """Put a query in the outbox and expect its answer."""
        self.sequence += 1
        self._queries[command.command_id] = Query(
            client.client_id, client_order_id, pass_number, self.sequence
        )
        self._ctx.outbox.append((client, command))

    def query_order(self, client: ExecutionClient, order: Order) -> str:
        """Ask for an order's picture; returns the query's id."""
        ctx = self._ctx
        query_id = ctx.new_id()
        coid = order.client_order_id
        command = QueryOrder(
            query_id, client.client_id, ctx.clock.now_ns, coid, order.instrument_id
        )
        self.ask(client, command, coid)
        return query_id

    def take(self, correlation_id: str) -> Query | None:
        """The query that an answer completes; None when none is waiting for it."""
        return self._queries.pop(correlation_id, None)

    # --- whose report -----------------------------------------------------------------------

    def order_of(self, report: ExecutionReport) -> Order | None:
        """The order a report names: by client order id, else by the venue's id."""
        cache = self._ctx.cache
        if report.client_order_id is not None:
            order = cache.order(report.client_order_id)
            if order is not None:
                return order
        if report.venue_order_id is None:
            return None
        coid = cache.client_order_id(report.venue_order_id)
        return None if coid is None else cache.order(coid)

    # --- notices --------------------------------------------------------------------------

    def refuse(self, reason: str, of: str) -> None:
        """Say that something changed nothing: once, as a fact and on the bus."""
        ctx = self._ctx
        refused = Refused(reason, of, ctx.clock.now_ns)
        self.refused_count += 1
        ctx.facts.append(refused)
        ctx.bus.dispatch(REFUSED, refused)

    def refuse_event(self, event: OrderEvent, order: Order, refusal: OrderEventRefused) -> None:
        """Say that an order would not take an event, and why."""
        of = f"{type(event).__name__} {order.client_order_id} in {order.status.name}"
        self.refuse(refusal.reason, of)

    def alert(self, code: str, subject: str, detail: str) -> None:
        """Tell a person; trading goes on."""
        ctx = self._ctx
        alert = Alert(code, subject, detail, ctx.clock.now_ns)
        ctx.facts.append(alert)
        ctx.bus.dispatch(ALERT, alert)
