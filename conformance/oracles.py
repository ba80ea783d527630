"""The global oracles G1 to G10: what must hold after every case, whatever it was about.

Each is a sentence with its check, which is handed the `Exhibit` and says what it found. S is the
stream of events the kernel applied, C its cache, V the venue. G2 to G5 and G7 are judged twice:
while the tester runs and all is quiet, and when everything has ended. G10 needs two runs and is
judged by `conformance.certify`.
"""

from collections.abc import Callable, Iterator
from typing import Final

import msgspec

from conformance.cases import matches
from conformance.evidence import OPEN_AT_VENUE, Exhibit, Finding, symbols
from engine.model.events import (
    Alert,
    OrderAccepted,
    OrderCanceled,
    OrderEvent,
    OrderExpired,
    OrderFilled,
    OrderTriggered,
    OrderUpdated,
    Refused,
)
from engine.model.identifiers import ClientOrderId
from engine.model.order_table import OrderEventRefused
from engine.model.orders import Order

Check = Callable[[Exhibit], Iterator[str]]

# A venue's event reaches the kernel within this when nothing is wrong with the network.
PROMPT_NS: Final = 250_000_000

# Every life an order may have; after its end only fills can still be heard of. A part of a fill
# that came after the end may complete the order.
_ALIVE: Final = "A | T | PU | PX | U | MR | CR | PF"
_LIFE: Final = f"I ( D | (S ({_ALIVE})* (R | (X|E|F) (PF|F)*)?) )?"

_TOLD: Final[dict[type, str]] = {
    OrderAccepted: "ACCEPTED",
    OrderTriggered: "TRIGGERED",
    OrderUpdated: "UPDATED",
    OrderCanceled: "CANCELED",
    OrderExpired: "EXPIRED",
}


class Oracle(msgspec.Struct, frozen=True):
    """`while_running`: judged before the stop too."""

    id: str
    sentence: str
    check: Check
    while_running: bool = False


def judge(exhibit: Exhibit, while_running: bool) -> list[Finding]:
    """What the oracles find now."""
    return [
        Finding(oracle.id, detail)
        for oracle in ORACLES
        if oracle.while_running or not while_running
        for detail in oracle.check(exhibit)
    ]


def _every_event_is_legal(exhibit: Exhibit) -> Iterator[str]:
    for name, events in exhibit.events_by_order().items():
        life = symbols(events)
        if not matches(_LIFE, life):
            yield f"{name} went through {' '.join(life)}"
            continue
        first = events[0]
        order = Order(first)  # type: ignore[arg-type]  # `_LIFE` begins with I
        for event in events[1:]:
            try:
                order.apply(event)
            except OrderEventRefused as refusal:
                yield f"{name} in {order.status.name}: {type(event).__name__}: {refusal.reason}"
                break


def _fills_agree(exhibit: Exhibit) -> Iterator[str]:
    true_fills = {fill.trade_id: fill for fill in exhibit.truth.fills}
    if len(true_fills) != len(exhibit.truth.fills):
        yield "the venue used a trade id twice"
    heard: dict[str, OrderFilled] = {}
    sums: dict[str, int] = {}
    for event in exhibit.order_events():
        if not isinstance(event, OrderFilled):
            continue
        if event.trade_id in heard:
            yield f"{event.trade_id} was applied twice"
        heard[event.trade_id] = event
        name = event.client_order_id
        sums[name] = sums.get(name, 0) + event.last_qty.raw
        true = true_fills.get(event.trade_id)
        if true is None:
            yield f"{event.trade_id} never happened"
            continue
        believed = (
            name,
            event.instrument_id,
            event.side.name,
            event.last_qty.raw,
            event.last_px.raw,
            event.commission.raw,
            event.commission.currency.code,
        )
        said = (
            true.client_order_id,
            true.instrument_id,
            true.side,
            true.quantity_raw,
            true.price_raw,
            true.fee_raw,
            true.fee_currency,
        )
        if believed != said:
            yield f"{event.trade_id} is {said}, the kernel holds {believed}"
    for trade_id, true in true_fills.items():
        if trade_id not in heard:
            yield f"{trade_id} of {true.client_order_id} was never heard of"
    true_orders = {order.client_order_id: order for order in exhibit.truth.orders}
    for order in exhibit.view.orders():
        name = order.client_order_id
        if order.filled_raw != sums.get(name, 0):
            yield f"{name} is filled {order.filled_raw} raw, its fills sum to {sums.get(name, 0)}"
        at_venue = true_orders.get(name)
        if at_venue is not None and at_venue.filled_raw != order.filled_raw:
            yield f"{name}: the venue filled {at_venue.filled_raw} raw, here {order.filled_raw}"


def _positions_agree(exhibit: Exhibit) -> Iterator[str]:
    net: dict[str, int] = {}
    for position in exhibit.view.positions():
        key = str(position.instrument_id)
        net[key] = net.get(key, 0) + position.signed_raw
    held = {name: raw for name, raw in sorted(net.items()) if raw}
    true = dict(exhibit.truth.positions)
    if held != true:
        yield f"the venue holds {true}, the kernel {held}"


def _open_orders_agree(exhibit: Exhibit) -> Iterator[str]:
    cache = exhibit.view.cache
    working = [*cache.orders_open(), *cache.orders_inflight()]
    believed = sorted({order.client_order_id: None for order in working})
    true = sorted(
        order.client_order_id for order in exhibit.truth.orders if order.status in OPEN_AT_VENUE
    )
    if believed != true:
        yield f"open at the venue: {true}; for the kernel: {believed}"
    for order in cache.orders_unresolved():
        yield f"{order.client_order_id} is unresolved"


def _nothing_complains(exhibit: Exhibit) -> Iterator[str]:
    yield from exhibit.view.cache.check_integrity()
    for line in exhibit.errors:
        yield f"{line.component_id} logged: {line.text}"
    if not exhibit.calm:
        return
    for alert in exhibit.facts(Alert):
        yield str(alert)
    if not exhibit.case.allows_refusals:
        for refused in exhibit.facts(Refused):
            yield str(refused)


def _one_request_per_order(exhibit: Exhibit) -> Iterator[str]:
    asked: dict[str, int] = {}
    for request in exhibit.truth.requests:
        if request.kind == "SUBMIT":
            asked[request.client_order_id] = asked.get(request.client_order_id, 0) + 1
    for name, count in asked.items():
        if count > 1:
            yield f"{name} was submitted {count} times"
    for order in exhibit.truth.orders:
        if exhibit.view.order(ClientOrderId(order.client_order_id)) is None:
            yield f"the venue has an order {order.client_order_id} that the kernel never made"


def _balances_agree(exhibit: Exhibit) -> Iterator[str]:
    true = {b.currency: (b.total_raw, b.locked_raw) for b in exhibit.truth.balances}
    accounts = exhibit.view.accounts()
    if len(accounts) != 1:
        yield f"the kernel has {len(accounts)} accounts"
        return
    held = {
        code: (balance.total.raw, balance.locked.raw)
        for code, balance in accounts[0].balances.items()
    }
    for code, (total_raw, locked_raw) in true.items():
        if held.get(code, (0, 0)) != (total_raw, locked_raw):
            yield f"{code}: total and locked are {(total_raw, locked_raw)}, not {held.get(code)}"


def _nothing_is_left_behind(exhibit: Exhibit) -> Iterator[str]:
    for held in exhibit.stopping:
        if held.channel != "user":
            yield f"{held.channel} {held.instrument_id} is still subscribed after the stop"
    for held in exhibit.truth.subscriptions:
        yield f"{held.channel} {held.instrument_id} is subscribed after the disconnect"
    for owner, name, _ in exhibit.view.timers():
        yield f"{owner} still has a timer {name}"
    if exhibit.late_requests:
        yield f"the venue was called {exhibit.late_requests} times after the end"


def _times_are_right(exhibit: Exhibit) -> Iterator[str]:
    fills = {fill.trade_id: fill.ts for fill in exhibit.truth.fills}
    told = dict.fromkeys(exhibit.log.orders)
    last_ns = 0
    for event in exhibit.order_events():
        if event.ts_init < last_ns:
            yield f"{type(event).__name__} {event.client_order_id} goes back in time"
        last_ns = event.ts_init
        if isinstance(event, OrderFilled):
            ts = fills.get(event.trade_id, event.ts_event)
            if event.ts_event != ts:
                yield f"{event.trade_id} happened at {ts}, the kernel says {event.ts_event}"
        elif type(event) not in _TOLD:
            continue
        elif exhibit.calm:
            word = (_TOLD[type(event)], str(event.client_order_id), event.ts_event)
            # a market order's acceptance is in the answer alone
            if word not in told and not isinstance(event, OrderAccepted):
                yield f"the venue never said {word}"
        if exhibit.calm and event.ts_init - event.ts_event > PROMPT_NS:
            late_ms = (event.ts_init - event.ts_event) // 1_000_000
            yield f"{type(event).__name__} {event.client_order_id} was heard {late_ms} ms late"


def _subscribed_once(exhibit: Exhibit) -> Iterator[str]:
    held = {(s.channel, s.instrument_id): s.count for s in exhibit.truth.subscriptions}
    for key, count in held.items():
        if count > (exhibit.clients if key[0] == "user" else 1):
            yield f"{' '.join(key)} is subscribed {count} times"


def fills_of(events: list[OrderEvent]) -> list[OrderFilled]:
    return [event for event in events if isinstance(event, OrderFilled)]


ORACLES: Final = (
    Oracle(
        "G1", "Every event is legal, and the first of an order is its own.", _every_event_is_legal
    ),
    Oracle("G2", "C's filled sizes are the sums of S's and V's fills.", _fills_agree, True),
    Oracle("G3", "C's net positions are V's.", _positions_agree, True),
    Oracle("G4", "C's open orders are V's.", _open_orders_agree, True),
    Oracle("G5", "C is consistent and nothing complains.", _nothing_complains, True),
    Oracle("G6", "At most one request made each order.", _one_request_per_order),
    Oracle("G7", "C's balances are V's.", _balances_agree, True),
    Oracle(
        "G8",
        "Each channel is subscribed once; after the stop nothing is left behind.",
        lambda exhibit: (
            _nothing_is_left_behind(exhibit) if exhibit.stop_ns else _subscribed_once(exhibit)
        ),
        True,
    ),
    Oracle("G9", "Time goes one way, and V's stamps are kept and prompt.", _times_are_right),
)
SAME_AGAIN: Final = "G10"  # the same seed twice makes the same S
