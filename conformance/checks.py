"""What single cases look for beside the global oracles, by the names that cases use.

Each check is a sentence (its docstring) and says what it found. `STEADY` ones hold under faults
too; the others describe the course of things when nothing is wrong.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Final

from conformance.evidence import OPEN_AT_VENUE, Exhibit, Finding, TrueQuote
from conformance.oracles import fills_of
from conformance.testers import MILLISECOND, SECOND, Levels
from engine.model.data import F_LAST, F_SNAPSHOT, OrderBookDeltas, QuoteTick, TradeTick
from engine.model.enums import BUY, AggressorSide, BookAction, OrderStatus, OrderType
from engine.model.events import (
    AccountState,
    OrderCanceled,
    OrderCancelRejected,
    OrderDenied,
    OrderExpired,
    OrderFilled,
    OrderRejected,
    Refused,
)
from engine.model.identifiers import InstrumentId
from engine.model.orders import Order
from engine.model.reports import InstrumentReceived

Check = Callable[[Exhibit], Iterator[str]]

LEAST: Final = 5  # market data messages without which a case has shown nothing
LAG_NS: Final = 20 * MILLISECOND  # the kernel's picture of a calm market is no older
SOON_NS: Final = SECOND
DAY_NS: Final = 86_400 * SECOND

_FIELDS: Final = (
    "price_precision",
    "size_precision",
    "price_increment",
    "size_increment",
    "multiplier",
    "min_quantity",
    "max_quantity",
    "margin_init_raw",
    "margin_maint_raw",
    "maker_fee_raw",
    "taker_fee_raw",
    "base_currency",
    "quote_currency",
    "settlement_currency",
    "is_inverse",
)


def judge(exhibit: Exhibit) -> list[Finding]:
    """What the case's own checks find."""
    return [
        Finding(name, detail)
        for name in exhibit.case.checks
        if exhibit.calm or name in STEADY
        for detail in CHECKS[name](exhibit)
    ]


# --- instruments ---------------------------------------------------------------------------


def instruments(exhibit: Exhibit) -> Iterator[str]:
    """The cache holds what the venue lists, each told once, equal in every field."""
    known = [str(instrument.id) for instrument in exhibit.view.cache.instruments()]
    listed = sorted(str(instrument.id) for instrument in exhibit.listing)
    if sorted(known) != listed:
        yield f"the venue lists {listed}, the kernel knows {known}"
    told: dict[str, int] = {}
    for record in exhibit.records:
        if isinstance(record.input, InstrumentReceived):
            name = str(record.input.instrument.id)
            told[name] = told.get(name, 0) + 1
    for name, count in told.items():
        if count != 1 and exhibit.calm:
            yield f"{name} was told {count} times"
    for instrument in exhibit.listing:
        yield from _same_instrument(exhibit, instrument.id)


def one_instrument(exhibit: Exhibit) -> Iterator[str]:
    """The instrument is there by its id; of an id that is not listed there is nothing."""
    yield from _same_instrument(exhibit, exhibit.instrument.id)
    unknown = exhibit.data.unknown_id
    if exhibit.view.cache.instrument(unknown) is not None:
        yield f"{unknown} is listed nowhere and known to the kernel"
    if exhibit.view.cache.quote_tick(unknown) is not None or exhibit.data.stray:
        yield f"there are quotes of {unknown}"


def _same_instrument(exhibit: Exhibit, instrument_id: InstrumentId) -> Iterator[str]:
    known = exhibit.view.cache.instrument(instrument_id)
    true = next((i for i in exhibit.listing if i.id == instrument_id), None)
    if known is None or true is None:
        yield f"{instrument_id} is not known"
        return
    if type(known) is not type(true):
        yield f"{instrument_id} is a {type(true).__name__}, not a {type(known).__name__}"
    for field in _FIELDS:
        if getattr(known, field) != getattr(true, field):
            said, held = getattr(true, field), getattr(known, field)
            yield f"{instrument_id}: {field} is {said}, the kernel holds {held}"


# --- quotes and trades ---------------------------------------------------------------------


def quotes(exhibit: Exhibit) -> Iterator[str]:
    """Quotes are the venue's touch: none lost, none twice, in order; the cache shows the last."""
    heard = exhibit.data.quotes
    yield from _all_heard(exhibit.told(QuoteTick), heard)
    published = exhibit.log.quotes
    if len(heard) < LEAST:
        yield f"only {len(heard)} quotes"
        return
    for tick, latest in zip(heard, exhibit.data.latest, strict=True):
        if latest != tick:
            yield f"the cache showed another quote than the one at {tick.ts_event}"
        both = tick.bid_size_mantissa and tick.ask_size_mantissa
        if both and tick.bid_mantissa >= tick.ask_mantissa:
            yield f"crossed at {tick.ts_event}"
    seen = [
        TrueQuote(
            tick.ts_event,
            tick.bid_mantissa,
            tick.ask_mantissa,
            tick.bid_size_mantissa,
            tick.ask_size_mantissa,
        )
        for tick in heard
    ]
    times = [quote.ts for quote in published]
    last_ns = 0
    told: dict[TrueQuote, None] = {}
    for quote in seen:
        at = bisect_right(times, quote.ts) - 1
        if at < 0 or not _same_touch(published[at], quote):
            yield f"the touch at {quote.ts} was never {quote}"
        if quote.ts < last_ns or quote in told:
            yield f"the quote of {quote.ts} came out of order or twice"
        told[quote] = None
        last_ns = quote.ts
    if not _same_touch(published[-1], seen[-1]):
        yield f"the last quote is {published[-1]}, the kernel holds {seen[-1]}"
    if exhibit.calm:
        # the first restates the touch at the subscription; then every change, once
        missed = [q for q in published[bisect_right(times, seen[0].ts) :] if q not in told]
        if missed:
            yield f"{len(missed)} quotes never came, the first {missed[0]}"


def _all_heard(told: Sequence[object], heard: Sequence[object]) -> Iterator[str]:
    """Whether the kernel passed on all that the adapter told, or had to refuse some of it."""
    if list(told) != list(heard):
        yield f"the adapter told {len(told)} messages, the kernel passed {len(heard)} of them on"


def _same_touch(a: TrueQuote, b: TrueQuote) -> bool:
    return (a.bid, a.ask, a.bid_size, a.ask_size) == (b.bid, b.ask, b.bid_size, b.ask_size)


def trades(exhibit: Exhibit) -> Iterator[str]:
    """Trades are the venue's, one to one by trade id, with price, size and aggressor."""
    heard = exhibit.data.trades
    yield from _all_heard(exhibit.told(TradeTick), heard)
    if len(heard) < LEAST:
        yield f"only {len(heard)} trades"
        return
    published = exhibit.log.trades
    places = {trade.trade_id: place for place, trade in enumerate(published)}
    last = -1
    for tick in heard:
        place = places.get(tick.trade_id)
        if place is None:
            yield f"{tick.trade_id} never happened"
            continue
        if place <= last:
            yield f"{tick.trade_id} came out of order or twice"
        true = published[place]
        aggressor = AggressorSide.BUYER if true.aggressor == "BUY" else AggressorSide.SELLER
        said = (true.price, true.size, aggressor, true.ts)
        held = (tick.price_mantissa, tick.size_mantissa, tick.aggressor_side, tick.ts_event)
        if said != held:
            yield f"{tick.trade_id} is {said}, the kernel heard {held}"
        if exhibit.calm and last >= 0 and place != last + 1:
            yield f"{place - last - 1} trades before {tick.trade_id} never came"
        last = place
    if exhibit.calm:
        first = places.get(heard[0].trade_id, 0)
        if first and published[first - 1].ts > exhibit.data.started_ns + LAG_NS:
            yield f"{published[first - 1].trade_id} came after the subscription, and was not heard"
        if last != len(published) - 1:
            yield "the last trades never came"


# --- books ---------------------------------------------------------------------------------


def deltas(exhibit: Exhibit) -> Iterator[str]:
    """A picture first, then changes; folded they are the venue's book, never an older one."""
    batches = exhibit.told(OrderBookDeltas)
    yield from _all_heard(batches, exhibit.data.deltas)
    if len(batches) < LEAST:
        yield f"only {len(batches)} batches"
        return
    first = batches[0].deltas[0]
    if first.action is not BookAction.CLEAR or not first.flags & F_SNAPSHOT:
        yield "the first batch is no picture"
    for batch in batches:
        ends = [delta for delta in batch.deltas if delta.flags & F_LAST]
        if len(ends) != 1 or not batch.deltas[-1].flags & F_LAST:
            yield f"the batch at {batch.ts_init} does not end with its last change"
    states = fold(batches)
    yield from _in_step(exhibit, states)


def _in_step(exhibit: Exhibit, states: list[tuple[int, Levels, Levels]]) -> Iterator[str]:
    """Whether the states are the venue's books in the venue's order, up to its last."""
    books = exhibit.log.books
    place = bisect_right([ts for ts, _, _ in books], states[0][0]) - 1
    while place >= 0 and books[place][1:] != states[0][1:]:
        place -= 1
    if place < 0:
        yield "the venue's book never was what the first picture shows"
        return
    for number, (ts, bids, asks) in enumerate(states[1:], 1):
        ahead = place
        while ahead < len(books) and books[ahead][1:] != (bids, asks):
            ahead += 1
        if ahead == len(books):
            yield f"the book after batch {number} (at {ts}) is none that the venue had by then"
            return
        if exhibit.calm and ahead - place > 1:
            yield f"{ahead - place - 1} changes before batch {number} never came"
        place = ahead
    if books[place][1:] != books[-1][1:]:
        yield f"the book stands {len(books) - 1 - place} changes behind the venue's"


def managed_book(exhibit: Exhibit) -> Iterator[str]:
    """After each batch the kernel's own book is the fold of all batches, and never crossed."""
    tester = exhibit.data
    states = fold(tester.deltas)
    if len(tester.managed) != len(states):
        yield f"{len(states)} batches, {len(tester.managed)} looks at the book"
        return
    for (ts, bids, asks), (_, true_bids, true_asks) in zip(tester.managed, states, strict=True):
        if (bids, asks) != (true_bids, true_asks):
            yield f"the kernel's book at {ts} is not the fold of what it was told"
            return
        if bids and asks and bids[0][0] >= asks[0][0]:
            yield f"the kernel's book is crossed at {ts}"


def interval_books(exhibit: Exhibit) -> Iterator[str]:
    """At each instant of the interval, exactly, the kernel shows the venue's book."""
    tester = exhibit.data
    pictures = tester.pictures
    interval_ns = tester.config.book_interval_ms * MILLISECOND
    if len(pictures) < LEAST - 1:
        yield f"only {len(pictures)} looks at the book"
        return
    books = exhibit.log.books
    times = [ts for ts, _, _ in books]
    least = 0
    for number, (ts, bids, asks) in enumerate(pictures, 1):
        if ts != tester.started_ns + number * interval_ns:
            yield f"look {number} was at {ts}, not at its instant"
        newest = bisect_right(times, ts) - 1
        oldest = max(bisect_right(times, ts - LAG_NS) - 1, 0) if exhibit.calm else least
        place = next((p for p in range(newest, oldest - 1, -1) if books[p][1:] == (bids, asks)), -1)
        if place >= 0:
            least = place
        elif exhibit.calm or bids or asks:  # in a storm the first picture may be late
            yield f"at {ts} the kernel showed a book that the venue did not have"
    if not pictures[-1][1]:
        yield "the book never came"


def fold(batches: list[OrderBookDeltas]) -> list[tuple[int, Levels, Levels]]:
    """The book after each batch, from the batches alone: when it was heard, bids, asks."""
    bids: dict[int, int] = {}
    asks: dict[int, int] = {}
    states = []
    for batch in batches:
        for delta in batch.deltas:
            if delta.action is BookAction.CLEAR:
                bids.clear()
                asks.clear()
                continue
            side = bids if delta.side is BUY else asks
            if delta.action is BookAction.DELETE or not delta.size_mantissa:
                side.pop(delta.price_mantissa, None)
            else:
                side[delta.price_mantissa] = delta.size_mantissa
        shown_bids = tuple(sorted(bids.items(), reverse=True))
        states.append((batch.ts_init, shown_bids, tuple(sorted(asks.items()))))
    return states


# --- terms ---------------------------------------------------------------------------------


def ledger_terms(exhibit: Exhibit) -> Iterator[str]:
    """The venue's ledger has every order with exactly the terms that the kernel holds."""
    for order in exhibit.view.orders():
        entry = exhibit.ledger.get(order.client_order_id)
        if entry is None:
            if exhibit.calm:
                yield f"{order.client_order_id} never came to the venue"
            continue
        init = order.init
        price, trigger = order.price, order.trigger_price
        held = (
            order.side.name,
            order.order_type.name,
            order.time_in_force.name,
            order.quantity_raw,
            None if price is None else price.raw,
            None if trigger is None else trigger.raw,
            order.expire_time_ns,
            init.post_only,
            init.reduce_only,
        )
        said = (
            entry.side,
            entry.order_type,
            entry.time_in_force,
            entry.quantity_raw,
            entry.price_raw,
            entry.trigger_price_raw,
            entry.expire_time_ns,
            entry.post_only,
            entry.reduce_only,
        )
        if held != said:
            yield f"{order.client_order_id} is {said} at the venue, the kernel holds {held}"


def prices_at_offset(exhibit: Exhibit) -> Iterator[str]:
    """Each limit order stands the configured distance behind the touch it was reckoned from."""
    tester = exhibit.execution
    behind = tester.config.tob_offset_ticks * exhibit.instrument.tick_mantissa
    for order in exhibit.view.orders():
        tick = tester.placed.get(order.client_order_id)
        if tick is None or order.price is None or order.order_type is not OrderType.LIMIT:
            continue
        if order.side is BUY:
            meant = tick.bid_mantissa - behind
        else:
            meant = tick.ask_mantissa + behind
        if order.price.mantissa != meant:
            yield f"{order.client_order_id} stands at {order.price}, meant was {meant}"


def open_at_both(exhibit: Exhibit) -> Iterator[str]:
    """Every order that was not ended rests, here and at the venue, unfilled."""
    resting = [order for order in exhibit.view.orders() if not order.is_closed]
    if not resting:
        yield "nothing rests"
    for order in resting:
        entry = exhibit.ledger.get(order.client_order_id)
        if order.status is not OrderStatus.ACCEPTED or entry is None or entry.status != "ACCEPTED":
            said = "unknown" if entry is None else entry.status
            yield f"{order.client_order_id} is {order.status.name} here and {said} at the venue"


def nothing_open(exhibit: Exhibit) -> Iterator[str]:
    """No order is open any more, here or at the venue."""
    for order in exhibit.view.orders():
        if not order.is_closed:
            yield f"{order.client_order_id} is {order.status.name}"
    for entry in exhibit.ledger.values():
        if entry.status in OPEN_AT_VENUE:
            yield f"{entry.client_order_id} is {entry.status} at the venue"


# --- fills ---------------------------------------------------------------------------------


def entry_position(exhibit: Exhibit) -> Iterator[str]:
    """The position is what was ordered, with its side."""
    tester = exhibit.execution
    lots = tester.config.open_position_on_start_lots
    meant = exhibit.instrument.make_qty(tester.config.lot).raw * lots
    held = sum(position.signed_raw for position in exhibit.view.positions())
    if held != meant:
        yield f"the position is {held} raw, ordered was {meant}"
    order = _first(exhibit)
    published = exhibit.log.quotes
    times = [quote.ts for quote in published]
    for fill in [] if order is None else fills_of(order.events):
        before = published[bisect_right(times, fill.ts_event - 1) - 1]
        touch = before.ask if fill.side is BUY else before.bid
        beyond = (
            fill.last_px.mantissa < touch if fill.side is BUY else fill.last_px.mantissa > touch
        )
        if beyond:
            yield f"{fill.trade_id} is better than the touch: {fill.last_px} against {touch}"


def average_price(exhibit: Exhibit) -> Iterator[str]:
    """The average price is the volume-weighted mean of the venue's trades."""
    order = _first(exhibit)
    if order is None:
        yield "no order left"
        return
    own = [f for f in exhibit.truth.fills if f.client_order_id == order.client_order_id]
    if len(own) < 2:
        yield f"{len(own)} trades: the order was to take several levels"
        return
    size = sum(fill.quantity_raw for fill in own)
    mean = Fraction(sum(f.quantity_raw * f.price_raw for f in own), size * 10**16)
    if order.avg_px is None or abs(Fraction(order.avg_px) - mean) > Fraction(1, 10**12):
        yield f"the mean is {float(mean)}, the order says {order.avg_px}"


def account_follows_fill(exhibit: Exhibit) -> Iterator[str]:
    """Each fill's turn tells the account's new state after it."""
    for record in exhibit.records:
        kinds = [type(fact) for fact in record.facts]
        for place, kind in enumerate(kinds):
            if kind is OrderFilled and AccountState not in kinds[place:]:
                yield f"turn {record.turn} has a fill and no account state after it"


def one_execution_group(exhibit: Exhibit) -> Iterator[str]:
    """All trades of the order happened at one instant."""
    times = sorted({fill.ts: None for fill in exhibit.truth.fills})
    if len(times) != 1:
        yield f"the trades happened at {times}"


def flat_after_close(exhibit: Exhibit) -> Iterator[str]:
    """The closing order is the opposite of the opening one, and nothing is left."""
    if exhibit.truth.positions:
        yield f"the venue still holds {exhibit.truth.positions}"
    orders = _in_order(exhibit)
    if len(orders) != 2:
        yield f"{len(orders)} orders instead of two"
        return
    opened, closed = orders
    if opened.side is closed.side or opened.quantity_raw != closed.quantity_raw:
        yield f"{opened.side.name} {opened.quantity} was closed by {closed.side.name} {closed.quantity}"


def took_something(exhibit: Exhibit) -> Iterator[str]:
    """The order traded."""
    if not exhibit.truth.fills:
        yield "nothing traded"


def no_fill(exhibit: Exhibit) -> Iterator[str]:
    """Nothing traded."""
    if exhibit.truth.fills:
        yield f"{len(exhibit.truth.fills)} trades"


def ioc_remainder(exhibit: Exhibit) -> Iterator[str]:
    """What was not taken at once was canceled for that reason, and never said to have expired."""
    for name, events in exhibit.events_by_order().items():
        kinds = [type(event) for event in events]
        if OrderExpired in kinds:
            yield f"{name} is said to have expired"
        entry = exhibit.ledger.get(name)
        if OrderCanceled in kinds and (entry is None or entry.reason != "IOC_REMAINDER"):
            yield f"{name} was canceled for {entry.reason if entry else 'nothing'}"


# --- time ----------------------------------------------------------------------------------


def expires_in_time(exhibit: Exhibit) -> Iterator[str]:
    """An order that reached its time has expired, once, then, and was not canceled."""
    for order in exhibit.view.orders():
        entry = exhibit.ledger.get(order.client_order_id)
        if entry is None or entry.status == "REJECTED":
            continue
        ends = [e for e in order.events if isinstance(e, OrderExpired | OrderCanceled)]
        if len(ends) != 1 or not isinstance(ends[0], OrderExpired):
            kinds = [type(event).__name__ for event in ends]
            yield f"{order.client_order_id} should expire, and there is {kinds}"
        elif not 0 <= ends[0].ts_event - order.expire_time_ns <= SOON_NS:
            yield f"{order.client_order_id} expired at {ends[0].ts_event}, not at its time"


def ends_with_the_day(exhibit: Exhibit) -> Iterator[str]:
    """A DAY order rests to the end of the session, and not longer."""
    for order in exhibit.view.orders():
        day_end_ns = (order.ts_init // DAY_NS + 1) * DAY_NS
        ended_ns = order.events[-1].ts_event
        if not order.is_closed or not 0 <= ended_ns - day_end_ns <= SOON_NS:
            yield f"{order.client_order_id} is {order.status.name} since {ended_ns}"


def triggers_at_its_tick(exhibit: Exhibit) -> Iterator[str]:
    """One tick short of the trigger nothing happens; at the trigger the order does."""
    if len(exhibit.moves) != 2:
        yield f"the market moved {len(exhibit.moves)} times of two"
        return
    at_ns = exhibit.moves[1][0]
    for fill in exhibit.truth.fills:
        if fill.ts < at_ns:
            yield f"{fill.client_order_id} traded one tick short of its trigger"
    for word, name, ts in exhibit.log.orders:
        if word == "TRIGGERED" and ts < at_ns:
            yield f"{name} was triggered one tick short"
    if not exhibit.truth.fills:
        yield "the trigger was touched and nothing traded"


# --- changing and cancelling ---------------------------------------------------------------


def one_amend(exhibit: Exhibit) -> Iterator[str]:
    """The order was amended by exactly one request, and not made anew."""
    amends = _requests(exhibit, "MODIFY")
    if amends != 1:
        yield f"{amends} requests to amend"
    if len(exhibit.view.orders()) != 1:
        yield f"{len(exhibit.view.orders())} orders instead of one"
    for order in exhibit.view.orders():
        if order.price == order.init.price and order.trigger_price == order.init.trigger_price:
            yield f"{order.client_order_id} is as it was"


def no_amend(exhibit: Exhibit) -> Iterator[str]:
    """The venue was not asked to amend, and the order is as it was."""
    if amends := _requests(exhibit, "MODIFY"):
        yield f"{amends} requests to amend"
    for order in exhibit.view.orders():
        if order.price != order.init.price:
            yield f"{order.client_order_id} stands at {order.price}, not at {order.init.price}"


def never_two_live(exhibit: Exhibit) -> Iterator[str]:
    """The replacement was accepted after its predecessor was gone."""
    live: dict[str, None] = {}
    for word, name, ts in exhibit.log.orders:
        if word == "ACCEPTED":
            live[name] = None
            if len(live) > 1:
                yield f"at {ts} {' and '.join(live)} were live together"
        elif word in ("CANCELED", "EXPIRED", "REJECTED"):
            live.pop(name, None)


def one_cancel_each(exhibit: Exhibit) -> Iterator[str]:
    """Each order was canceled by one request of its own."""
    if _requests(exhibit, "CANCEL_ALL"):
        yield "the venue was asked to cancel all"
    for order in exhibit.view.orders():
        count = _requests(exhibit, "CANCEL", order.client_order_id)
        if count != 1:
            yield f"{count} requests to cancel {order.client_order_id}"


def second_cancel_is_answered(exhibit: Exhibit) -> Iterator[str]:
    """A cancel of a canceled order is rejected or refused aloud, and the order stays canceled."""
    answers = [
        *exhibit.facts(OrderCancelRejected),
        *(f for f in exhibit.facts(Refused) if isinstance(f, Refused) and "CancelOrder" in f.of),
    ]
    if len(answers) != 1:
        yield f"{len(answers)} answers to the second cancel"
    for order in exhibit.view.orders():
        if order.status is not OrderStatus.CANCELED:
            yield f"{order.client_order_id} is {order.status.name}"


# --- parts ---------------------------------------------------------------------------------


def _in_order(exhibit: Exhibit) -> list[Order]:
    """The orders that left, in the order they were made."""
    orders = {str(order.client_order_id): order for order in exhibit.view.orders()}
    made = [orders[name] for name in exhibit.events_by_order()]
    return [o for o in made if not isinstance(o.last_event, OrderDenied | OrderRejected)]


def _first(exhibit: Exhibit) -> Order | None:
    return next(iter(_in_order(exhibit)), None)


def _requests(exhibit: Exhibit, kind: str, client_order_id: str | None = None) -> int:
    return sum(
        1
        for request in exhibit.truth.requests
        if request.kind == kind and client_order_id in (None, request.client_order_id)
    )


_ALL: Final[tuple[Check, ...]] = (
    instruments,
    one_instrument,
    quotes,
    trades,
    deltas,
    managed_book,
    interval_books,
    ledger_terms,
    prices_at_offset,
    open_at_both,
    nothing_open,
    entry_position,
    average_price,
    account_follows_fill,
    one_execution_group,
    flat_after_close,
    took_something,
    no_fill,
    ioc_remainder,
    expires_in_time,
    ends_with_the_day,
    triggers_at_its_tick,
    one_amend,
    no_amend,
    never_two_live,
    one_cancel_each,
    second_cancel_is_answered,
)
CHECKS: Final[Mapping[str, Check]] = {check.__name__: check for check in _ALL}
STEADY: Final = (
    "instruments",
    "one_instrument",
    "quotes",
    "trades",
    "deltas",
    "managed_book",
    "interval_books",
    "ledger_terms",
    "account_follows_fill",
    "no_fill",
    "ioc_remainder",
    "expires_in_time",
    "never_two_live",
)
