"""What risk promises of every command that leaves: within its limits, within its rates."""

from collections import deque
from collections.abc import Iterator
from functools import lru_cache
from typing import ClassVar, Final

from engine.model.commands import ModifyOrder, SubmitOrder
from engine.model.enums import BUY, DenialCode, OrderSide, TimeInForce
from engine.model.events import (
    OrderDenied,
    OrderInitialized,
    OrderPendingUpdate,
    OrderSubmitted,
    OrderUpdated,
)
from engine.model.fixed import QUANTITY_RAW_MAX, UNITS
from engine.model.identifiers import InstrumentId
from engine.model.instruments import Instrument
from engine.model.values import Price, Quantity
from engine.risk.throttler import RateLimit, parse_rate
from invariants.check import Check, Kinds
from invariants.evidence import Evidence
from invariants.money import WORTH, notional_raw, worth
from invariants.violation import Violation

_GTD: Final = TimeInForce.GTD
_RATE: Final = DenialCode.RATE_LIMIT_EXCEEDED


class _Bounds:
    """What an instrument and the configuration allow, as integers to be compared with.

    Attributes:
        lots: least and most, in increments of its size.
        worth_min, worth_max: in units of 1e-48; what lies within them needs no rounding to be
            allowed. `worth_max` None: whatever it is worth.
        products: the same of increments of size times increments of price, whole numbers of
            which stay small; None where worth is not their product.
    """

    __slots__ = ("instrument", "lots", "products", "step", "tick", "worth_max", "worth_min")

    def __init__(self, instrument: Instrument, most_raw: int | None) -> None:
        self.instrument = instrument
        tick = self.tick = instrument.price_increment.raw
        step = self.step = instrument.size_increment.raw
        least, most = instrument.min_quantity, instrument.max_quantity
        self.lots = (
            1 if least is None else -(-max(least.raw, 1) // step),
            (QUANTITY_RAW_MAX if most is None else most.raw) // step,
        )
        low, high = instrument.min_notional, instrument.max_notional
        bounds = [] if most_raw is None else [most_raw - most_raw % instrument.cost_currency.unit]
        if high is not None:
            bounds.append(high.raw)
        self.worth_min = 0 if low is None else low.raw * WORTH
        self.worth_max = min(bounds) * WORTH if bounds else None
        self.products: tuple[int, int | None] | None = None
        if not instrument.is_inverse:
            one = worth(instrument, step, tick)
            top = None if self.worth_max is None else self.worth_max // one
            self.products = -(-self.worth_min // one), top


class LimitsAreKept(Check):
    facts: ClassVar[Kinds] = (OrderSubmitted, OrderPendingUpdate)

    def __init__(self) -> None:
        self._notional_max: dict[str, int] | None = None  # raw, by instrument id
        self._bounds: dict[InstrumentId, _Bounds] = {}

    def turn(self, evidence: Evidence) -> Iterator[Violation] | None:
        if evidence.risk.bypass:
            return None
        wrong: tuple[Violation, ...] = ()
        for command in evidence.record.commands:
            if type(command) is SubmitOrder:
                asked = command.order
                told = "" if self._fits(asked, evidence) else self._fault(asked, evidence)
                if asked.time_in_force is _GTD and asked.expire_time_ns <= evidence.record.ts:
                    told = told or f"an expiry of {asked.expire_time_ns}"
                if told:
                    wrong += (Violation(asked.client_order_id, f"left at {told}"),)
            elif type(command) is ModifyOrder:
                told = self._modified(command, evidence)
                if told:
                    wrong += (Violation(command.client_order_id, f"modify left at {told}"),)
        return iter(wrong) if wrong else None

    def _fits(self, asked: OrderInitialized, evidence: Evidence) -> bool:
        """Whether these terms are within every limit for certain; if not, `_fault` has to say."""
        instrument = evidence.view.cache.instrument(asked.instrument_id)
        if instrument is None:
            return False
        bounds = self._bounds.get(asked.instrument_id)
        if bounds is None or bounds.instrument is not instrument:
            most_raw = self._most(evidence).get(asked.instrument_id)
            bounds = self._bounds[asked.instrument_id] = _Bounds(instrument, most_raw)
        size = asked.quantity.raw
        lots = size // bounds.step
        least, most = bounds.lots
        if lots < least or lots > most or size % bounds.step:
            return False
        price, trigger = asked.price, asked.trigger_price
        ticks = 0
        if trigger is not None:
            ticks = _ticks(trigger, bounds.tick)
            if ticks <= 0:
                return False
        if price is not None:
            ticks = _ticks(price, bounds.tick)
            if ticks <= 0:
                return False
        if bounds.worth_max is None and not bounds.worth_min:
            return True
        if ticks and bounds.products is not None:
            low, high = bounds.products
            product = lots * ticks
            return product >= low and (high is None or product <= high)
        at_raw = ticks * bounds.tick or _touch_raw(asked.instrument_id, asked.side, evidence)
        if not at_raw:
            return True
        exact = worth(instrument, size, at_raw)
        return exact >= bounds.worth_min and (bounds.worth_max is None or exact <= bounds.worth_max)

    def _fault(self, asked: OrderInitialized, evidence: Evidence) -> str:
        return self._terms(
            asked.instrument_id,
            asked.side,
            asked.quantity,
            asked.price,
            asked.trigger_price,
            asked.quantity,
            evidence,
        )

    def _most(self, evidence: Evidence) -> dict[str, int]:
        """The configured bounds of a notional, raw."""
        limits = self._notional_max
        if limits is None:
            configured = evidence.risk.max_notional_per_order
            limits = self._notional_max = {
                key: int(amount.scaleb(16)) for key, amount in configured.items()
            }
        return limits

    def _modified(self, command: ModifyOrder, evidence: Evidence) -> str:
        order = evidence.view.order(command.client_order_id)
        if order is None:
            return ""
        for event in evidence.order_events:
            if type(event) is OrderUpdated and event.client_order_id == order.client_order_id:
                return ""  # it changed in this turn: what it was at sending is not known
        return self._terms(
            order.instrument_id,
            order.side,
            command.quantity,
            order.price if command.price is None else command.price,
            order.trigger_price if command.trigger_price is None else command.trigger_price,
            order.quantity if command.quantity is None else command.quantity,
            evidence,
        )

    def _terms(
        self,
        instrument_id: InstrumentId,
        side: OrderSide,
        quantity: Quantity | None,
        price: Price | None,
        trigger: Price | None,
        whole: Quantity,
        evidence: Evidence,
    ) -> str:
        """What is wrong with these terms, or "". `quantity` None: unchanged, so not judged."""
        instrument = evidence.view.cache.instrument(instrument_id)
        if instrument is None:
            return "an instrument that nobody defined"
        tick = instrument.price_increment.raw
        for each in (price, trigger):
            if each is not None and (
                each.raw % tick or (each.raw <= 0 and not instrument.allows_negative_price)
            ):
                return f"the price {each}, tick {instrument.price_increment}"
        if quantity is not None:
            told = _size_fault(quantity.raw, instrument)
            if told:
                return told
        at_raw = (
            price.raw
            if price is not None
            else trigger.raw
            if trigger is not None
            else _touch_raw(instrument_id, side, evidence)
        )
        return self._notional_fault(instrument, whole.raw, at_raw, evidence) if at_raw else ""

    def _notional_fault(
        self, instrument: Instrument, quantity_raw: int, price_raw: int, evidence: Evidence
    ) -> str:
        most = self._most(evidence).get(instrument.id)
        low, high = instrument.min_notional, instrument.max_notional
        if most is None and low is None and high is None:
            return ""
        exact = worth(instrument, quantity_raw, price_raw)
        if low is None and high is None and most is not None and exact <= most * WORTH:
            return ""  # the usual case; rounding would not lift it over the bound
        notional = notional_raw(instrument, quantity_raw, price_raw)
        if most is not None and notional > most:
            return f"a notional of {notional} raw, configured are at most {most}"
        if (low is not None and notional < low.raw) or (high is not None and notional > high.raw):
            return f"a notional of {notional} raw, allowed are {low} to {high}"
        return ""


def _ticks(price: Price, tick: int) -> int:
    """How many increments a price is; 0 of one that lies between two."""
    raw = price.raw
    return 0 if raw % tick else raw // tick


def _size_fault(quantity_raw: int, instrument: Instrument) -> str:
    low, high = instrument.min_quantity, instrument.max_quantity
    if (
        quantity_raw <= 0
        or quantity_raw % instrument.size_increment.raw
        or (low is not None and quantity_raw < low.raw)
        or (high is not None and quantity_raw > high.raw)
    ):
        return (
            f"a size of {quantity_raw} raw, steps of {instrument.size_increment}, {low} to {high}"
        )
    return ""


def _touch_raw(instrument_id: InstrumentId, side: OrderSide, evidence: Evidence) -> int:
    """Where an order without a price would trade first; 0 where nothing says."""
    quote = evidence.view.cache.quote_tick(instrument_id)
    if quote is not None:
        buys = side is BUY
        size = quote.ask_size_mantissa if buys else quote.bid_size_mantissa
        if size > 0:
            mantissa = quote.ask_mantissa if buys else quote.bid_mantissa
            return mantissa * UNITS[quote.price_precision]
    trade = evidence.view.cache.trade_tick(instrument_id)
    return 0 if trade is None else trade.price_mantissa * UNITS[trade.price_precision]


@lru_cache(maxsize=64)  # the same two in every run of a process
def _parsed(rate: str) -> RateLimit:
    return parse_rate(rate)


class _Window:
    """The last `limit` instants at which something left."""

    __slots__ = ("interval_ns", "limit", "sent")

    def __init__(self, rate: str) -> None:
        self.limit, self.interval_ns = _parsed(rate)
        self.sent: deque[int] = deque(maxlen=self.limit)

    def is_full(self, now_ns: int) -> bool:
        sent = self.sent
        return len(sent) == self.limit and now_ns - sent[0] < self.interval_ns


class RatesAreKept(Check):
    facts: ClassVar[Kinds] = (OrderInitialized, OrderSubmitted, OrderPendingUpdate, OrderDenied)

    def __init__(self) -> None:
        self._windows: tuple[_Window, _Window] | None = None
        self._made: dict[str, None] = {}  # orders neither sent nor denied

    def turn(self, evidence: Evidence) -> Iterator[Violation] | None:
        windows = self._windows
        if windows is None:
            risk = evidence.risk
            rates = risk.max_order_submit_rate, risk.max_order_modify_rate
            windows = self._windows = _Window(rates[0]), _Window(rates[1])
        submits, modifies = windows
        now_ns = evidence.record.ts
        made = self._made
        wrong: tuple[Violation, ...] = ()
        for fact in evidence.order_events:
            kind = type(fact)
            name = fact.client_order_id
            if kind is OrderInitialized:
                made[name] = None
            elif kind is OrderSubmitted or kind is OrderPendingUpdate:
                if name in made:
                    del made[name]
                window = submits if kind is OrderSubmitted else modifies
                if window.is_full(now_ns) and not evidence.risk.bypass:
                    told = f"left at {now_ns}, {window.limit} had since {window.sent[0]}"
                    wrong += (Violation(name, told),)
                window.sent.append(now_ns)
            elif type(fact) is OrderDenied:
                made.pop(name, None)
                if fact.code is _RATE and not submits.is_full(now_ns):
                    used = sum(now_ns - at < submits.interval_ns for at in submits.sent)
                    told = f"denied for the rate with {used} of {submits.limit} used"
                    wrong += (Violation(name, told),)
        return iter(wrong) if wrong else None

    def end(self, evidence: Evidence) -> list[Violation] | None:
        if not self._made:
            return None
        told = "was submitted, and neither sent nor denied"
        return [Violation(name, told) for name in self._made]
