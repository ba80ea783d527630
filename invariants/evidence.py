"""What a check may look at: the kernel's view, the last turn, and the venue's truth.

Everything here is read-only. Truth is asked for, never pushed: a whole `Truth` is dear and is
built only when a check wants one. What several checks need of a turn (its fills, the orders it
touched, the fold of their events) is worked out once, here.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol, cast

import msgspec

from engine.model.events import AccountState, OrderEvent, OrderFilled, OrderInitialized
from engine.model.identifiers import ClientOrderId
from engine.model.orders import Order
from engine.portfolio import Portfolio
from engine.record import TurnRecord
from engine.risk.config import RiskEngineConfig
from engine.view import KernelView, is_of_order
from invariants.order_witness import OrderWitness
from invariants.tap import BusTap, Dispatch
from invariants.truth import Queues, TrueOrder, TrueStream, Truth
from invariants.violation import Violation


class TruthSource(Protocol):
    """A venue's own word, at this instant."""

    def truth(self) -> Truth: ...

    def true_order(self, client_order_id: str) -> TrueOrder | None: ...

    def has_trade(self, trade_id: str) -> bool: ...

    def true_queues(self, instrument_id: str) -> tuple[Queues, Queues]:
        """Who stands at each level of bids and asks, sizes as in `TrueBook`."""
        ...

    def streams(self, after: int) -> Sequence[TrueStream]:
        """Every connection ever made to the venue, but for the first `after`, in order."""


class ReferenceModels(Protocol):
    """Slow, obvious models of what the kernel keeps."""

    def differences(self, view: KernelView, records: Sequence[TurnRecord]) -> Iterator[Violation]:
        """Where the kernel is not what they make of these turns, told from the first on."""
        ...


class Evidence:
    """One run's evidence; the same object for all its checks.

    Attributes:
        view: the kernel, as plain reads.
        record: the last turn: input, facts (events applied, in order), commands sent.
        order_events, fills, account_states: the facts of the last turn of each sort, in order.
        orders: the orders that the last turn touched, each once.
        witnesses: every order as its events tell it, by client order id.
        touched: the touched orders, each with its witness.
        strays: the events of the last turn whose order never began.
        venues: by venue name, who to ask for the truth.
        openings: the balances that each account was opened with, by account id.
        released: command id -> how many times a client was given it.
        releases: the same in order, each with the last durable turn at that moment.
        unjudged_releases: those since the last turn ended.
        tap: what the bus told in the last turn, and what our own subscribers heard of it.
        durable_turn: the last turn the journal has promised to keep.
        healed: whether faults have stopped; `healed_ns`: when, of the run's clock.
        risk: the limits that the kernel was configured with.
        sampled: whether the run is one of those that are judged once more, as a whole, when they
            are over.
        records: of such a run every turn, in order.
        models: whom to tell them.
        portfolio: the kernel's, to be read.
        hedging: (strategy id, venue) -> whether its fills there are kept in positions apart; of
            strategies that somebody told of.
    """

    __slots__ = (
        "_final_orders",
        "_final_truths",
        "_final_wanted",
        "_has_facts",
        "_is_over",
        "_probes",
        "_wanted",
        "account_states",
        "durable_turn",
        "fills",
        "healed",
        "healed_ns",
        "hedging",
        "models",
        "openings",
        "order_events",
        "orders",
        "portfolio",
        "record",
        "records",
        "released",
        "releases",
        "risk",
        "sampled",
        "strays",
        "tap",
        "touched",
        "unjudged_releases",
        "venues",
        "view",
        "witnesses",
    )

    def __init__(
        self,
        view: KernelView,
        venues: Mapping[str, TruthSource],
        wanted: Callable[[], Mapping[str, list[tuple[str, str]]]],
        probes: dict[str, int],
        risk: RiskEngineConfig | None = None,
    ) -> None:
        self.view = view
        self.venues = venues
        self._wanted = wanted
        self.risk = RiskEngineConfig() if risk is None else risk
        self.released: dict[str, int] = {}
        self.releases: list[tuple[str, int]] = []
        self.unjudged_releases: list[tuple[str, int]] = []
        self.tap = BusTap(view.clock)
        self.durable_turn = 0
        self.healed = False
        self.healed_ns = 0
        self.record: TurnRecord = TurnRecord(0, 0, None, (), ())
        self.order_events: list[OrderEvent] = []
        self.fills: list[OrderFilled] = []
        self.account_states: list[AccountState] = []
        self.orders: list[Order] = []
        self.touched: list[tuple[Order, OrderWitness]] = []
        self.strays: list[OrderEvent] = []
        self.witnesses: dict[str, OrderWitness] = {}
        self.openings: dict[str, AccountState] = {}
        self.hedging: dict[tuple[str, str], bool] = {}
        self._has_facts = False
        self.sampled = False
        self.records: Sequence[TurnRecord] = ()
        self.models: ReferenceModels | None = None
        self.portfolio: Portfolio | None = None
        self._probes = probes
        self._is_over = False
        self._final_orders: list[Order] | None = None
        self._final_truths: list[Truth] = []
        self._final_wanted: Mapping[str, list[tuple[str, str]]] | None = None

    # --- what the run and the monitor say ----------------------------------------------------

    def turn_ended(self, record: TurnRecord) -> None:
        """This is the last turn now."""
        self.record = record
        facts = record.facts
        if facts:
            self._has_facts = True
            self._sort(facts)
        elif self._has_facts:
            self._has_facts = False
            nothing: list[Any] = []
            self.order_events = self.fills = self.account_states = nothing
            self.orders = self.touched = self.strays = nothing

    def _sort(self, facts: tuple[msgspec.Struct, ...]) -> None:
        order_events: list[OrderEvent] = []
        fills: list[OrderFilled] = []
        account_states: list[AccountState] = []
        strays: list[OrderEvent] = []
        witnesses = self.witnesses
        for fact in facts:
            kind = type(fact)
            if kind is AccountState:
                state = cast(AccountState, fact)
                account_states.append(state)
                if state.reported and state.account_id not in self.openings:
                    self.openings[state.account_id] = state
                continue
            if not is_of_order(kind):
                continue
            event = cast(OrderEvent, fact)
            order_events.append(event)
            name = event.client_order_id
            if kind is OrderInitialized:
                begun = cast(OrderInitialized, fact)
                witnesses[name] = OrderWitness(begun.quantity.raw, begun.quote_quantity)
                continue
            if kind is OrderFilled:
                fills.append(cast(OrderFilled, fact))
            witness = witnesses.get(name)
            if witness is None:
                strays.append(event)
            else:
                witness.add(event)
        self.order_events = order_events
        self.fills = fills
        self.account_states = account_states
        self.strays = strays
        if not order_events:
            nothing: list[Any] = []
            self.orders = self.touched = nothing
            return
        orders = self.orders = self.view.orders_touched()
        touched: list[tuple[Order, OrderWitness]] = []
        for order in orders:
            witness = witnesses.get(order.client_order_id)
            if witness is not None:
                touched.append((order, witness))
        self.touched = touched

    def run_ended(self) -> None:
        """Nothing happens any more: the truth is asked for once."""
        self._is_over = True

    def note_release(self, command_id: str) -> None:
        """A client was given this command."""
        self.released[command_id] = self.released.get(command_id, 0) + 1
        release: Any = (command_id, self.durable_turn)  # one object, in both lists
        self.releases.append(release)
        self.unjudged_releases.append(release)

    def saw(self, probe: str) -> None:
        """Count a situation that a campaign must see."""
        self._probes[probe] = self._probes.get(probe, 0) + 1

    def true_order(self, client_order_id: str) -> TrueOrder | None:
        """The venue's picture of one of our orders, or None where no venue has it."""
        for venue in self.venues.values():
            order = venue.true_order(client_order_id)
            if order is not None:
                return order
        return None

    def order_named(self, client_order_id: str) -> Order | None:
        """The kernel's order of a name that the venue gave us back, or None."""
        return self.view.cache.order(cast(ClientOrderId, client_order_id))

    def has_trade(self, trade_id: str) -> bool:
        for venue in self.venues.values():  # noqa: SIM110 - asked for every fill
            if venue.has_trade(trade_id):
                return True
        return False

    # --- what a check may ask ----------------------------------------------------------------

    def all_orders(self) -> list[Order]:
        """Every order of the kernel, sorted by id."""
        if not self._is_over:
            return self.view.orders()
        if self._final_orders is None:
            self._final_orders = self.view.orders()
        return self._final_orders

    def wanted(self) -> Mapping[str, list[tuple[str, str]]]:
        """Per client id, the subscriptions that the kernel wants (kind name, instrument id)."""
        if not self._is_over:
            return self._wanted()
        if self._final_wanted is None:
            self._final_wanted = self._wanted()
        return self._final_wanted

    @property
    def dispatches(self) -> list[Dispatch]:
        """What the bus told its subscribers in the last turn, in the order it began to: topic,
        message and what the kernel's clock said then."""
        return self.tap.dispatches()

    def truths(self) -> list[Truth]:
        """Every venue's whole truth, by the order of `venues`."""
        if not self._is_over:
            return [venue.truth() for venue in self.venues.values()]
        if not self._final_truths:
            self._final_truths = [venue.truth() for venue in self.venues.values()]
        return self._final_truths
