"""The one seam to the outside: clients. Commands in, messages out, no coroutines.

The same kernel runs in backtest, simulation, sandbox and live; only the clients, the clock's
inputs and the journal differ. A client is handed `post` by whoever drives the kernel and calls
it with `ClientMessage`s; it never calls into the kernel itself.
"""

from collections.abc import Callable
from typing import Final, Protocol, TypeGuard, runtime_checkable

from engine.model.commands import Command
from engine.model.enums import AccountType, DataKind, OmsType
from engine.model.identifiers import AccountId, ClientId, Venue
from engine.model.reports import ClientMessage

Post = Callable[[ClientMessage], None]


class Client(Protocol):
    """Both kinds of client, and one object may be both.

    `send` takes every command the kernel releases for this client and returns at once.
    Each request gets exactly one final message: an answer, a refusal, or an unknown outcome. A
    request for data that it has nothing to say about is answered FAILED.
    """

    client_id: ClientId
    venue: Venue

    def send(self, command: Command) -> None: ...


@runtime_checkable
class ExecutionClient(Client, Protocol):
    """A client that can trade.

    Attributes:
        request_lifetime_ns: after this long, measured from release, a request can no longer
            act at the venue. A complete query made later is proof of absence.
        absence_is_final: a complete query that does not list an order proves it never will.
    """

    account_id: AccountId
    account_type: AccountType
    oms_type: OmsType
    request_lifetime_ns: int
    absence_is_final: bool


_TRADING: Final = (
    "account_id",
    "account_type",
    "oms_type",
    "request_lifetime_ns",
    "absence_is_final",
)


def offers(client: Client, kind: DataKind) -> bool:
    """Whether it has data of a kind to subscribe to: those in its `data_kinds`, all where it has
    no such attribute."""
    kinds = getattr(client, "data_kinds", None)
    return kinds is None or kind in kinds


def takes_batches(client: ExecutionClient) -> bool:
    """Whether it takes `BatchCancelOrders`: it says so by an attribute `takes_batches` that is
    true. What most clients lack needs no word from them."""
    return bool(getattr(client, "takes_batches", False))


def is_execution_client(client: Client) -> TypeGuard[ExecutionClient]:
    """`isinstance(client, ExecutionClient)` for what is a client already, at a tenth of the cost:
    a kernel asks for each of its clients, and there are thousands of kernels a minute."""
    for name in _TRADING:  # noqa: SIM110 - `all` asks a generator, which costs as much again
        if not hasattr(client, name):
            return False
    return True
