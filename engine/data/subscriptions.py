"""Subscriptions, counted by owner: who wants what of which client.

The client hears of the first owner and of the last one to leave; in between it keeps the wanted
set itself, also while it is not connected.
"""

from engine.clients import Client
from engine.context import Context
from engine.model.bars import BarType
from engine.model.commands import (
    Command,
    Subscribe,
    SubscribeBars,
    SubscribeCustom,
    Unsubscribe,
    UnsubscribeBars,
    UnsubscribeCustom,
)
from engine.model.data_type import DataType
from engine.model.enums import DataKind
from engine.model.identifiers import ClientId, InstrumentId

Subject = InstrumentId | BarType | DataType


class Subscriptions:
    """What every client of one kernel is asked for. Its commands go into the turn's outbox."""

    __slots__ = ("_ctx", "_owners")

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._owners: dict[tuple[ClientId, DataKind, Subject], dict[str, None]] = {}

    def add(self, client: Client, kind: DataKind, subject: Subject, owner: str) -> None:
        """`owner` wants this, too; asking twice is asking once."""
        key = (client.client_id, kind, subject)
        owners = self._owners.get(key)
        if owners is not None:
            owners[owner] = None
            return
        self._owners[key] = {owner: None}
        ctx = self._ctx
        command_id, client_id, now_ns = ctx.new_id(), client.client_id, ctx.clock.now_ns
        command: Command
        if isinstance(subject, BarType):
            command = SubscribeBars(command_id, client_id, now_ns, subject)
        elif isinstance(subject, DataType):
            command = SubscribeCustom(command_id, client_id, now_ns, subject)
        else:
            command = Subscribe(command_id, client_id, now_ns, kind, subject)
        ctx.outbox.append((client, command))

    def remove(self, client: Client, kind: DataKind, subject: Subject, owner: str) -> bool:
        """False when `owner` did not want this: nothing was changed."""
        key = (client.client_id, kind, subject)
        owners = self._owners.get(key)
        if owners is None or owner not in owners:
            return False
        del owners[owner]
        if owners:
            return True
        del self._owners[key]
        ctx = self._ctx
        command_id, client_id, now_ns = ctx.new_id(), client.client_id, ctx.clock.now_ns
        command: Command
        if isinstance(subject, BarType):
            command = UnsubscribeBars(command_id, client_id, now_ns, subject)
        elif isinstance(subject, DataType):
            command = UnsubscribeCustom(command_id, client_id, now_ns, subject)
        else:
            command = Unsubscribe(command_id, client_id, now_ns, kind, subject)
        ctx.outbox.append((client, command))
        return True

    def wanted(self, client_id: ClientId) -> list[tuple[DataKind, Subject]]:
        """What this client should be subscribed to at its venue, sorted."""
        return sorted(
            (kind, subject)
            for subscribed_id, kind, subject in self._owners
            if subscribed_id == client_id
        )

    def owners(self, client_id: ClientId, kind: DataKind, subject: Subject) -> list[str]:
        """Who wants this: component ids, and timers of bars and of images; sorted."""
        return sorted(self._owners.get((client_id, kind, subject), ()))
