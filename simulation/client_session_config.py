"""A session's settings."""

import msgspec


class SessionConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Times in nanoseconds, all > 0.

    Attributes:
        ping_interval_ns: how long nothing was heard when the venue is asked for a sign of life.
        retry_first_ns, retry_max_ns: pause before the first attempt to come back, doubled up
            to the maximum. Up to a quarter is taken off by chance, so that many clients do not
            come back at once.
    """

    ping_interval_ns: int = 2_000_000_000
    dead_after_ns: int = 5_000_000_000
    retry_first_ns: int = 250_000_000
    retry_max_ns: int = 8_000_000_000

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} must be above zero")
