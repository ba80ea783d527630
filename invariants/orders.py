"""Orders: state is the fold of events, quantities add up, terminal is final, nothing hangs."""

from collections.abc import Iterator
from decimal import Context, Decimal
from typing import ClassVar, Final

from engine.model.enums import OrderStatus
from engine.model.events import OrderCanceled, OrderEvent, OrderExpired, OrderInitialized
from engine.model.fixed import FIXED_PRECISION
from engine.model.orders import Order
from invariants.check import Check, Kinds
from invariants.evidence import Evidence
from invariants.order_witness import ENDS, OrderWitness
from invariants.violation import Violation

_RAW: Final = Decimal(1).scaleb(-FIXED_PRECISION)
# of averages that have all their decimals; the same ones come in every run
_RAWS: Final[dict[Decimal, tuple[Decimal, int]]] = {}
_RAWS_MAX: Final = 4096
_EXACT: Final = Context(prec=100)  # more digits than any cost has


class StateIsTheFoldOfEvents(Check):
    facts: ClassVar[Kinds] = (OrderEvent,)

    def turn(self, evidence: Evidence) -> Iterator[Violation] | None:
        for order, witness in evidence.touched:
            if order.status is not witness.status or len(order.events) != witness.events:
                return self._say(evidence)
        return self._say(evidence) if evidence.strays else None

    def _say(self, evidence: Evidence) -> Iterator[Violation]:
        for event in evidence.strays:
            name = type(event).__name__
            yield Violation(event.client_order_id, f"{name} of an order that never began")
        for order, witness in evidence.touched:
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


class QuantitiesAddUp(Check):
    facts: ClassVar[Kinds] = (OrderEvent,)

    def turn(self, evidence: Evidence) -> Iterator[Violation] | None:
        was_filled = bool(evidence.fills)
        for order, witness in evidence.touched:
            quantity, filled = witness.quantity, witness.filled
            rest = quantity if witness.in_quote else quantity - filled
            if (
                order.quantity_raw != quantity
                or order.filled_raw != filled
                or order.leaves_raw != (rest if rest > 0 else 0)
                or order.overfill_raw != (-rest if rest < 0 else 0)
            ):
                return self._judge(order, witness)
            if was_filled and filled and not _is_mean(order.avg_px, witness):
                return self._judge(order, witness)
        return None

    def end(self, evidence: Evidence) -> list[Violation] | None:
        wrong: list[Violation] = []
        for order in evidence.all_orders():
            witness = evidence.witnesses.get(order.client_order_id)
            if witness is None or not (witness.filled or order.filled_raw):
                continue
            quantity, filled = witness.quantity, witness.filled
            rest = quantity if witness.in_quote else quantity - filled
            if not (
                order.quantity.raw == order.quantity_raw == quantity
                and order.filled_qty.raw == order.filled_raw == filled
                and order.leaves_qty.raw == order.leaves_raw == (rest if rest > 0 else 0)
                and order.overfill_qty.raw == order.overfill_raw == (-rest if rest < 0 else 0)
                and _is_mean(order.avg_px, witness)
            ):
                wrong.extend(self._judge(order, witness))
        return wrong or None

    def _judge(self, order: Order, witness: OrderWitness) -> Iterator[Violation]:
        name = order.client_order_id
        quantity, filled = order.quantity.raw, order.filled_qty.raw
        if quantity != order.quantity_raw or filled != order.filled_raw:
            yield Violation(name, f"shows {quantity} and {filled} raw, and counts otherwise")
        if quantity != witness.quantity or filled != witness.filled:
            yield Violation(
                name,
                f"has quantity {quantity} and filled {filled} raw, "
                f"its events say {witness.quantity} and {witness.filled}",
            )
        taken = 0 if witness.in_quote else filled
        if not order.leaves_qty.raw == order.leaves_raw == max(quantity - taken, 0):
            yield Violation(name, f"leaves {order.leaves_qty} of {order.quantity}")
        if not order.overfill_qty.raw == order.overfill_raw == max(taken - quantity, 0):
            yield Violation(name, f"overfill {order.overfill_qty} of {order.quantity}")
        if witness.filled:
            average = order.avg_px
            if average is None:
                yield Violation(name, "filled without an average price")
            elif not _is_mean(average, witness):
                cost = f"{witness.cost} for {witness.filled} raw"
                yield Violation(name, f"average {average}, its fills cost {cost}")


def _is_mean(average: Decimal | None, witness: OrderWitness) -> bool:
    """Whether it has all its decimals and is cost / filled to within one raw unit."""
    if average is None:
        return False
    if average is witness.mean:  # the same object, and no fill since
        return True
    known = _RAWS.get(average)
    if known is None or known[0] is not average:  # an equal one may have other decimals
        if not average.same_quantum(_RAW):
            return False
        if len(_RAWS) >= _RAWS_MAX:
            _RAWS.clear()
        known = _RAWS[average] = (average, int(average.scaleb(FIXED_PRECISION, _EXACT)))
    raw = known[1]
    if not witness.has_prices:
        is_mean = -1 <= raw - witness.price <= 1
    else:
        filled = witness.filled
        is_mean = -filled <= raw * filled - witness.cost <= filled
    if is_mean:
        witness.mean = average
    return is_mean


class TerminalIsFinal(Check):
    facts: ClassVar[Kinds] = (OrderEvent,)

    def turn(self, evidence: Evidence) -> Iterator[Violation] | None:
        for _, witness in evidence.touched:
            if witness.terminals > 1 or witness.after_end:
                return self._after_the_end(evidence)
        for event in evidence.order_events:
            if type(event) is OrderCanceled or type(event) is OrderExpired:
                return self._contradicted(evidence)
        return None

    def _after_the_end(self, evidence: Evidence) -> Iterator[Violation]:
        for order, witness in evidence.touched:
            if witness.terminals > 1:
                yield Violation(order.client_order_id, f"ended {witness.terminals} times")
            if witness.after_end:
                yield Violation(order.client_order_id, f"{witness.after_end} after its end")

    def _contradicted(self, evidence: Evidence) -> Iterator[Violation]:
        for event in evidence.order_events:
            if type(event) is OrderCanceled or type(event) is OrderExpired:
                ended = ENDS[type(event)].name
                true = evidence.true_order(event.client_order_id)
                status = true.status if true is not None else "unknown"
                if status != ended:
                    yield Violation(event.client_order_id, f"{ended} here, {status} at the venue")


class SubmittedIsDecided(Check):
    """What a helper registers, the same turn sends or denies: a later one has no reason to."""

    facts: ClassVar[Kinds] = (OrderInitialized,)

    def turn(self, evidence: Evidence) -> Iterator[Violation] | None:
        for order in evidence.orders:
            if order.status is OrderStatus.INITIALIZED:
                told = "was submitted and is INITIALIZED at the end of the turn"
                return iter([Violation(order.client_order_id, told)])
        return None


class NothingHangs(Check):
    def end(self, evidence: Evidence) -> list[Violation] | None:
        wrong: list[Violation] = []
        for order in evidence.all_orders():
            if order.is_inflight or order.status is OrderStatus.INITIALIZED:
                wrong.append(Violation(order.client_order_id, f"is still {order.status.name}"))
        for order in evidence.view.cache.orders_unresolved():
            wrong.append(Violation(order.client_order_id, "is still marked unresolved"))
        return wrong or None
