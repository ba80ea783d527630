"""The slow models' word on a whole run: told the events that the kernel wrote down, what orders,
positions and accounts come to, and where the kernel's own differ.

The models (`simulation.models`) walk their lists anew for every question, so a run is judged by
them once, when it is over, and only where it is sampled. They hear of events only: whether these
were the right ones is for others to judge.
"""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
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
from simulation.models.holding import ZERO, Terms
from simulation.models.order import OrderModel
from simulation.models.position import Cycle, Execution, PositionModel

_RAW: Final = 10**16
_NOTHING: Final = Held(ZERO, ZERO, ZERO)
_Beside = tuple[str, object, object]  # what it is, the kernel's, the model's


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
        self._settled: dict[tuple[str, str], Fraction] = {}

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
        position.add(execution._replace(position=""))
        price = self._settled.get((fill.account_id, fill.instrument_id))
        if price is not None and position.story.holding.signed:
            position.settle(price, fill.ts_event, fill.ts_init)

    def _state(self, state: AccountState) -> None:
        states = self._states.setdefault(state.account_id, [])
        if state.reported and not states:
            account = self._account(state.account_id)
            for balance in state.balances:
                account.open(balance.currency.code, _exact(balance.total_raw))
        states.append(state)

    def _settle(self, event: InstrumentSettled) -> None:
        price = _exact(event.price.raw)
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
            yield from _unequal(name, _order_beside(order, model))
        for order in orders.values():
            if order.client_order_id not in self._orders:
                yield Violation(order.client_order_id, "is there and never began")

    def positions_beside(self) -> Iterator[Violation]:
        for name, model in self._positions.items():
            position = self._view.cache.position(PositionId(name))
            if position is None:
                yield Violation(name, "was filled and is not there")
            elif not position.id.is_virtual:  # one that is never turned: what goes beyond is anew
                yield from _unequal(name, _position_beside(position, model))

    def accounts_beside(self) -> Iterator[Violation]:
        for order in self._orders.values():
            if order.account is not None:
                account = self._account(order.account)
                account.orders[order.init.client_order_id] = (order.init.instrument_id, order)
        for name, states in self._states.items():
            model = self._account(name)
            model.note_locks()
            yield from _unequal(name, self._account_beside(name, model, states))

    def _account_beside(
        self, name: str, model: AccountModel, states: list[AccountState]
    ) -> Iterator[_Beside]:
        account = self._view.cache.account(states[0].account_id)
        if account is None:
            yield "account", None, name
            return
        expected = model.balances()
        for code in dict.fromkeys((*account.balances, *expected)):
            balance = account.balances.get(code)
            held = _NOTHING
            if balance is not None:
                yield f"balance of {code} in", balance.currency.code, code
                parts = balance.total_raw, balance.locked_raw, balance.free_raw
                held = Held(*map(_exact, parts))
            yield f"balance of {code}", held, expected.get(code, _NOTHING)
        margins = {
            str(margin.instrument_id): (_exact(margin.initial_raw), _exact(margin.maintenance_raw))
            for margin in account.margins.values()
        }
        yield "margins", margins, model.margins()
        for instrument_id, margin in account.margins.items():
            currency = model.listed[instrument_id].currency
            yield f"currency of {instrument_id}", margin.currency.code, currency
        yield "states", account.events_count, len(states)
        yield "last state", account.last_event, states[-1]
        last = states[-1]
        yield "balances of the last state", last.balances, tuple(account.balances.values())
        yield "margins of the last state", _by_instrument(last.margins), dict(account.margins)
        yield "is in debt", account.is_breached, any(held.total < 0 for held in expected.values())
        yield "leverage", account.leverage, 1 if model.leverage is None else model.leverage
        if isinstance(account, MarginAccount):
            nets = {
                (str(where), position): (_exact(net.signed_raw), _exact(net.booked_raw))
                for (where, position), net in account.nets.items()
            }
            holdings = {where: model.net(*where) for where in model.positions()}
            yield (
                "nets",
                nets,
                {where: (holding.signed, holding.booked) for where, holding in holdings.items()},
            )


def _unequal(name: str, beside: Iterator[_Beside]) -> Iterator[Violation]:
    for what, ours, theirs in beside:
        if ours != theirs:
            yield Violation(name, f"{what}: {_shown(ours)}, by its events {_shown(theirs)}")


def _shown(value: object) -> str:
    name = getattr(value, "name", None)
    return str(value if name is None else name)


def _by_instrument(margins: tuple[Any, ...]) -> dict[object, object]:
    return {margin.instrument_id: margin for margin in margins}


def _order_beside(order: Order, model: OrderModel) -> Iterator[_Beside]:
    """Everything that an order shows. What its beginning said, it says still."""
    init = model.init
    for name in (
        "trader_id",
        "strategy_id",
        "instrument_id",
        "client_order_id",
        "side",
        "order_type",
        "time_in_force",
        "post_only",
        "reduce_only",
        "expire_time_ns",
        "tags",
        "trigger_type",
        "ts_init",
    ):
        yield name, getattr(order, name), getattr(init, name)
    events = model.events
    yield "events", order.events, events
    for event in events:
        yield f"trader of {type(event).__name__}", event.trader_id, init.trader_id
    asked = model.asked()
    yield "status", order.status, model.status
    yield "status beneath", order.previous_status, model.status_beneath
    requests = {name: trigger.name for name, trigger in order.requests.items()}
    yield "requests", requests, {name: kind.name for name, kind in asked.items()}
    filled, quantity = model.filled_raw, model.quantity_raw
    yield "quantity", (order.quantity.raw, order.quantity_raw), (quantity, quantity)
    yield "in quote", order.is_quote_quantity, model.is_in_quote
    yield "filled", (order.filled_qty.raw, order.filled_raw), (filled, filled)
    yield "leaves", order.leaves_raw, model.leaves_raw
    yield "overfill", order.overfill_raw, model.overfill_raw
    yield "average price", _number(order.avg_px), _rounded(model.mean_price)
    yield "slippage", _number(order.slippage), model.slippage()
    paid = {code: amount.raw for code, amount in order.commissions.items()}
    yield "commissions", paid, model.commission_raw()
    yield "price", None if order.price is None else order.price.raw, model.price_raw
    trigger = order.trigger_price
    yield "trigger price", None if trigger is None else trigger.raw, model.trigger_raw
    account = model.account
    yield "account", order.account_id, account
    for event in events:
        named: Any = event
        if hasattr(event, "account_id"):
            yield f"account of {type(event).__name__}", named.account_id, account
    yield "venue order ids", order.venue_order_ids, model.venue_order_ids()
    yield "venue order id", order.venue_order_id, model.venue_order_id
    fills = model.fills()
    yield "trades", dict(order.trade_ids), {fill.trade_id: fill for fill in fills}
    if fills:
        yield "position", order.position_id, fills[-1].position_id
        yield "liquidity side", order.liquidity_side, fills[-1].liquidity_side
    yield "ts_submitted", order.ts_submitted, model.ts_submitted
    yield "ts_accepted", order.ts_accepted, model.ts_accepted
    yield "ts_last", order.ts_last, events[-1].ts_event
    yield "ts_closed", order.ts_closed, model.ts_closed


def _position_beside(position: Position, model: PositionModel) -> Iterator[_Beside]:
    story = model.story
    holding, present = story.holding, story.present
    yield "holds", _exact(position.signed_raw), holding.signed
    yield "shows", Fraction(position.signed_qty), holding.signed
    yield "quantity", _exact(position.quantity.raw), abs(holding.signed)
    yield "is open", position.is_open, bool(holding.signed)
    yield "dust", _exact(position.dust_raw), story.dust
    yield "settled", _exact(position.settled_raw), story.settled
    yield "cycles", len(position.cycles), len(story.cycles) - 1
    yield from _cycle_beside(position, present, model)
    yield "ts_last", position.ts_last, present.ts_last
    yield "trades", list(position.trade_ids), present.trade_ids
    fees = {code: _exact(paid.raw) for code, paid in position.commissions.items()}
    yield "fees", fees, present.fees
    for closed, cycle in zip(position.cycles, story.cycles, strict=False):
        yield from _cycle_beside(closed, cycle, model)


def _cycle_beside(told: Any, cycle: Cycle, model: PositionModel) -> Iterator[_Beside]:
    yield "entered long", told.entry is BUY, cycle.is_entered_long
    yield "opening order", told.opening_order_id, cycle.opening_order_id
    yield "closing order", told.closing_order_id, cycle.closing_order_id
    peak = getattr(told.peak_quantity, "raw", None)
    yield "peak", peak, int(cycle.peak * _RAW)
    yield "mean price in", _number(told.avg_px_open), cycle.mean_open
    yield "mean price out", _number(told.avg_px_close), cycle.mean_close(model.story.holding)
    yield "realized", _exact(told.realized_pnl.raw), cycle.realized
    yield "realized in", told.realized_pnl.currency.code, model.terms.currency
    yield "ts_opened", told.ts_opened, cycle.ts_opened
    yield "ts_closed", told.ts_closed, cycle.ts_closed
    yield "duration", told.duration_ns, cycle.duration_ns


def _terms(instrument: Instrument) -> Terms:
    """What the instrument's numbers mean, from its definition."""
    cost, base = instrument.cost_currency, instrument.base_currency
    is_pair = isinstance(instrument, CurrencyPair)
    return Terms(
        multiplier=_exact(instrument.multiplier.raw),
        is_inverse=instrument.is_inverse,
        currency=cost.code,
        decimals=cost.precision,
        base="" if base is None else base.code,
        base_decimals=0 if base is None else base.precision,
        fee_moves_quantity=is_pair,
        step=_exact(instrument.size_increment.raw),
        margin_init=_exact(instrument.margin_init_raw),
        margin_maint=_exact(instrument.margin_maint_raw),
        pays_premium=instrument.pays_premium,
    )


def _executed(fill: OrderFilled) -> Execution:
    quantity = _exact(fill.last_qty.raw)
    return Execution(
        fill.trade_id,
        fill.client_order_id,
        quantity if fill.side is BUY else -quantity,
        _exact(fill.last_px.raw),
        _exact(fill.commission.raw),
        fill.commission.currency.code,
        fill.commission.currency.precision,
        fill.ts_event,
        fill.ts_init,
        fill.venue_position_id or "",
    )


def _exact(raw: int) -> Fraction:
    return Fraction(raw, _RAW)


def _number(number: Decimal | None) -> Fraction | None:
    return None if number is None else Fraction(number)


def _rounded(number: Fraction | None) -> Fraction | None:
    return None if number is None else Fraction(round(number * _RAW), _RAW)
