"""Settings of the risk engine."""

from decimal import Decimal

import msgspec

from engine.model.identifiers import InstrumentId
from engine.risk.throttler import parse_rate


class RiskEngineConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What may leave.

    Attributes:
        bypass: judge nothing and throttle nothing. Commands still wait for a running kernel and
            a connected client: that is no risk check.
        max_order_submit_rate, max_order_modify_rate: "limit/HH:MM:SS"; more are denied.
        max_notional_per_order: by instrument id, positive, in the instrument's cost currency.
        halted_allows_reduce_only: HALTED lets through what cannot grow exposure.

    Raises:
        ValueError: a rate, instrument id or amount that means nothing.
    """

    bypass: bool = False
    max_order_submit_rate: str = "100/00:00:01"
    max_order_modify_rate: str = "100/00:00:01"
    max_notional_per_order: dict[str, Decimal] = {}
    halted_allows_reduce_only: bool = False

    def __post_init__(self) -> None:
        parse_rate(self.max_order_submit_rate)
        parse_rate(self.max_order_modify_rate)
        for instrument_id, amount in self.max_notional_per_order.items():
            InstrumentId(instrument_id)
            if not (amount.is_finite() and amount > 0):
                raise ValueError(f"max_notional_per_order of {instrument_id} is {amount}")
