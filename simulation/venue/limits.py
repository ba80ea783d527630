"""How much the venue takes from one client before it says no, and then before it bans."""

import msgspec

SECOND_NS = 1_000_000_000


class Limits(msgspec.Struct, frozen=True):
    """The front door's numbers.

    Attributes:
        requests_per_second, burst: a token bucket of `burst` that refills at this rate.
        ban_after: this many refusals without a taken request in between lead to a ban.
        ban_ns: how long such a ban lasts.
        heartbeat_ns: interval of heartbeats on a logged-in connection.
        page: most executions, or frames of history, in one answer.
    """

    requests_per_second: int = 50
    burst: int = 100
    ban_after: int = 20
    ban_ns: int = 2 * SECOND_NS
    heartbeat_ns: int = SECOND_NS
    page: int = 500
