"""A position: what one strategy holds of one instrument, and what it has earned.

Under NETTING one position object lives as long as its id: closed and filled again it starts the
next cycle, and the earlier one is kept as a `ClosedCycle`. Its cost and rounding are those of
`engine.model.cost`, carried across cycles, so that the cycles' profits sum to the whole.

A position never turns from long to short within one fill: the ExecutionEngine splits such a
fill with `split_fill` and applies the halves in turn.
"""

from decimal import Decimal
from typing import Final

import msgspec

from engine.model.closed_cycle import ClosedCycle as ClosedCycle
from engine.model.cost import CostBasis, Valuation
from engine.model.enums import BUY, OrderSide, PositionSide
from engine.model.events import OrderFilled
from engine.model.fixed import FIXED_PRECISION, UNITS, decimal_of, divide_half_even
from engine.model.identifiers import (
    AccountId,
    ClientOrderId,
    InstrumentId,
    PositionId,
    StrategyId,
    TradeId,
)
from engine.model.instruments import CurrencyPair, Instrument
from engine.model.values import Money, Price, Quantity

_SECOND_HALF: Final = "/2"  # marks the event id of the opening half of a split fill


class FillRefused(Exception):
    """A position would not take a fill, and nothing of it changed.

    Attributes:
        reason: in words, complete without the traceback.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def split_fill(fill: OrderFilled, open_raw: int) -> tuple[OrderFilled, OrderFilled]:
    """Cut a fill that goes through flat into the half that closes and the half that opens.

    The commission is prorated by quantity, rounded half-even to its currency; the remainder
    goes with the second half. Both keep the trade id; the second has an event id of its own.

    Args:
        open_raw: raw quantity to close, positive and below the fill's.
    Returns:
        (closing, opening): quantities and commissions sum to the fill's.
    Raises:
        ValueError: nothing to split.
    """
    total_raw: int = fill.last_qty.raw
    if not 0 < open_raw < total_raw:
        raise ValueError(f"cannot split {fill.last_qty} at raw {open_raw}")
    precision = _precision_of(open_raw, fill.last_qty.precision)
    commission = fill.commission
    unit = commission.currency.unit
    first_raw = divide_half_even(commission.raw * open_raw, total_raw * unit) * unit
    return (
        msgspec.structs.replace(
            fill,
            last_qty=Quantity.from_raw(open_raw, precision),
            commission=Money.from_raw(first_raw, commission.currency),
        ),
        msgspec.structs.replace(
            fill,
            event_id=fill.event_id + _SECOND_HALF,
            last_qty=Quantity.from_raw(total_raw - open_raw, precision),
            commission=Money.from_raw(commission.raw - first_raw, commission.currency),
        ),
    )


def _precision_of(raw: int, at_least: int) -> int:
    """`at_least`, or as many more decimals as the raw needs (base-currency fees are finer)."""
    precision = at_least
    while raw % UNITS[precision]:
        precision += 1
    return precision


class Position:
    """What one strategy holds of one instrument in one account.

    What the venue settles at expiry leaves outside of any order: signed_raw + dust_raw +
    settled_raw == signed fills - base commissions, always.

    A commission in the base currency of a currency pair is paid out of what is held: it changes
    the quantity, at cost, and earns nothing. What then remains of a close below one size
    increment cannot be traded away; it is set aside as dust and the position is flat.

    Attributes:
        id: taken from the first fill; every later fill must name it.
        signed_raw: raw quantity held; negative is short.
        dust_raw: raw quantity set aside over all cycles, signed.
        settled_raw: raw quantity closed by settlement over all cycles, signed.
        commissions: of the present cycle, by currency code.
        events: fills of the present cycle, in the order applied.
        opening_order_id, closing_order_id: of the present cycle; the latter None while open.
        ts_opened, ts_closed, ts_last: `ts_event` of the fills; 0: not yet.
        duration_ns: from opening to close by local time (`ts_init`), since venue stamps may run
            backwards; 0 while open.
        cycles: earlier cycles, oldest first. A closed cycle moves here when the next one opens.
    """

    __slots__ = (
        "_basis",
        "_dust_below_raw",
        "_entry_quantity_raw",
        "_entry_value",
        "_exit_quantity_raw",
        "_exit_value",
        "_fee_currency_code",
        "_peak_raw",
        "_precision",
        "_realized_raw",
        "_trades",
        "_ts_init_opened",
        "account_id",
        "closing_order_id",
        "commissions",
        "cycles",
        "duration_ns",
        "dust_raw",
        "entry",
        "events",
        "id",
        "instrument_id",
        "opening_order_id",
        "settled_raw",
        "strategy_id",
        "ts_closed",
        "ts_last",
        "ts_opened",
    )

    entry: OrderSide
    events: list[OrderFilled]
    commissions: dict[str, Money]
    opening_order_id: ClientOrderId
    closing_order_id: ClientOrderId | None
    ts_opened: int
    ts_closed: int
    ts_last: int
    duration_ns: int
    _trades: dict[tuple[ClientOrderId, TradeId], str]
    _ts_init_opened: int
    _realized_raw: int
    _peak_raw: int
    _entry_value: int
    _entry_quantity_raw: int
    _exit_value: int
    _exit_quantity_raw: int

    def __init__(self, instrument: Instrument, fill: OrderFilled) -> None:
        """Open a position with its first fill.

        Raises:
            FillRefused: the fill is of another instrument.
        """
        self.instrument_id: InstrumentId = instrument.id
        self.id: PositionId = fill.position_id
        self.strategy_id: StrategyId = fill.strategy_id
        self.account_id: AccountId = fill.account_id
        self.cycles: list[ClosedCycle] = []
        self.dust_raw = 0
        self.settled_raw = 0
        self._basis = CostBasis(Valuation(instrument))
        self._precision: int = instrument.size_precision
        self._dust_below_raw: int = instrument.size_increment.raw
        self._fee_currency_code: str | None = (
            instrument.base_currency.code if isinstance(instrument, CurrencyPair) else None
        )
        self._begin_cycle(fill)
        self.apply(fill)

    # --- reading -------------------------------------------------------------------------

    @property
    def signed_raw(self) -> int:
        return self._basis.signed_raw

    @property
    def side(self) -> PositionSide:
        signed_raw = self._basis.signed_raw
        if signed_raw > 0:
            return PositionSide.LONG
        return PositionSide.SHORT if signed_raw < 0 else PositionSide.FLAT

    @property
    def quantity(self) -> Quantity:
        """What is held, without sign."""
        return self._quantity(abs(self._basis.signed_raw))

    @property
    def signed_qty(self) -> Decimal:
        signed_raw = self._basis.signed_raw
        precision = _precision_of(signed_raw, self._precision)
        return decimal_of(signed_raw // UNITS[precision], -precision)

    @property
    def peak_quantity(self) -> Quantity:
        """The most that was held in the present cycle."""
        return self._quantity(self._peak_raw)

    @property
    def is_netted(self) -> bool:
        """Whether it is all that its strategy holds of the instrument in the account."""
        return self.id == f"{self.instrument_id}-{self.account_id}-{self.strategy_id}"

    @property
    def is_open(self) -> bool:
        return self._basis.signed_raw != 0

    @property
    def is_closed(self) -> bool:
        return self._basis.signed_raw == 0

    @property
    def realized_pnl(self) -> Money:
        """Of the present cycle: booked profit less the commissions paid in the cost currency."""
        return Money.from_raw(self._realized_raw, self._basis.valuation.currency)

    @property
    def avg_px_open(self) -> Decimal:
        """Mean price of what is held, half-even at 1e-16; once flat, of what was held last."""
        return decimal_of(self.avg_px_open_raw, -FIXED_PRECISION)

    @property
    def avg_px_open_raw(self) -> int:
        """The same in units of 1e-16."""
        return self._basis.valuation.mean_price_raw(self._entry_value, self._entry_quantity_raw)

    @property
    def avg_px_close(self) -> Decimal | None:
        """Mean price of what was closed in the present cycle; None while nothing was."""
        if self._exit_quantity_raw == 0:
            return None
        return self._basis.valuation.mean_price(self._exit_value, self._exit_quantity_raw)

    @property
    def trade_ids(self) -> tuple[TradeId, ...]:
        """Trades of the present cycle, in the order applied."""
        return tuple(trade_id for _, trade_id in self._trades)

    def unrealized_pnl(self, price: Price) -> Money:
        """Profit of closing what is held at `price`, rounded half-even once."""
        return Money.from_raw(self._basis.open_gain(price.raw), self._basis.valuation.currency)

    def value_raw(self, price: Price) -> int:
        """Signed notional of what is held at `price`, raw in the cost currency."""
        signed_raw = self._basis.signed_raw
        if signed_raw == 0:
            return 0
        valuation = self._basis.valuation
        raw = valuation.to_raw(valuation.value(abs(signed_raw), price.raw))
        return raw if signed_raw > 0 else -raw

    def __repr__(self) -> str:
        return f"Position({self.id} {self.side.name} {self.quantity} {self.instrument_id})"

    # --- the two ways in -----------------------------------------------------------------

    def apply(self, fill: OrderFilled) -> None:
        """Take one fill, whole or not at all. Flat, it begins the next cycle.

        Raises:
            FillRefused: another position's fill, a trade applied before, or a fill that would
                go through flat (split it).
        """
        basis = self._basis
        trade = (fill.client_order_id, fill.trade_id)
        recorded = self._trades.get(trade)
        if recorded is not None and fill.event_id != recorded + _SECOND_HALF:
            raise FillRefused(f"trade {fill.trade_id} is already in {self.id}")
        if (
            fill.position_id != self.id
            or fill.instrument_id != self.instrument_id
            or fill.account_id != self.account_id
        ):
            raise FillRefused(
                f"fill of {fill.position_id} {fill.instrument_id} {fill.account_id}, "
                f"not {self.id} {self.instrument_id} {self.account_id}"
            )
        quantity_raw: int = fill.last_qty.raw
        price_raw: int = fill.last_px.raw
        signed_raw = basis.signed_raw
        change_raw = quantity_raw if fill.side is BUY else -quantity_raw
        reduces = (signed_raw > 0 > change_raw) or (signed_raw < 0 < change_raw)
        if reduces and quantity_raw > abs(signed_raw) and recorded is None:
            # the second half of a split may: it meets what a base commission left of the first
            raise FillRefused(f"{fill.side.name} {fill.last_qty} goes through flat in {self.id}")

        if signed_raw == 0 and self.ts_closed:
            self.cycles.append(self._closed_cycle())
            self._begin_cycle(fill)
        self.events.append(fill)
        self._trades[trade] = fill.event_id
        self.ts_last = fill.ts_event
        self._realized_raw += basis.trade(change_raw, price_raw)
        if reduces:
            closed_raw = min(quantity_raw, abs(signed_raw))
            self._exit_value += basis.valuation.value(closed_raw, price_raw)
            self._exit_quantity_raw += closed_raw
        else:
            self._note_entry()
        self._pay(fill, price_raw)
        held_raw = basis.signed_raw
        if reduces and 0 < abs(held_raw) < self._dust_below_raw:
            self.dust_raw += held_raw
            basis.adjust(-held_raw, price_raw)
            held_raw = 0
        if held_raw == 0:
            self.ts_closed = fill.ts_event
            self.closing_order_id = fill.client_order_id
            self.duration_ns = fill.ts_init - self._ts_init_opened
        elif reduces and (
            quantity_raw >= abs(signed_raw) or (held_raw > 0) is not (signed_raw > 0)
        ):
            self._note_entry()  # nothing is left of what was held: this is the commission's
        self._peak_raw = max(self._peak_raw, abs(held_raw))

    def settle(self, price: Price, ts_event: int, ts_init: int) -> Quantity:
        """Close what is held at the venue's settlement price; returns what was held.

        Raises:
            ValueError: nothing is held.
        """
        basis = self._basis
        held_raw = basis.signed_raw
        if held_raw == 0:
            raise ValueError(f"{self.id} is flat: there is nothing to settle")
        held = self.quantity
        price_raw: int = price.raw
        self._realized_raw += basis.trade(-held_raw, price_raw)
        self._exit_value += basis.valuation.value(abs(held_raw), price_raw)
        self._exit_quantity_raw += abs(held_raw)
        self.settled_raw += held_raw
        self.ts_last = self.ts_closed = ts_event
        self.duration_ns = ts_init - self._ts_init_opened
        return held

    def _note_entry(self) -> None:
        self._entry_value = self._basis.cost
        self._entry_quantity_raw = abs(self._basis.signed_raw)

    def _pay(self, fill: OrderFilled, price_raw: int) -> None:
        commission = fill.commission
        code = commission.currency.code
        paid = self.commissions.get(code)
        self.commissions[code] = (
            commission
            if paid is None
            else Money.from_raw(paid.raw + commission.raw, commission.currency)
        )
        if code == self._basis.valuation.currency.code:
            self._realized_raw -= commission.raw
        elif code == self._fee_currency_code and commission.raw:
            self._basis.adjust(-commission.raw, price_raw)

    def _begin_cycle(self, fill: OrderFilled) -> None:
        self.entry = fill.side
        self.events = []
        # by order too: both sides of a trade with oneself carry one trade id
        self._trades = {}
        self.commissions = {}
        self.opening_order_id = fill.client_order_id
        self.closing_order_id = None
        self.ts_opened = fill.ts_event
        self.ts_closed = 0
        self.ts_last = fill.ts_event
        self.duration_ns = 0
        self._ts_init_opened = fill.ts_init
        self._realized_raw = 0
        self._peak_raw = 0
        self._entry_value = 0
        self._entry_quantity_raw = 0
        self._exit_value = 0
        self._exit_quantity_raw = 0

    def _closed_cycle(self) -> ClosedCycle:
        return ClosedCycle(
            self.entry,
            self.opening_order_id,
            self.closing_order_id,
            self.peak_quantity,
            self._basis.valuation,
            self._entry_value,
            self._entry_quantity_raw,
            self._exit_value,
            self._exit_quantity_raw,
            self._realized_raw,
            self.ts_opened,
            self.ts_closed,
            self.duration_ns,
        )

    def _quantity(self, raw: int) -> Quantity:
        return Quantity.from_raw(raw, _precision_of(raw, self._precision))
