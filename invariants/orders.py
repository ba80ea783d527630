"""Orders: state is the fold of events, quantities add up, terminal is final, nothing hangs."""

from collections.abc import Iterator

from engine.model.enums import OrderStatus
from engine.model.events import OrderCanceled, OrderEvent, OrderExpired
from engine.model.orders import Order
from invariants.evidence import Evidence
from invariants.order_witness import ENDS, OrderWitness
from invariants.property import Check, Violation, always, eventually

_ONE = 10**16  # raw units


def _witnessed(evidence: Evidence) -> Iterator[tuple[Order, OrderWitness]]:
    """The orders that the last turn touched, each with what its events make of it."""
    for order in evidence.orders:
        witness = evidence.witnesses.get(order.client_order_id)
        if witness is not None:
            yield order, witness


@always(
    "ORD-1",
    "An order's state equals the fold of its accepted events; a refused event changes nothing, "
    "is not stored and is not published.",
)
class StateIsTheFoldOfEvents(Check):
    facts = (OrderEvent,)

    def turn(self, evidence: Evidence) -> Iterator[Violation]:
        for event in evidence.order_events:
            if event.client_order_id not in evidence.witnesses:
                yield Violation(
                    event.client_order_id, f"{type(event).__name__} without an OrderInitialized"
                )
        for order, witness in _witnessed(evidence):
            if order.status is not witness.status:
                yield Violation(
                    order.client_order_id,
                    f"is {order.status.name}, its events make it {witness.status.name}",
                )
            if len(order.events) != witness.events:
                yield Violation(
                    order.client_order_id,
                    f"holds {len(order.events)} events, {witness.events} were applied",
                )


@always(
    "ORD-2",
    "leaves = max(quantity - filled, 0) and overfill = max(filled - quantity, 0); filled never "
    "falls; the average price is the quantity-weighted mean of the fills.",
)
class QuantitiesAddUp(Check):
    facts = (OrderEvent,)

    def turn(self, evidence: Evidence) -> Iterator[Violation]:
        for order, witness in _witnessed(evidence):
            name = order.client_order_id
            quantity, filled = order.quantity.raw, order.filled_qty.raw
            if quantity != witness.quantity or filled != witness.filled:
                yield Violation(
                    name,
                    f"has quantity {quantity} and filled {filled} raw, "
                    f"its events say {witness.quantity} and {witness.filled}",
                )
            if order.leaves_qty.raw != max(quantity - filled, 0):
                yield Violation(name, f"leaves {order.leaves_qty} of {order.quantity}")
            if order.overfill_qty.raw != max(filled - quantity, 0):
                yield Violation(name, f"overfill {order.overfill_qty} of {order.quantity}")
            if witness.filled:
                average = order.avg_px
                if average is None:
                    yield Violation(name, "filled without an average price")
                elif not _is_mean(average.as_integer_ratio(), witness):
                    yield Violation(
                        name,
                        f"average {average}, its fills cost {witness.cost} for {witness.filled} raw",
                    )


def _is_mean(average: tuple[int, int], witness: OrderWitness) -> bool:
    """Whether numerator / denominator is cost / filled to within one raw unit, in integers."""
    numerator, denominator = average
    difference = numerator * witness.filled * _ONE - witness.cost * denominator
    return abs(difference) <= denominator * witness.filled


@always(
    "ORD-3",
    "Terminal is final: at most one terminal event per order, nothing but a fill after it, and "
    "never a terminal that the venue contradicts.",
)
class TerminalIsFinal(Check):
    facts = (OrderEvent,)

    def turn(self, evidence: Evidence) -> Iterator[Violation]:
        for order, witness in _witnessed(evidence):
            if witness.terminals > 1:
                yield Violation(order.client_order_id, f"ended {witness.terminals} times")
            if witness.after_end:
                yield Violation(order.client_order_id, f"{witness.after_end} after its end")
        for fact in evidence.order_events:
            if type(fact) is OrderCanceled or type(fact) is OrderExpired:
                ended = ENDS[type(fact)].name
                true = evidence.true_order(fact.client_order_id)
                status = true.status if true is not None else "unknown"
                if status != ended:
                    yield Violation(fact.client_order_id, f"{ended} here, {status} at the venue")


@eventually(
    "ORD-4",
    "No order stays pending, unacknowledged or unresolved once faults have stopped and the quiet "
    "period has passed.",
)
class NothingHangs(Check):
    def end(self, evidence: Evidence) -> Iterator[Violation]:
        for order in evidence.view.orders():
            if order.is_inflight or order.status is OrderStatus.INITIALIZED:
                yield Violation(order.client_order_id, f"is still {order.status.name}")
        for order in evidence.view.cache.orders_unresolved():
            yield Violation(order.client_order_id, "is still marked unresolved")
