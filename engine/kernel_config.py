"""A kernel's settings."""

from typing import Final

import msgspec

from engine.cache import CacheConfig
from engine.data.config import DataEngineConfig
from engine.execution.config import ExecutionEngineConfig
from engine.model.identifiers import TraderId
from engine.risk.config import RiskEngineConfig

_SECOND: Final = 1_000_000_000


class KernelConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A kernel's settings. Durations are nanoseconds; `stop_grace_ns` may be 0.

    Attributes:
        leverages: of margin accounts, by issuer; at least 1. No venue tells it.
    """

    trader_id: TraderId
    cache: CacheConfig = CacheConfig()
    data: DataEngineConfig = DataEngineConfig()
    risk: RiskEngineConfig = RiskEngineConfig()
    execution: ExecutionEngineConfig = ExecutionEngineConfig()
    connection_timeout_ns: int = 60 * _SECOND
    reconciliation_timeout_ns: int = 30 * _SECOND
    stop_grace_ns: int = 10 * _SECOND
    leverages: dict[str, int] = {}

    def __post_init__(self) -> None:
        for bound_ns in (self.connection_timeout_ns, self.reconciliation_timeout_ns):
            if bound_ns <= 0:
                raise ValueError(f"a bound of {bound_ns} ns is none")
        if self.stop_grace_ns < 0:
            raise ValueError(f"stop_grace_ns {self.stop_grace_ns} is negative")
        for issuer, leverage in self.leverages.items():
            if leverage < 1:
                raise ValueError(f"the leverage of {issuer} must be at least 1, was {leverage}")
