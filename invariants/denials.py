"""Nothing is turned back for nothing: what a denial says of its order is so.

It is held against the kernel as its turn left it. What a fill of the same turn, or another order,
could have made otherwise accuses nobody; that no limit is broken by what leaves others judge.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import ClassVar, Final

from engine.model.enums import BUY, AccountType, DenialCode, KernelState, TimeInForce, TradingState
from engine.model.events import OrderDenied, OrderEvent, Refused, TradingStateChanged
from engine.model.identifiers import ClientOrderId, PositionId
from engine.model.instruments import Instrument
from engine.model.orders import Order
from engine.model.positions import Position
from engine.model.values import Price
from invariants.check import Check, Kinds
from invariants.evidence import Evidence
from invariants.money import held_on_grid, notional_raw
from invariants.violation import Violation

_D: Final = DenialCode
_NAMED: Final = re.compile(r"position_id=([^,]+)")
_REQUESTS: Final = ("CancelOrder", "ModifyOrder", "SubmitOrder")
_Judge = Callable[[Order, str, Evidence], bool]  # whether what the denial says is so


def _not_running(order: Order, detail: str, evidence: Evidence) -> bool:
    # what `on_stop` asks for may leave yet: a kernel is STOPPING only after it was RUNNING
    return evidence.view.state not in (KernelState.RUNNING, KernelState.STOPPING)


def _no_client(order: Order, detail: str, evidence: Evidence) -> bool:
    """Nobody serves the venue, or not the client that was asked for by name."""
    venue = order.instrument_id.venue
    named = evidence.view.cache.client_id(order.client_order_id)
    return venue not in evidence.venues or (named is not None and str(named) != venue)


def _no_account(order: Order, detail: str, evidence: Evidence) -> bool:
    return evidence.view.cache.account_for_venue(order.instrument_id.venue) is None


def _no_instrument(order: Order, detail: str, evidence: Evidence) -> bool:
    return evidence.view.cache.instrument(order.instrument_id) is None


# --- what the order asks for -------------------------------------------------------------------


def _of_instrument(
    fault: Callable[[Order, Instrument], bool],
) -> _Judge:
    def judge(order: Order, detail: str, evidence: Evidence) -> bool:
        instrument = evidence.view.cache.instrument(order.instrument_id)
        return instrument is not None and fault(order, instrument)

    return judge


def _finer(price: Price | None, instrument: Instrument) -> bool:
    return price is not None and price.precision > instrument.price_precision


def _beside_tick(price: Price | None, instrument: Instrument) -> bool:
    return price is not None and price.raw % instrument.price_increment.raw != 0


def _below_zero(price: Price | None, instrument: Instrument) -> bool:
    return price is not None and price.raw <= 0 and not instrument.allows_negative_price


def _too_fine(order: Order, instrument: Instrument) -> bool:
    most = instrument.size_precision
    if order.is_quote_quantity:
        most = instrument.quote_currency.precision
    return order.quantity.precision > most


def _too_large(order: Order, instrument: Instrument) -> bool:
    most = instrument.max_quantity
    return order.is_quote_quantity or (most is not None and order.quantity_raw > most.raw)


def _too_small(order: Order, instrument: Instrument) -> bool:
    least = instrument.min_quantity
    return order.is_quote_quantity or (least is not None and order.quantity_raw < least.raw)


def _off_increment(order: Order, instrument: Instrument) -> bool:
    return order.quantity_raw % instrument.size_increment.raw != 0


def _expired(order: Order, detail: str, evidence: Evidence) -> bool:
    return order.time_in_force is TimeInForce.GTD and order.expire_time_ns <= evidence.view.now_ns


# --- positions ---------------------------------------------------------------------------------


def _named(detail: str, evidence: Evidence) -> Position | None:
    found = _NAMED.search(detail)
    return None if found is None else evidence.view.cache.position(PositionId(found.group(1)))


def _is_for(position: Position, order: Order) -> bool:
    return (position.strategy_id, position.instrument_id) == (
        order.strategy_id,
        order.instrument_id,
    )


def _moved(order: Order, evidence: Evidence) -> bool:
    """Whether fills of this turn may have made the position another one since."""
    return any(fill.instrument_id == order.instrument_id for fill in evidence.fills)


def _no_position(order: Order, detail: str, evidence: Evidence) -> bool:
    if _moved(order, evidence):
        return True
    if "position_id=" in detail:
        position = _named(detail, evidence)
        return position is None or position.is_closed
    for each in evidence.view.cache.positions_of(order.instrument_id):
        if each.is_open and each.strategy_id == order.strategy_id:
            return False
    return True


def _another_position(order: Order, detail: str, evidence: Evidence) -> bool:
    position = _named(detail, evidence)
    if "oms=NETTING" in detail:
        return position is None or not position.is_netted or not _is_for(position, order)
    return position is None or not _is_for(position, order)


def _would_increase(order: Order, detail: str, evidence: Evidence) -> bool:
    if not order.reduce_only:
        return False
    if order.is_quote_quantity or _moved(order, evidence):
        return True
    held = _named(detail, evidence)
    if held is None and "position_id=" not in detail:
        for each in evidence.view.cache.positions_of(order.instrument_id):
            if each.is_open and each.strategy_id == order.strategy_id:
                held = each
    if held is None:
        return True
    against = -held.signed_raw if order.side is BUY else held.signed_raw
    return bool(order.leaves_raw > against)


def _would_be_short(order: Order, detail: str, evidence: Evidence) -> bool:
    """Of what no balance holds a cash account sells no more than it has, less what it sells."""
    cache = evidence.view.cache
    instrument = cache.instrument(order.instrument_id)
    account = cache.account_for_venue(order.instrument_id.venue)
    if instrument is None or account is None or order.side is BUY:
        return False
    if instrument.base_currency is not None or account.account_type is not AccountType.CASH:
        return False
    if _moved(order, evidence) or order.is_quote_quantity:
        return True
    held = sum(each.signed_raw for each in cache.positions_of(order.instrument_id))
    works = [each for each in cache.working_orders(order.instrument_id) if each is not order]
    return bool(works) or bool(order.leaves_raw > held)


# --- money -------------------------------------------------------------------------------------


def _price_raw(order: Order) -> int | None:
    price = order.trigger_price if order.price is None else order.price
    return None if price is None else price.raw


def _too_dear(order: Order, detail: str, evidence: Evidence) -> bool:
    instrument = evidence.view.cache.instrument(order.instrument_id)
    most = evidence.risk.max_notional_per_order.get(order.instrument_id)
    if instrument is None or most is None:
        return False
    price_raw = _price_raw(order)
    if price_raw is None or order.is_quote_quantity:
        return True  # what the market showed then is not known any more
    return notional_raw(instrument, order.quantity_raw, price_raw) > int(most.scaleb(16))


def _not_enough(order: Order, detail: str, evidence: Evidence) -> bool:
    """Of an order that names its price, in a cash account in which nothing else is under way."""
    cache = evidence.view.cache
    instrument = cache.instrument(order.instrument_id)
    account = cache.account_for_venue(order.instrument_id.venue)
    price_raw = _price_raw(order)
    if instrument is None or account is None:
        return False
    if (
        account.account_type is not AccountType.CASH
        or price_raw is None
        or order.is_quote_quantity
        or evidence.account_states
        or any(each is not order for each in cache.inflight_orders())
        or cache.working_market_orders()
    ):
        return True
    if order.side is BUY:
        code = instrument.cost_currency.code
        needed = notional_raw(instrument, order.leaves_raw, price_raw)
    else:
        base = instrument.base_currency
        if base is None:
            return False
        code, needed = base.code, held_on_grid(order.leaves_raw, base.unit)
    return needed > account.free_raw(code)


_IS_SO: Final[Mapping[DenialCode, _Judge]] = {
    _D.NOT_RUNNING: _not_running,
    _D.NO_EXECUTION_CLIENT: _no_client,
    _D.ACCOUNT_NOT_FOUND: _no_account,
    _D.INSTRUMENT_NOT_FOUND: _no_instrument,
    _D.POSITION_NOT_FOUND: _no_position,
    _D.INVALID_POSITION_ID: _another_position,
    _D.REDUCE_ONLY_WOULD_INCREASE_POSITION: _would_increase,
    _D.SHORT_SELLING_NOT_PERMITTED: _would_be_short,
    _D.PRICE_PRECISION: _of_instrument(lambda order, of: _finer(order.price, of)),
    _D.PRICE_OFF_TICK: _of_instrument(lambda order, of: _beside_tick(order.price, of)),
    _D.PRICE_NOT_POSITIVE: _of_instrument(lambda order, of: _below_zero(order.price, of)),
    _D.TRIGGER_PRICE_PRECISION: _of_instrument(lambda order, of: _finer(order.trigger_price, of)),
    _D.TRIGGER_PRICE_OFF_TICK: _of_instrument(
        lambda order, of: _beside_tick(order.trigger_price, of)
    ),
    _D.TRIGGER_PRICE_NOT_POSITIVE: _of_instrument(
        lambda order, of: _below_zero(order.trigger_price, of)
    ),
    _D.QUANTITY_PRECISION: _of_instrument(_too_fine),
    _D.QUANTITY_OFF_INCREMENT: _of_instrument(_off_increment),
    _D.QUANTITY_EXCEEDS_MAXIMUM: _of_instrument(_too_large),
    _D.QUANTITY_BELOW_MINIMUM: _of_instrument(_too_small),
    _D.MISSING_EXPIRE_TIME: _expired,
    _D.EXPIRE_TIME_IN_PAST: _expired,
    _D.NOTIONAL_EXCEEDS_MAX_PER_ORDER: _too_dear,
    _D.NOTIONAL_EXCEEDS_FREE_BALANCE: _not_enough,
}


class DenialsAreWarranted(Check):
    facts: ClassVar[Kinds] = (OrderDenied, Refused, TradingStateChanged)

    def __init__(self) -> None:
        self._state = TradingState.ACTIVE

    def turn(self, evidence: Evidence) -> Iterator[Violation] | None:
        before = self._state
        wrong: list[Violation] = []
        for fact in evidence.record.facts:
            if type(fact) is TradingStateChanged:
                self._state = fact.state
            elif type(fact) is OrderDenied:
                order = evidence.order_named(fact.client_order_id)
                if order is not None and not self._is_so(
                    fact.code, order, fact.detail, before, evidence
                ):
                    told = f"denied {fact.code}, and that is not so: {fact.detail}"
                    wrong.append(Violation(fact.client_order_id, told))
            elif type(fact) is Refused:
                told = _baseless(fact, evidence)
                if told:
                    wrong.append(Violation(str(fact.of), told))
        return iter(wrong) if wrong else None

    def _is_so(
        self,
        code: DenialCode,
        order: Order,
        detail: str,
        before: TradingState,
        evidence: Evidence,
    ) -> bool:
        if code is _D.TRADING_HALTED:
            return TradingState.HALTED in (before, self._state)
        if code is _D.TRADING_STATE_REDUCING:
            return TradingState.REDUCING in (before, self._state)
        judge = _IS_SO.get(code)
        return judge is None or judge(order, detail, evidence)


def _baseless(refused: Refused, evidence: Evidence) -> str:
    """Why a request about an order was refused without need; "" where it may have been right."""
    kind, _, rest = str(refused.of).partition(" ")
    if kind not in _REQUESTS:
        return ""
    order = evidence.order_named(ClientOrderId(rest.partition(" ")[0]))
    reason = refused.reason
    if order is None:
        return "" if reason == _D.ORDER_NOT_FOUND else f"{reason}, and there is no such order"
    statuses = [order.status.name, *_left_behind(order, evidence)]
    if reason == _D.ORDER_CLOSED:
        return "" if order.is_closed else f"{reason}, and it is {statuses[0]}"
    if reason == _D.ORDER_PENDING_CANCEL:
        so = "PENDING_CANCEL" in statuses or order.is_closed
        return "" if so else f"{reason}, and it is {statuses[0]}"
    if reason == _D.ORDER_NOT_FOUND:
        so = any(status in ("INITIALIZED", "DENIED") for status in statuses)
        return "" if so else f"{reason}, and it is {statuses[0]}"
    if reason == _D.DUPLICATE_CLIENT_ORDER_ID:
        return "" if kind == "SubmitOrder" else f"{reason} of a {kind}"
    if reason == _D.POSITION_NOT_FOUND and order.reduce_only and not _moved(order, evidence):
        position = None
        if order.position_id is not None:
            position = evidence.view.cache.position(order.position_id)
        if position is not None and position.is_open:
            return f"{reason}, and {position.id} is open"
    if reason == _D.INSTRUMENT_NOT_FOUND and not _no_instrument(order, "", evidence):
        return f"{reason}, and {order.instrument_id} is there"
    return ""


def _left_behind(order: Order, evidence: Evidence) -> list[str]:
    """Statuses that the order had in this turn, as far as its events tell."""
    events: list[OrderEvent] = [
        event for event in evidence.order_events if event.client_order_id == order.client_order_id
    ]
    return [type(event).__name__.removeprefix("Order").upper() for event in events]
