"""How busy the random traders are, and one trader's settings."""

import msgspec

from engine.model.enums import OmsType
from engine.model.identifiers import InstrumentId
from engine.strategy import StrategyConfig


class Workload(msgspec.Struct, frozen=True):
    """How busy the random traders are.

    Attributes:
        traders: how many strategies share the account.
        step_ms: mean virtual time between two steps of one trader.
        lots: an order is 1 to this many lots; a lot is `lot_steps` size increments.
        lot_steps: size increments per lot.
        reach_ticks: how far from the touch a passive price may lie.
        oms_types: what the traders ask for, in turn; a trader that hedges sends a part of its
            orders for positions that it holds.
        too_much: an order that is to break a limit of notional is so many times as large; 1 where
            there is no such limit.
    """

    traders: int = 2
    step_ms: int = 3300
    lots: int = 12
    lot_steps: int = 100
    reach_ticks: int = 12
    oms_types: tuple[OmsType, ...] = (OmsType.UNSPECIFIED,)
    too_much: int = 1


class TraderConfig(StrategyConfig, frozen=True, kw_only=True):
    instrument_ids: tuple[InstrumentId, ...]
    until_ns: int
    workload: Workload
