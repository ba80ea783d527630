"""The native client's settings."""

from typing import Final

import msgspec

from engine.model.enums import AccountType, OmsType
from engine.model.identifiers import AccountId, ClientId, Venue
from simulation.client_session import (
    SessionConfig,
)

SECOND: Final = 1_000_000_000


class NativeClientConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One account at one venue.

    Attributes:
        host: where the gateway is served.
        request_lifetime_ns: after this long a request can no longer act: its deadline.
        request_timeout_ns: how long its answer is waited for; at most the lifetime.
        requests_per_second, burst: our own pace, below what the venue allows.
        page: executions, or data of the past, asked for at once.
    """

    client_id: ClientId
    venue: Venue
    account_id: AccountId
    account_type: AccountType = AccountType.CASH
    oms_type: OmsType = OmsType.NETTING
    host: str
    key: str = "key"
    request_lifetime_ns: int = 3 * SECOND
    request_timeout_ns: int = 2 * SECOND
    requests_per_second: int = 40
    burst: int = 80
    page: int = 100
    session: SessionConfig = SessionConfig()

    def __post_init__(self) -> None:
        if not 0 < self.request_timeout_ns <= self.request_lifetime_ns:
            raise ValueError(
                f"a timeout of {self.request_timeout_ns} ns does not fit into a lifetime of "
                f"{self.request_lifetime_ns} ns"
            )
