"""The slow models' word on a whole run: told the events that the kernel wrote down, what orders,
positions and accounts come to, and where the kernel's own differ.

The models (`simulation.models`) walk their lists anew for every question, so a run is judged by
them once, when it is over, and only where it is sampled. They hear of events only: whether these
were the right ones is for others to judge.
"""

from collections.abc import Iterator, Mapping, Sequence
from decimal import MAX_PREC, Context, Decimal
from fractions import Fraction
from typing import Any, Final

from engine.model.accounts import MarginAccount
from engine.model.enums import BUY, AccountType
from engine.model.events import (
    AccountState,
    InstrumentSettled,
    OrderEvent,
    OrderFilled,
    OrderInitialized,
)
from engine.model.identifiers import PositionId, Venue
from engine.model.instruments import CurrencyPair, Instrument
from engine.model.orders import Order
from engine.model.positions import Position
from engine.record import TurnRecord
from engine.view import KernelView
from invariants.violation import Violation
from simulation.models.account import AccountModel, Held
from simulation.models.holding import RAW, Terms
from simulation.models.order import OrderModel
from simulation.models.position import Cycle, Execution, PositionModel

_NOTHING: Final = Held(0, 0, 0)
_EXACTLY: Final = Context(prec=MAX_PREC)


class ModelWitness:
    """The models of one run.

    Args:
        leverages: of margin accounts, by venue.
    """

    def __init__(self, leverages: Mapping[str, int]) -> None:
        self._leverages = leverages

    def differences(self, view: KernelView, records: Sequence[TurnRecord]) -> Iterator[Violation]:
        """Everything of the kernel that is not what the models make of these turns."""
        told = _Told(view, self._leverages)
        for record in records:
            for fact in record.facts:
                refusal = told.hear(fact)
                if refusal is not None:
                    yield refusal
        yield from told.orders_beside()
        yield from told.positions_beside()
        yield from told.accounts_beside()


class _Told:
    """The models of a run while they are told its events."""

    def __init__(self, view: KernelView, leverages: Mapping[str, int]) -> None:
        self._view = view
        self._leverages = leverages
        self._listed = {instrument.id: instrument for instrument in view.cache.instruments()}
        self._orders: dict[str, OrderModel] = {}
        self._positions: dict[str, PositionModel] = {}
        self._where: dict[str, tuple[str, str]] = {}  # account and instrument of a position
        self._accounts: dict[str, AccountModel] = {}
        self._states: dict[str, list[AccountState]] = {}
        self._settled: dict[tuple[str, str], int] = {}

    # --- telling -----------------------------------------------------------------------------

    def hear(self, fact: object) -> Violation | None:
        """Take one fact; says so if it could not come now."""
        if isinstance(fact, OrderInitialized):
            self._orders[fact.client_order_id] = OrderModel(fact)
        elif isinstance(fact, OrderEvent):
            model = self._orders.get(fact.client_order_id)
            if model is None:
                return Violation(fact.client_order_id, f"{type(fact).__name__} of no order")
            refusal = model.add(fact)
            if refusal is not None:
                told = f"{type(fact).__name__} counted, and cannot: {refusal}"
                return Violation(fact.client_order_id, told)
            if isinstance(fact, OrderFilled):
                self._fill(fact)
        elif isinstance(fact, AccountState):
            self._state(fact)
        elif isinstance(fact, InstrumentSettled):
            self._settle(fact)
        return None

    def _fill(self, fill: OrderFilled) -> None:
        execution = _executed(fill)
        account = self._account(fill.account_id)
        account.add_fill(fill.instrument_id, execution)
        position = self._positions.get(fill.position_id)
        if position is None:
            terms = _terms(self._listed[fill.instrument_id])
            position = self._positions[fill.position_id] = PositionModel(terms)
            self._where[fill.position_id] = (fill.account_id, fill.instrument_id)
        position.add(execution)
        price = self._settled.get((fill.account_id, fill.instrument_id))
        if price is not None and position.story.holding.signed:
            position.settle(price, fill.ts_event, fill.ts_init)

    def _state(self, state: AccountState) -> None:
        states = self._states.setdefault(state.account_id, [])
        if state.reported and not states:
            account = self._account(state.account_id)
            for balance in state.balances:
                account.open(balance.currency.code, balance.total_raw)
        states.append(state)

    def _settle(self, event: InstrumentSettled) -> None:
        price: int = event.price.raw
        self._settled[event.account_id, event.instrument_id] = price
        self._account(event.account_id).settled[event.instrument_id] = price
        for name, position in self._positions.items():
            where = (event.account_id, event.instrument_id)
            if self._where[name] == where and position.story.holding.signed:
                position.settle(price, event.ts_event, event.ts_init)

    def _account(self, account_id: str) -> AccountModel:
        model = self._accounts.get(account_id)
        if model is None:
            venue = Venue(account_id.partition("-")[0])
            account = self._view.cache.account_for_venue(venue)
            is_margin = account is not None and account.account_type is AccountType.MARGIN
            listed = {
                str(name): _terms(instrument)
                for name, instrument in self._listed.items()
                if name.venue == venue
            }
            leverage = self._leverages[venue] if is_margin else None
            model = self._accounts[account_id] = AccountModel(listed, leverage)
        return model

    # --- comparing ---------------------------------------------------------------------------

    def orders_beside(self) -> Iterator[Violation]:
        orders = {order.client_order_id: order for order in self._view.orders()}
        for name, model in self._orders.items():
            order = orders.get(model.init.client_order_id)
            if order is None:
                yield Violation(name, "began and is not there")
                continue
            yield from _order_beside(name, order, model)
        for order in orders.values():
            if order.client_order_id not in self._orders:
                yield Violation(order.client_order_id, "is there and never began")

    def positions_beside(self) -> Iterator[Violation]:
        for name, model in self._positions.items():
            position = self._view.cache.position(PositionId(name))
            if position is None:
                yield Violation(name, "was filled and is not there")
            elif not position.id.is_virtual:  # one that is never turned: what goes beyond is anew
                yield from _position_beside(name, position, model)

    def accounts_beside(self) -> Iterator[Violation]:
        for order in self._orders.values():
            if order.account is not None:
                account = self._account(order.account)
                account.orders[order.init.client_order_id] = (order.init.instrument_id, order)
        for name, states in self._states.items():
            model = self._account(name)
            model.note_locks()
            yield from self._account_beside(name, model, states)

    def _account_beside(
        self, name: str, model: AccountModel, states: list[AccountState]
    ) -> list[Violation]:
        beside = _Beside(name)
        account = self._view.cache.account(states[0].account_id)
        if account is None:
            beside.note("account", None, name)
            return beside.found
        expected = model.balances()
        for code in dict.fromkeys((*account.balances, *expected)):
            balance = account.balances.get(code)
            held = _NOTHING
            if balance is not None:
                beside.note(f"balance of {code} in", balance.currency.code, code)
                held = Held(balance.total_raw, balance.locked_raw, balance.free_raw)
            beside.note_amount(f"balance of {code}", held, expected.get(code, _NOTHING))
        margins = {
            str(margin.instrument_id): (margin.initial_raw, margin.maintenance_raw)
            for margin in account.margins.values()
        }
        beside.note_amount("margins", margins, model.margins())
        if beside.found:
            return beside.found  # of what is not listed nobody knows the currency
        for instrument_id, margin in account.margins.items():
            currency = model.listed[instrument_id].currency
            beside.note(f"currency of {instrument_id}", margin.currency.code, currency)
        last = states[-1]
        beside.note("states", account.events_count, len(states))
        beside.note("last state", account.last_event, last)
        balances = tuple(account.balances.values())
        beside.note("balances of the last state", last.balances, balances)
        by_instrument = {margin.instrument_id: margin for margin in last.margins}
        beside.note("margins of the last state", by_instrument, dict(account.margins))
        is_in_debt = min([held.total for held in expected.values()], default=0) < 0
        beside.note("is in debt", account.is_breached, is_in_debt)
        beside.note("leverage", account.leverage, 1 if model.leverage is None else model.leverage)
        if isinstance(account, MarginAccount):
            nets = {
                (str(where), position): (net.signed_raw, net.booked_raw)
                for (where, position), net in account.nets.items()
            }
            holdings = {where: model.net(*where) for where in model.positions()}
            beside.note_amount(
                "nets",
                nets,
                {where: (holding.signed, holding.booked) for where, holding in holdings.items()},
            )
        return beside.found


class _Beside:
    """What the kernel says of one of its things beside what the models say.

    Attributes:
        found: where they differ.
    """

    __slots__ = ("_subject", "found")

    def __init__(self, subject: str) -> None:
        self._subject = subject
        self.found: list[Violation] = []

    def note(self, what: str, ours: object, theirs: object) -> None:
        if ours is not theirs and ours != theirs:
            self._tell(what, ours, theirs)

    def note_amount(self, what: str, ours: object, theirs: object) -> None:
        """Of units of 1e-16, alone or in tuples and by name; told as what they amount to."""
        if ours != theirs:
            self._tell(what, _exact(ours), _exact(theirs))

    def note_number(self, what: str, ours: Decimal | None, theirs_raw: int | None) -> None:
        """A number beside units of 1e-16; None beside none."""
        theirs = None if theirs_raw is None else _EXACTLY.scaleb(Decimal(theirs_raw), -16)
        if ours != theirs:
            told = None if ours is None else Fraction(ours)
            self._tell(what, told, _exact(theirs_raw))

    def _tell(self, what: str, ours: object, theirs: object) -> None:
        told = f"{what}: {_shown(ours)}, by its events {_shown(theirs)}"
        self.found.append(Violation(self._subject, told))


def _shown(value: object) -> str:
    name = getattr(value, "name", None)
    return str(value if name is None else name)


def _exact(amount: Any) -> object:
    """What units of 1e-16 come to."""
    if isinstance(amount, dict):
        return {name: _exact(each) for name, each in amount.items()}
    if isinstance(amount, Held):
        return Held._make([Fraction(each, RAW) for each in amount])
    if isinstance(amount, tuple):
        return tuple([_exact(each) for each in amount])
    return None if amount is None else Fraction(amount, RAW)


def _order_beside(name: str, order: Order, model: OrderModel) -> list[Violation]:
    """Everything that an order shows. What its beginning said, it says still."""
    beside = _Beside(name)
    init = model.init
    beside.note("trader_id", order.trader_id, init.trader_id)
    beside.note("strategy_id", order.strategy_id, init.strategy_id)
    beside.note("instrument_id", order.instrument_id, init.instrument_id)
    beside.note("client_order_id", order.client_order_id, init.client_order_id)
    beside.note("side", order.side, init.side)
    beside.note("order_type", order.order_type, init.order_type)
    beside.note("time_in_force", order.time_in_force, init.time_in_force)
    beside.note("post_only", order.post_only, init.post_only)
    beside.note("reduce_only", order.reduce_only, init.reduce_only)
    beside.note("expire_time_ns", order.expire_time_ns, init.expire_time_ns)
    beside.note("tags", order.tags, init.tags)
    beside.note("trigger_type", order.trigger_type, init.trigger_type)
    beside.note("ts_init", order.ts_init, init.ts_init)
    events = model.events
    beside.note("events", order.events, events)
    for event in events:
        if event.trader_id != init.trader_id:
            beside.note(f"trader of {type(event).__name__}", event.trader_id, init.trader_id)
    if beside.found:
        return beside.found  # of events that are not the order's nobody knows what they hold
    asked = model.asked()
    beside.note("status", order.status, model.status)
    beside.note("status beneath", order.previous_status, model.status_beneath)
    requests = {name: trigger.name for name, trigger in order.requests.items()}
    beside.note("requests", requests, {name: kind.name for name, kind in asked.items()})
    filled, quantity = model.filled_raw, model.quantity_raw
    beside.note("quantity", (order.quantity.raw, order.quantity_raw), (quantity, quantity))
    beside.note("in quote", order.is_quote_quantity, model.is_in_quote)
    beside.note("filled", (order.filled_qty.raw, order.filled_raw), (filled, filled))
    beside.note("leaves", order.leaves_raw, model.leaves_raw)
    beside.note("overfill", order.overfill_raw, model.overfill_raw)
    beside.note_number("average price", order.avg_px, model.mean_price_raw)
    beside.note_number("slippage", order.slippage, model.slippage_raw())
    paid = {code: amount.raw for code, amount in order.commissions.items()}
    beside.note("commissions", paid, model.commission_raw())
    beside.note("price", None if order.price is None else order.price.raw, model.price_raw)
    trigger = order.trigger_price
    beside.note("trigger price", None if trigger is None else trigger.raw, model.trigger_raw)
    account = model.account
    beside.note("account", order.account_id, account)
    for event in events:
        named: Any = event
        if hasattr(event, "account_id") and named.account_id != account:
            beside.note(f"account of {type(event).__name__}", named.account_id, account)
    beside.note("venue order ids", order.venue_order_ids, model.venue_order_ids())
    beside.note("venue order id", order.venue_order_id, model.venue_order_id)
    fills = model.fills()
    beside.note("trades", dict(order.trade_ids), {fill.trade_id: fill for fill in fills})
    if fills:
        beside.note("position", order.position_id, fills[-1].position_id)
        beside.note("liquidity side", order.liquidity_side, fills[-1].liquidity_side)
    beside.note("ts_submitted", order.ts_submitted, model.ts_submitted)
    beside.note("ts_accepted", order.ts_accepted, model.ts_accepted)
    beside.note("ts_last", order.ts_last, events[-1].ts_event)
    beside.note("ts_closed", order.ts_closed, model.ts_closed)
    return beside.found


def _position_beside(name: str, position: Position, model: PositionModel) -> list[Violation]:
    beside = _Beside(name)
    story = model.story
    holding, present = story.holding, story.present
    beside.note_amount("holds", position.signed_raw, holding.signed)
    beside.note_number("shows", position.signed_qty, holding.signed)
    beside.note_amount("quantity", position.quantity.raw, abs(holding.signed))
    beside.note("is open", position.is_open, bool(holding.signed))
    beside.note_amount("dust", position.dust_raw, story.dust)
    beside.note_amount("settled", position.settled_raw, story.settled)
    beside.note("cycles", len(position.cycles), len(story.cycles) - 1)
    _cycle_beside(beside, position, present, model)
    beside.note("ts_last", position.ts_last, present.ts_last)
    beside.note("trades", list(position.trade_ids), present.trade_ids)
    fees = {code: paid.raw for code, paid in position.commissions.items()}
    beside.note_amount("fees", fees, present.fees)
    for closed, cycle in zip(position.cycles, story.cycles, strict=False):
        _cycle_beside(beside, closed, cycle, model)
    return beside.found


def _cycle_beside(beside: _Beside, told: Any, cycle: Cycle, model: PositionModel) -> None:
    beside.note("entered long", told.entry is BUY, cycle.is_entered_long)
    beside.note("opening order", told.opening_order_id, cycle.opening_order_id)
    beside.note("closing order", told.closing_order_id, cycle.closing_order_id)
    beside.note("peak", getattr(told.peak_quantity, "raw", None), cycle.peak)
    beside.note_number("mean price in", told.avg_px_open, cycle.mean_open)
    beside.note_number("mean price out", told.avg_px_close, cycle.mean_close(model.story.holding))
    realized = told.realized_pnl
    beside.note_amount("realized", realized.raw, cycle.realized)
    beside.note("realized in", realized.currency.code, model.terms.currency)
    beside.note("ts_opened", told.ts_opened, cycle.ts_opened)
    beside.note("ts_closed", told.ts_closed, cycle.ts_closed)
    beside.note("duration", told.duration_ns, cycle.duration_ns)


def _terms(instrument: Instrument) -> Terms:
    """What the instrument's numbers mean, from its definition."""
    cost, base = instrument.cost_currency, instrument.base_currency
    is_pair = isinstance(instrument, CurrencyPair)
    return Terms(
        multiplier=instrument.multiplier.raw,
        is_inverse=instrument.is_inverse,
        currency=cost.code,
        decimals=cost.precision,
        base="" if base is None else base.code,
        base_decimals=0 if base is None else base.precision,
        fee_moves_quantity=is_pair,
        step=instrument.size_increment.raw,
        margin_init=instrument.margin_init_raw,
        margin_maint=instrument.margin_maint_raw,
        pays_premium=instrument.pays_premium,
    )


def _executed(fill: OrderFilled) -> Execution:
    quantity: int = fill.last_qty.raw
    return Execution(
        fill.trade_id,
        fill.client_order_id,
        quantity if fill.side is BUY else -quantity,
        fill.last_px.raw,
        fill.commission.raw,
        fill.commission.currency.code,
        fill.commission.currency.precision,
        fill.ts_event,
        fill.ts_init,
        fill.venue_position_id or "",
    )
