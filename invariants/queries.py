"""What the cache and the portfolio answer, against a scan of all there is.

Each question is asked with every argument that means something in the run, and with one that
means nothing. That is a great many questions, so they are asked in sampled runs, when all is over.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import product
from typing import Any, ClassVar, Final

from engine.cache import Account, Cache
from engine.model.bars import Bar
from engine.model.currencies import Currency, CurrencyType
from engine.model.data import QuoteTick
from engine.model.enums import BUY, SELL, AccountType, OrderStatus
from engine.model.identifiers import (
    AccountId,
    ClientOrderId,
    InstrumentId,
    PositionId,
    StrategyId,
    Venue,
)
from engine.model.instruments import CurrencyPair, Instrument
from engine.model.orders import Order
from engine.model.positions import Position
from engine.model.values import Money, Price
from engine.portfolio import Portfolio
from invariants.check import Check
from invariants.evidence import Evidence
from invariants.money import notional_raw
from invariants.violation import Violation

_S: Final = OrderStatus
_OVER: Final = (_S.DENIED, _S.REJECTED, _S.CANCELED, _S.EXPIRED, _S.FILLED)
_LOCAL: Final = (_S.INITIALIZED, _S.EMULATED, _S.RELEASED)
_UNANSWERED: Final = (_S.SUBMITTED, _S.PENDING_UPDATE, _S.PENDING_CANCEL)
_NOT_OPEN: Final = (*_OVER, *_LOCAL, _S.SUBMITTED)
_NOBODY: Final = StrategyId("Nobody-000")
_NOWHERE: Final = AccountId("NOWHERE-0")
_NO_POSITION: Final = PositionId("P-NOBODYS")
_UNHEARD_OF: Final = Currency("NOWHERES", 2, 0, "of no account", CurrencyType.FIAT)


def _is_open(order: Order) -> bool:
    return order.status not in _NOT_OPEN


_ORDER_SETS: Final[Mapping[str, Callable[[Order], bool]]] = {
    "orders": lambda order: True,
    "orders_open": _is_open,
    "orders_inflight": lambda order: order.status in _UNANSWERED,
    "orders_closed": lambda order: order.status in _OVER,
    "orders_active_local": lambda order: order.status in _LOCAL,
}
_POSITION_SETS: Final[Mapping[str, Callable[[Position], bool]]] = {
    "positions": lambda position: True,
    "positions_open": lambda position: bool(position.signed_raw),
    "positions_closed": lambda position: not position.signed_raw,
}


class QueriesAreScans(Check):
    samples: ClassVar[bool] = True

    def end(self, evidence: Evidence) -> Iterator[Violation]:
        cache = evidence.view.cache
        names = [ClientOrderId(name) for name in evidence.witnesses]
        orders = [order for name in names if (order := cache.order(name)) is not None]
        ids = {event.position_id: None for event in evidence.view.fills()}
        positions = [found for each in ids if (found := cache.position(each)) is not None]
        beyond = [each for each in cache.positions() if each.id not in ids]
        positions.extend(beyond)  # of a fill that went through a virtual one
        yield from _sets_of_orders(cache, orders)
        yield from _sets_of_positions(cache, positions)
        for order in orders:
            yield from _about_order(cache, order)
        for position in positions:
            yield from _about_position(cache, position, orders)
        for question in ("position", "strategy_id_for_position"):
            answer = getattr(cache, question)(_NO_POSITION)
            yield from _unequal(f"{question} of {_NO_POSITION}", answer, None)
        yield from _about_accounts(cache, evidence)
        owners = [order.strategy_id for order in orders]
        owners += [position.strategy_id for position in positions]
        strategies = sorted(dict.fromkeys(owners))
        yield from _unequal("strategy_ids", cache.strategy_ids(), strategies)


def _sets_of_orders(cache: Cache, orders: Sequence[Order]) -> Iterator[Violation]:
    everywhere = _arguments(orders)
    ordered = sorted(orders, key=lambda order: order.client_order_id)
    matching: list[tuple[tuple[Any, ...], list[Order]]] = []
    for *where, account in everywhere:
        venue, instrument_id, strategy_id = where
        found = [
            order
            for order in ordered
            if (instrument_id is None or order.instrument_id == instrument_id)
            and (strategy_id is None or order.strategy_id == strategy_id)
            and (account is None or order.account_id == account)
            and (venue is None or order.instrument_id.venue == venue)
        ]
        matching.append(((*where, None, account), found))
        for side in (BUY, SELL):
            of_side = [order for order in found if order.side is side]
            matching.append(((*where, side, account), of_side))
    for question, belongs in _ORDER_SETS.items():
        of_kind = [order.client_order_id for order in ordered if belongs(order)]
        named = dict.fromkeys(of_kind)
        ask = getattr(cache, question)
        for wanted, found in matching:
            expected = [order for order in found if order.client_order_id in named]
            answer = ask(*wanted)
            if answer != expected:  # others, or others by the same names
                yield from _unequal(
                    f"{question} of {_words(wanted)}",
                    [order.client_order_id for order in answer],
                    [order.client_order_id for order in expected],
                )
        count = getattr(
            cache, f"{question}_count" if question != "orders" else "orders_total_count"
        )
        yield from _unequal(f"{question}: count", count(), len(of_kind))


def _sets_of_positions(cache: Cache, positions: Sequence[Position]) -> Iterator[Violation]:
    for question, belongs in _POSITION_SETS.items():
        of_kind = sorted(filter(belongs, positions), key=lambda position: position.id)
        ask = getattr(cache, question)
        for wanted in _arguments(positions):
            venue, instrument_id, strategy_id, account_id = wanted
            expected = [
                position
                for position in of_kind
                if (venue is None or position.instrument_id.venue == venue)
                and (instrument_id is None or position.instrument_id == instrument_id)
                and (strategy_id is None or position.strategy_id == strategy_id)
                and (account_id is None or position.account_id == account_id)
            ]
            answer = ask(*wanted)
            if answer != expected:
                yield from _unequal(
                    f"{question} of {_words(wanted)}",
                    [position.id for position in answer],
                    [position.id for position in expected],
                )
        name = "positions_total_count" if question == "positions" else f"{question}_count"
        yield from _unequal(f"{question}: count", getattr(cache, name)(), len(of_kind))


class _Answers:
    """What was answered about one of the kernel's things beside what a scan gives.

    Attributes:
        wrong: where they differ.
    """

    __slots__ = ("_name", "wrong")

    def __init__(self, name: str) -> None:
        self._name = name
        self.wrong: list[Violation] = []

    def note(self, question: str, answer: object, expected: object) -> None:
        if answer != expected:
            self.wrong.extend(_unequal(f"{question} {self._name}", answer, expected))


def _about_order(cache: Cache, order: Order) -> list[Violation]:
    name, status = order.client_order_id, order.status
    is_open, is_inflight = _is_open(order), status in _UNANSWERED
    answers = _Answers(name)
    answers.note("is_order_open of", cache.is_order_open(name), is_open)
    answers.note("is_order_inflight of", cache.is_order_inflight(name), is_inflight)
    answers.note("is_order_closed of", cache.is_order_closed(name), status in _OVER)
    answers.note("is_order_active_local of", cache.is_order_active_local(name), status in _LOCAL)
    leaving = cache.is_order_pending_cancel_local(name)
    answers.note("is_order_pending_cancel_local of", leaving, status is _S.PENDING_CANCEL)
    answers.note("order_exists of", cache.order_exists(name), True)
    owner = cache.strategy_id_for_order(name)
    answers.note("strategy_id_for_order of", owner, order.strategy_id)
    answers.note("venue_order_id of", cache.venue_order_id(name), order.venue_order_id)
    for venue_order_id in order.venue_order_ids:
        known = cache.client_order_id(venue_order_id)
        if known != name:
            what = f"client_order_id of {venue_order_id}"
            answers.wrong.extend(_unequal(what, known, name))
    doubted = any(each is order for each in cache.orders_unresolved())
    answers.note("is_order_unresolved", cache.is_order_unresolved(name), doubted)
    is_working = is_open or is_inflight
    works = is_working and order in list(cache.working_orders(order.instrument_id))
    if works != is_working:
        answers.wrong.extend(_unequal(f"{name} works", works, is_working))
    position_id = cache.position_id(name)
    if order.position_id is not None and not order.position_id.is_virtual:
        answers.note("position_id of", position_id, order.position_id)
    if order.filled_raw:
        position = cache.position_for_order(name)
        shown = None if position is None else position.id
        answers.note("position_for_order", shown, position_id)
    return answers.wrong


def _about_position(
    cache: Cache, position: Position, orders: Sequence[Order]
) -> Iterator[Violation]:
    name, is_open = position.id, bool(position.signed_raw)
    answers = (
        ("is_position_open", is_open),
        ("is_position_closed", not is_open),
        ("position_exists", True),
        ("position", position),
        ("strategy_id_for_position", position.strategy_id),
    )
    for question, expected in answers:
        yield from _unequal(f"{question} of {name}", getattr(cache, question)(name), expected)
    told = [order.client_order_id for order in cache.orders_for_position(name)]
    if told != sorted(told):
        yield Violation("cache", f"orders_for_position {name} is not sorted: {told}")
    for order in orders:
        if order.position_id == name and order.client_order_id not in told:
            yield Violation("cache", f"orders_for_position {name} lacks {order.client_order_id}")
    for named in told:
        found = cache.order(named)
        if found is None or found.strategy_id != position.strategy_id:
            yield Violation("cache", f"orders_for_position {name} tells of {named}")


def _about_accounts(cache: Cache, evidence: Evidence) -> Iterator[Violation]:
    opened = sorted(evidence.openings)
    yield from _unequal("accounts", [account.id for account in cache.accounts()], opened)
    for account in cache.accounts():
        venue = Venue(account.id.issuer)
        yield from _unequal(f"account_id of {venue}", cache.account_id(venue), account.id)
        found = cache.account_for_venue(venue)
        yield from _unequal(f"account_for_venue {venue}", found is account, True)
        for question in ("balance", "balance_total", "balance_locked", "balance_free"):
            answer = getattr(account, question)(_UNHEARD_OF)
            yield from _unequal(f"{question} of {_UNHEARD_OF.code}", answer, None)
        for balance in account.balances.values():
            currency = balance.currency
            shown = account.balance(currency)
            parts = (balance.total_raw, balance.locked_raw, balance.free_raw)
            answers = (
                account.balance_total(currency),
                account.balance_locked(currency),
                account.balance_free(currency),
            )
            where = f"{account.id} {currency.code}"
            yield from _unequal(f"balance of {where}", shown is balance, True)
            yield from _unequal(f"parts of {where}", _amounts(answers, currency.code), parts)


def _amounts(answers: Sequence[Money | None], code: str) -> tuple[int | None, ...]:
    return tuple(
        None if each is None or each.currency.code != code else each.raw for each in answers
    )


def _arguments(held: Sequence[Any]) -> list[tuple[Any, ...]]:
    """(venue, instrument, strategy, account): alone, each beside each, and all that one object
    has; with what nobody has."""
    venues: list[Any] = [*dict.fromkeys(each.instrument_id.venue for each in held)]
    instruments = [*dict.fromkeys(each.instrument_id for each in held)]
    strategies = [*dict.fromkeys(each.strategy_id for each in held), _NOBODY]
    accounts = [*dict.fromkeys(each.account_id for each in held if each.account_id), _NOWHERE]
    found = [
        (None, None, None, None),
        *((venue, None, None, None) for venue in venues),
        *((None, instrument, None, None) for instrument in instruments),
        *((None, None, strategy, None) for strategy in strategies),
        *((None, None, None, account) for account in accounts),
        *((None, *pair, None) for pair in product(instruments, strategies)),
        *((venue, None, None, account) for venue, account in product(venues, accounts)),
    ]
    full = [
        (each.instrument_id.venue, each.instrument_id, each.strategy_id, each.account_id)
        for each in held
    ]
    return list(dict.fromkeys((*found, *full)))


class PortfolioAddsUp(Check):
    """The sums are over the positions and balances that the kernel shows, which others judge."""

    samples: ClassVar[bool] = True

    def end(self, evidence: Evidence) -> Iterator[Violation] | None:
        portfolio = evidence.portfolio
        if portfolio is None:
            return None
        return self._judge(portfolio, evidence.view.cache)

    def _judge(self, portfolio: Portfolio, cache: Cache) -> Iterator[Violation]:
        positions = cache.positions()
        marks = {position.id: _mark(position, cache) for position in positions}
        flat = not any(position.signed_raw for position in positions)
        yield from _unequal("is_completely_flat", portfolio.is_completely_flat(), flat)
        for instrument in cache.instruments():
            held = [each for each in positions if each.instrument_id == instrument.id]
            yield from _of_instrument(portfolio, instrument, held, marks)
        for account in cache.accounts():
            venue = Venue(account.id.issuer)
            there = [each for each in positions if each.instrument_id.venue == venue]
            yield from _of_account(portfolio, venue, account, there, marks, cache)
        nowhere = Venue("NOWHERE")
        questions = ("account", "equity", "balances_locked", "margins_init", "margins_maint")
        for question in questions:
            answer = getattr(portfolio, question)(nowhere)
            yield from _unequal(f"{question} of {nowhere}", answer, None)


def _of_instrument(
    portfolio: Portfolio,
    instrument: Instrument,
    held: Sequence[Position],
    marks: Mapping[PositionId, Price | None],
) -> Iterator[Violation]:
    name = instrument.id
    net = sum(position.signed_raw for position in held)
    yield from _unequal(f"net_raw of {name}", portfolio.net_raw(name), net)
    yield from _unequal(f"net_position of {name}", portfolio.net_position(name), _decimal(net))
    yield from _unequal(f"is_net_long {name}", portfolio.is_net_long(name), net > 0)
    yield from _unequal(f"is_net_short {name}", portfolio.is_net_short(name), net < 0)
    yield from _unequal(f"is_flat {name}", portfolio.is_flat(name), net == 0)
    realized = sum(
        position.realized_pnl.raw + sum(cycle.realized_pnl.raw for cycle in position.cycles)
        for position in held
    )
    yield from _worth(f"realized_pnl of {name}", portfolio.realized_pnl(name), realized, instrument)
    some: Price | None = next((mark for mark in marks.values() if mark is not None), None)
    some = some if some is not None and held else Price("17.25")
    for price in (None, some):
        at = {each.id: marks[each.id] if price is None else price for each in held}
        gain = net_worth = gross = 0
        unknown = False
        for position in held:
            mark = at[position.id]
            if not position.signed_raw:
                continue
            if mark is None:
                unknown = True
                break
            gain += position.unrealized_pnl(mark).raw
            value = notional_raw(instrument, abs(position.signed_raw), mark.raw)
            net_worth += value if position.signed_raw > 0 else -value
            gross += abs(value)
        answers = (
            ("unrealized_pnl", portfolio.unrealized_pnl(name, price), gain),
            ("total_pnl", portfolio.total_pnl(name, price), gain + realized),
            ("net_exposure", portfolio.net_exposure(name, price), net_worth),
            ("gross_exposure", portfolio.gross_exposure(name, price), gross),
        )
        for question, answer, expected in answers:
            where = f"{question} of {name} at {price}"
            yield from _worth(where, answer, None if unknown else expected, instrument)


def _of_account(
    portfolio: Portfolio,
    venue: Venue,
    account: Account,
    held: Sequence[Position],
    marks: Mapping[PositionId, Price | None],
    cache: Cache,
) -> Iterator[Violation]:
    yield from _unequal(f"account of {venue}", portfolio.account(venue) is account, True)
    locked = {code: balance.locked_raw for code, balance in account.balances.items()}
    yield from _unequal(f"locked at {venue}", _raws(portfolio.balances_locked(venue)), locked)
    margins = sorted(account.margins.items())
    initial = {name: margin.initial_raw for name, margin in margins}
    maintenance = {name: margin.maintenance_raw for name, margin in margins}
    yield from _unequal(f"margins at {venue}", _raws(portfolio.margins_init(venue)), initial)
    answer = _raws(portfolio.margins_maint(venue))
    yield from _unequal(f"maintenance at {venue}", answer, maintenance)
    worth = {code: balance.total_raw for code, balance in account.balances.items()}
    missing: dict[InstrumentId, None] = {}
    nets: dict[InstrumentId, int] = {}
    for position in held:
        name, signed = position.instrument_id, position.signed_raw
        instrument, mark = cache.instrument(name), marks[position.id]
        if instrument is None or not signed:
            continue
        nets[name] = nets.get(name, 0) + signed
        if mark is None:
            missing[name] = None
            continue
        code = instrument.cost_currency.code
        if account.account_type is AccountType.MARGIN and not instrument.pays_premium:
            worth[code] = worth.get(code, 0) + position.unrealized_pnl(mark).raw
        elif not isinstance(instrument, CurrencyPair):
            value = notional_raw(instrument, abs(signed), mark.raw)
            worth[code] = worth.get(code, 0) + (value if signed > 0 else -value)
    yield from _unequal(f"equity at {venue}", _raws(portfolio.equity(venue)), worth)
    unpriced = portfolio.missing_price_instruments(venue)
    yield from _unequal(f"without a price at {venue}", unpriced, sorted(missing))
    for name, net in nets.items():
        answered = portfolio.account_net_raw(account.id, name)
        yield from _unequal(f"account_net_raw of {name}", answered, net)


def _mark(position: Position, cache: Cache) -> Price | None:
    """What the market gives for it: a bid for a long, an ask for a short, else the last trade,
    else the close of the newest bar."""
    name = position.instrument_id
    quote: QuoteTick | None = cache.quote_tick(name)
    if quote is not None:
        is_long = position.signed_raw > 0
        size = quote.bid_size if is_long else quote.ask_size
        if size.raw:
            return quote.bid_price if is_long else quote.ask_price
    trade = cache.trade_tick(name)
    if trade is not None:
        return trade.price
    bars: list[Bar] = []
    for bar_type in cache.bar_types():
        bar = cache.bar(bar_type)
        if bar is not None and bar_type.instrument_id == name:
            bars.append(bar)
    newest = max((bar.ts_init for bar in bars), default=0)
    return next((bar.close for bar in bars if bar.ts_init == newest), None)


def _worth(
    what: str, answer: Money | None, expected: int | None, instrument: Instrument
) -> Iterator[Violation]:
    told = None if answer is None else (answer.raw, answer.currency.code)
    due = None if expected is None else (expected, instrument.cost_currency.code)
    return _unequal(what, told, due)


def _raws(amounts: Mapping[Any, Money] | None) -> dict[Any, int] | None:
    return None if amounts is None else {key: amount.raw for key, amount in amounts.items()}


def _decimal(raw: int) -> Decimal:
    return Decimal(raw).scaleb(-16)


def _words(wanted: Sequence[object]) -> str:
    return ", ".join([str(each) for each in wanted if each is not None]) or "anything"


def _unequal(what: str, answer: object, expected: object) -> Iterator[Violation]:
    if answer != expected:
        yield Violation("kernel", f"{what}: {answer}, a scan gives {expected}")
