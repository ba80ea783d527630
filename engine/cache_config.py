"""The cache's settings."""

import msgspec


class CacheConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How many of the newest are kept: of quotes, trades, marks, index prices and funding rates
    per instrument, of bars per type."""

    tick_capacity: int = 10_000
    bar_capacity: int = 10_000

    def __post_init__(self) -> None:
        if self.tick_capacity < 1:
            raise ValueError(f"tick_capacity {self.tick_capacity} is not positive")
        if self.bar_capacity < 1:
            raise ValueError(f"bar_capacity {self.bar_capacity} is not positive")
