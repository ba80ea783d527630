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
from engine.view import KernelView
from invariants.order_witness import OrderWitness
from invariants.tap import BusTap, Dispatch
from invariants.truth import TrueOrder, TrueStream, Truth
from invariants.violation import Violation


class TruthSource(Protocol):
    """A venue's own word, at this instant."""

    def truth(self) -> Truth: ...

    def true_order(self, client_order_id: str) -> TrueOrder | None: ...

    def has_trade(self, trade_id: str) -> bool: ...

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
        dispatches: what the bus told its subscribers in the last turn, in the order it began to.
        order_events, fills, account_states: the facts of the last turn of each sort, in order.
        orders: the orders that the last turn touched, each once.
        witnesses: every order as its events tell it, by client order id.
        touched: the touched orders, each with its witness.
        strays: the events of the last turn whose order never began.
        venues: by venue name, who to ask for the truth.
        openings: the balances that each account was opened with, by account id.
        wanted: per client id, the subscriptions the kernel wants (kind name, instrument id).
        released: command id -> how many times a client was given it.
        releases: the same in order, each with the last durable turn at that moment.
        unjudged_releases: those since the last turn ended.
        tap: what our own subscribers heard of the bus in the last turn.
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
        "_is_over",
        "_probes",
        "account_states",
        "dispatches",
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
        "wanted",
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
        self.wanted = wanted
        self.risk = RiskEngineConfig() if risk is None else risk
        self.released: dict[str, int] = {}
        self.releases: list[tuple[str, int]] = []
        self.unjudged_releases: list[tuple[str, int]] = []
        self.tap = BusTap()
        self.durable_turn = 0
        self.healed = False
        self.healed_ns = 0
        self.record: TurnRecord = TurnRecord(0, 0, None, (), ())
        self.dispatches: list[Dispatch] = []
        self.order_events: list[OrderEvent] = []
        self.fills: list[OrderFilled] = []
        self.account_states: list[AccountState] = []
        self.orders: list[Order] = []
        self.touched: list[tuple[Order, OrderWitness]] = []
        self.strays: list[OrderEvent] = []
        self.witnesses: dict[str, OrderWitness] = {}
        self.openings: dict[str, AccountState] = {}
        self.hedging: dict[tuple[str, str], bool] = {}
        self.sampled = False
        self.records: Sequence[TurnRecord] = ()
        self.models: ReferenceModels | None = None
        self.portfolio: Portfolio | None = None
        self._probes = probes
        self._is_over = False
        self._final_orders: list[Order] | None = None
        self._final_truths: list[Truth] = []

    # --- what the run and the monitor say ----------------------------------------------------

    def turn_ended(self, record: TurnRecord) -> None:
        """This is the last turn now."""
        self.record = record
        if record.facts:
            self._sort(record.facts)
        elif self.order_events or self.account_states:
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
            if isinstance(fact, OrderEvent):
                order_events.append(fact)
                if type(fact) is OrderInitialized:
                    witnesses[fact.client_order_id] = OrderWitness(
                        fact.quantity.raw, fact.quote_quantity
                    )
                    continue
                if type(fact) is OrderFilled:
                    fills.append(fact)
                witness = witnesses.get(fact.client_order_id)
                if witness is None:
                    strays.append(fact)
                else:
                    witness.add(fact)
            elif type(fact) is AccountState:
                account_states.append(fact)
                if fact.reported and fact.account_id not in self.openings:
                    self.openings[fact.account_id] = fact
        self.order_events = order_events
        self.fills = fills
        self.account_states = account_states
        self.strays = strays
        if not order_events:
            nothing: list[Any] = []
            self.orders = self.touched = nothing
            return
        orders = self.orders = self.view.orders_touched()
        touched = self.touched = []
        for order in orders:
            witness = witnesses.get(order.client_order_id)
            if witness is not None:
                touched.append((order, witness))

    def run_ended(self) -> None:
        """Nothing happens any more: the truth is asked for once."""
        self._is_over = True

    def note_release(self, command_id: str) -> None:
        """A client was given this command."""
        self.released[command_id] = self.released.get(command_id, 0) + 1
        release = (command_id, self.durable_turn)
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

    def truths(self) -> list[Truth]:
        """Every venue's whole truth, by the order of `venues`."""
        if not self._is_over:
            return [venue.truth() for venue in self.venues.values()]
        if not self._final_truths:
            self._final_truths = [venue.truth() for venue in self.venues.values()]
        return self._final_truths
