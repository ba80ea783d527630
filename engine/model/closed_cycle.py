"""One closed cycle of a position, as a message."""

from decimal import Decimal

import msgspec

from engine.model.cost import Valuation
from engine.model.enums import OrderSide
from engine.model.identifiers import (
    ClientOrderId,
)
from engine.model.values import Money, Quantity


class ClosedCycle(msgspec.Struct, frozen=True, gc=False):
    """One finished life of a position, from flat to flat."""

    entry: OrderSide
    opening_order_id: ClientOrderId
    closing_order_id: ClientOrderId | None
    peak_quantity: Quantity
    valuation: Valuation
    entry_value: int  # value units, of so much raw quantity
    entry_quantity_raw: int
    exit_value: int
    exit_quantity_raw: int
    realized_raw: int
    ts_opened: int
    ts_closed: int
    duration_ns: int

    @property
    def avg_px_open(self) -> Decimal:
        return self.valuation.mean_price(self.entry_value, self.entry_quantity_raw)

    @property
    def avg_px_close(self) -> Decimal | None:
        if self.exit_quantity_raw == 0:
            return None
        return self.valuation.mean_price(self.exit_value, self.exit_quantity_raw)

    @property
    def realized_pnl(self) -> Money:
        return Money.from_raw(self.realized_raw, self.valuation.currency)
