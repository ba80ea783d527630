"""What execution cases look for: the terms of orders, their fills, their times, their requests.

Each check is a sentence (its docstring) and says what it found.
"""

from bisect import bisect_right
from collections.abc import Iterator
from fractions import Fraction
from typing import Final

from conformance.evidence import OPEN_AT_VENUE, Exhibit
from conformance.oracles import fills_of
from conformance.testers import SECOND
from engine.model.enums import BUY, OrderStatus, OrderType
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
from engine.model.orders import Order

SOON_NS: Final = SECOND
DAY_NS: Final = 86_400 * SECOND


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


def bought_for_the_amount(exhibit: Exhibit) -> Iterator[str]:
    """The venue was asked for an amount of quote currency, and its trades in base make up that
    amount, short of it by less than one increment; nothing of the order is left."""
    order = _first(exhibit)
    entry = None if order is None else exhibit.ledger.get(order.client_order_id)
    if order is None or entry is None:
        yield "no order came to the venue"
        return
    amount_raw = order.init.quantity.raw
    if not order.init.quote_quantity or entry.money_raw != amount_raw:
        yield f"the amount is {amount_raw} raw, the venue was asked for {entry.money_raw}"
    own = [f for f in exhibit.truth.fills if f.client_order_id == order.client_order_id]
    if len(own) < 2:
        yield f"{len(own)} trades: the order was to take several levels"
        return
    instrument = exhibit.instrument
    paid_raw = sum(instrument.notional_raw(fill.quantity_raw, fill.price_raw) for fill in own)
    step_raw = instrument.notional_raw(instrument.size_increment.raw, own[-1].price_raw)
    if not 0 <= amount_raw - paid_raw < step_raw:
        yield f"{paid_raw} raw were paid of {amount_raw}; one increment is worth {step_raw}"
    if order.is_quote_quantity or order.leaves_raw or order.quantity_raw != entry.quantity_raw:
        yield f"{order!r}, at the venue its size is {entry.quantity_raw} raw"


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


def one_batch_of_all(exhibit: Exhibit) -> Iterator[str]:
    """The venue was asked once, in one batch with every order, and in no other way."""
    for kind in ("CANCEL", "CANCEL_ALL"):
        if count := _requests(exhibit, kind):
            yield f"{count} requests of kind {kind}"
    batches = [r for r in exhibit.truth.requests if r.kind == "BATCH_CANCEL"]
    if len(batches) != 1:
        yield f"{len(batches)} batches"
    named = sorted(name for batch in batches for name in batch.client_order_ids)
    meant = sorted(str(order.client_order_id) for order in exhibit.view.orders())
    if named != meant:
        yield f"the batch names {named}, open were {meant}"


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
