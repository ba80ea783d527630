"""Values: on the grid where they leave, whole after a split, exact in what is worked out of them."""

from collections.abc import Iterator
from typing import ClassVar, Final

import msgspec

from engine.model.commands import ModifyOrder, SubmitOrder
from engine.model.enums import BUY
from engine.model.events import OrderFilled, PositionEvent, PositionSettled
from engine.model.fixed import FIXED_PRECISION, QUANTITY_RAW_MAX
from engine.model.identifiers import PositionId
from engine.model.values import Price, Quantity
from invariants.check import Check, Kinds
from invariants.evidence import Evidence
from invariants.violation import Violation

_MODEST: Final = 1 << 61  # far below the limit, and a number that is quick to compare with
_POINT_AT: Final = -FIXED_PRECISION - 1  # of a mean that shows all its decimals


class ValuesLieOnTheGrid(Check):
    facts: ClassVar[Kinds] = (OrderFilled,)
    sends: ClassVar[bool] = True

    def turn(self, evidence: Evidence) -> Iterator[Violation] | None:
        wrong: tuple[Violation, ...] = ()
        for command in evidence.record.commands:
            if type(command) is SubmitOrder:
                order = command.order
                wrong += _off_grid(
                    evidence, command, order.quantity, order.price, order.trigger_price
                )
            elif type(command) is ModifyOrder:
                wrong += _off_grid(
                    evidence, command, command.quantity, command.price, command.trigger_price
                )
        if evidence.fills:
            wrong += _unequal_parts(evidence.record.facts)
        return iter(wrong) if wrong else None


def _off_grid(
    evidence: Evidence,
    command: SubmitOrder | ModifyOrder,
    quantity: Quantity | None,
    limit: Price | None,
    trigger: Price | None,
) -> tuple[Violation, ...]:
    instrument = evidence.view.cache.instrument(command.instrument_id)
    if instrument is None:
        told = "an order of an unknown instrument left"
        return (Violation(command.instrument_id, told),)
    wrong: tuple[Violation, ...] = ()
    step, tick = instrument.size_increment, instrument.price_increment
    if quantity is not None and quantity.raw % step.raw:
        told = f"quantity {quantity} left, the step is {step}"
        wrong += (Violation(command.command_id, told),)
    if limit is not None and limit.raw % tick.raw:
        told = f"price {limit} left, the tick is {tick}"
        wrong += (Violation(command.command_id, told),)
    if trigger is not None and trigger.raw % tick.raw:
        told = f"price {trigger} left, the tick is {tick}"
        wrong += (Violation(command.command_id, told),)
    return wrong


def _unequal_parts(facts: tuple[msgspec.Struct, ...]) -> tuple[Violation, ...]:
    """The steps of the position that follow a fill are its parts; what the venue then settles,
    because the fill was heard of late, is none."""
    wrong: tuple[Violation, ...] = ()
    fill: OrderFilled | None = None
    left_raw: int = 0  # of the fill, when its parts so far are taken off
    for fact in facts:
        if type(fact) is OrderFilled:
            if fill is not None and left_raw:
                wrong += (_unequal(fill, left_raw),)
            fill, left_raw = fact, fact.last_qty.raw
        elif isinstance(fact, PositionEvent) and type(fact) is not PositionSettled:
            left_raw -= fact.last_qty.raw
    if fill is not None and left_raw:
        wrong += (_unequal(fill, left_raw),)
    return wrong


def _unequal(fill: OrderFilled, left_raw: int) -> Violation:
    whole_raw = fill.last_qty.raw
    told = f"a fill of {whole_raw} raw moved positions by {whole_raw - left_raw}"
    return Violation(fill.trade_id, told)


class _Held:
    """What one position holds and what that cost. Closing takes cost out in proportion; the whole
    number that is kept of it is off by less than one part in all that is held.

    Attributes:
        price: raw, of all that is held, if it has but one; has_prices: it has not.
        mean, mean_raw: the mean that was told last, and what it says.
    """

    __slots__ = ("_cost", "has_prices", "is_known", "mean", "mean_raw", "price", "signed_raw")

    def __init__(self) -> None:
        self.signed_raw = 0
        self.price = 0
        self.has_prices = False
        self._cost = 0  # raw price x raw quantity, once it has prices
        self.is_known = True
        self.mean = ""
        self.mean_raw = -1

    @property
    def cost(self) -> int:
        return self._cost if self.has_prices else self.price * abs(self.signed_raw)

    def hear(self, is_buy: bool, quantity_raw: int, price_raw: int) -> None:
        held = self.signed_raw
        left = held + quantity_raw if is_buy else held - quantity_raw
        if held and (held > 0) == is_buy:
            if self.has_prices or price_raw != self.price:
                self._cost = self.cost + quantity_raw * price_raw
                self.has_prices = True
        elif not held or (left and (held > 0) != (left > 0)):
            self.price = price_raw
            self.has_prices = False
        elif not left:
            self.has_prices = False
        elif self.has_prices:
            self._cost = self._cost * left // held
        self.signed_raw = left

    def take_over(self, other: "_Held") -> None:
        """All that another held; that has nothing left."""
        self.signed_raw, other.signed_raw = other.signed_raw, 0
        self.price = other.price
        self.has_prices, other.has_prices = other.has_prices, False
        self._cost = other._cost
        self.is_known = other.is_known

    def read(self, mean: str) -> int:
        """A mean that shows all its decimals as raw; -1 for any other. It stays as it is while
        nothing is bought."""
        if mean != self.mean:
            self.mean = mean
            self.mean_raw = -1
            if len(mean) >= -_POINT_AT and mean[_POINT_AT] == ".":
                self.mean_raw = int(mean.replace(".", ""))
        return self.mean_raw


class ArithmeticIsExact(Check):
    """The mean is judged while all that is held came from fills of a linear instrument; a fee in
    the instrument itself moves what is held by rules that are POS-1's to judge."""

    facts: ClassVar[Kinds] = (OrderFilled, PositionSettled)

    def __init__(self) -> None:
        self._held: dict[PositionId, _Held] = {}

    def turn(self, evidence: Evidence) -> Iterator[Violation] | None:
        for order in evidence.orders:
            filled, leaves, over = order.filled_raw, order.leaves_raw, order.overfill_raw
            if (
                type(filled) is type(leaves) is type(over) is int
                and 0 <= filled < _MODEST
                and 0 <= leaves < _MODEST
                and 0 <= over < _MODEST
            ):
                continue
            for raw in (filled, leaves, over):
                if type(raw) is not int or not 0 <= raw <= QUANTITY_RAW_MAX:
                    return iter([Violation(order.client_order_id, f"counts {raw!r} raw")])
        fill: OrderFilled | None = None
        for fact in evidence.record.facts:
            if type(fact) is OrderFilled:
                fill = fact
                self._hear(fact, evidence)
            elif type(fact) is PositionSettled:
                if (held := self._held.get(fact.position_id)) is not None:
                    held.signed_raw = 0
                    held.has_prices = False
            elif fill is not None and isinstance(fact, PositionEvent):
                held = self._held.get(fact.position_id)
                if held is None:
                    held = self._go_beyond(fact.position_id, fill)
                found = self._mean(fact, held)
                if found is not None:
                    return iter([found])
        return None

    def _hear(self, fill: OrderFilled, evidence: Evidence) -> None:
        held = self._held.get(fill.position_id)
        if held is None:
            held = self._held[fill.position_id] = _Held()
        instrument = evidence.view.cache.instrument(fill.instrument_id)
        base = None if instrument is None else instrument.base_currency
        if (
            instrument is None
            or instrument.is_inverse
            or (
                base is not None
                and fill.commission.raw
                and fill.commission.currency.code == base.code
            )
        ):
            held.is_known = False
        held.hear(fill.side is BUY, fill.last_qty.raw, fill.last_px.raw)

    def _go_beyond(self, position_id: PositionId, fill: OrderFilled) -> _Held:
        """What a fill brings beyond a virtual position that it closes is held in another one."""
        beyond = self._held[position_id] = _Held()
        beyond.take_over(self._held[fill.position_id])
        return beyond

    @staticmethod
    def _mean(step: PositionEvent, held: _Held) -> Violation | None:
        """A step is judged once the whole fill is in: where it opens or adds and is the last."""
        quantity_raw = held.signed_raw
        if not quantity_raw or not held.is_known:
            return None
        if quantity_raw < 0:
            quantity_raw = -quantity_raw
        step_raw: int = step.quantity.raw
        if step_raw != quantity_raw:
            return None  # the close before the open of a fill through flat
        mean = step.avg_px_open
        told_raw = held.read(mean)
        if not held.has_prices:
            if -1 <= told_raw - held.price <= 1:
                return None
        elif -quantity_raw <= told_raw * quantity_raw - held.cost <= quantity_raw:
            return None
        exact = held.cost // quantity_raw
        return Violation(step.position_id, f"mean {mean} told, {exact} raw is exact")
