"""Six wrong copies of the native client: the negative control of the certificate.

Each is the genuine client with one mistake that real adapters make, as small as it can be written.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any

import msgspec

from conformance.native import CAPABILITIES, native_config
from conformance.world import Adapter, Factory, Target
from engine.model.commands import CancelOrder, ModifyOrder, SubmitOrder, Unsubscribe
from engine.model.enums import DataKind
from simulation.client import NativeClient
from simulation.client_book import BookChannel, Books
from simulation.client_session import NumberedFrame
from simulation.venue import protocol as wire


class DropsSecondPartialFill(NativeClient):
    """The stream's second fill of an order is lost, as a dedupe by order id would lose it."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._fills: dict[str, int] = {}

    def on_frame(self, frame: NumberedFrame) -> None:
        if isinstance(frame, wire.FillFrame):
            name = frame.order.client_order_id
            self._fills[name] = self._fills.get(name, 0) + 1
            if self._fills[name] == 2:
                return
        super().on_frame(frame)


class RetriesSubmitBlindly(NativeClient):
    """A submit that nobody answered is sent again, although it may have acted."""

    def _on_trading_silence(
        self, command: SubmitOrder | ModifyOrder | CancelOrder, why: str, sent_ns: int
    ) -> None:
        if not isinstance(command, SubmitOrder):
            super()._on_trading_silence(command, why, sent_ns)
            return
        again = f"{command.command_id}+again"
        deadline_ns = self._scheduler.now_ns + self.request_lifetime_ns
        request = self.mapper.submit_request(command, deadline_ns)
        self._requests.send_now(
            again,
            wire.encode(msgspec.structs.replace(request, request_id=again)),
            partial(self._on_trading_answer, command),
            partial(super()._on_trading_silence, command),
        )


class ResubscribesTwice(NativeClient):
    """After a reconnect both the session and the client subscribe to what is wanted."""

    _has_been_live = False

    def on_live(self) -> None:
        if self._has_been_live:
            for channel, symbol in self.session.wanted:
                self.session._send(wire.encode(wire.StreamSubscribe(channel, symbol)))
        self._has_been_live = True
        super().on_live()


class _TrustingChannel(BookChannel):
    """Takes whatever picture it is given, and what was held back on top of it."""

    __slots__ = ()

    def on_picture(self, picture: wire.DepthAnswer) -> list[wire.BookFrame] | None:
        held = [frame for frame in self._held if frame.update > picture.update]
        self._held = []
        self.is_synced = True
        self.update = held[-1].update if held else picture.update
        return held


class _TrustingBooks(Books):
    __slots__ = ()

    def channel(self, symbol: str) -> BookChannel:
        return self._channels.setdefault(symbol, _TrustingChannel(symbol))


class AppliesStaleSnapshot(NativeClient):
    """A book picture older than what the stream has shown is applied all the same."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._books = _TrustingBooks(
            self._scheduler, self._requests, self.mapper, self._post, self._own_request_id
        )


class MapsExpiredToCanceled(NativeClient):
    """It knows one way for an order to end unfilled."""

    def on_frame(self, frame: NumberedFrame) -> None:
        if isinstance(frame, wire.OrderFrame) and frame.event == "EXPIRED":
            frame = msgspec.structs.replace(frame, event="CANCELED")
        super().on_frame(frame)


class KeepsSubscription(NativeClient):
    """Nobody listens any more, and it goes on asking the venue for quotes."""

    def _unsubscribe(self, command: Unsubscribe) -> None:
        if command.kind is not DataKind.QUOTES:
            super()._unsubscribe(command)


def _factory(kind: type[NativeClient]) -> Factory:
    def factory(target: Target) -> Adapter:
        client = kind(
            native_config(target), target.channel, target.clock, target.entropy, target.post
        )
        return Adapter(client, client, CAPABILITIES)

    return factory


class Wrong(msgspec.Struct, frozen=True):
    """`case` is where it must fail, and `rule` is what must say so.

    `level` is the lowest that shows it: a mistake about a lost answer or a lost connection needs
    one, and the default level has both in every case.
    """

    factory: Factory
    level: str
    case: str
    rule: str


WRONG: Mapping[str, Wrong] = {
    "drops the second partial fill": Wrong(
        _factory(DropsSecondPartialFill), "baseline", "TC-E01", "G9"
    ),
    "retries a submit blindly": Wrong(_factory(RetriesSubmitBlindly), "faults", "TC-E10", "G6"),
    "resubscribes twice": Wrong(_factory(ResubscribesTwice), "faults", "TC-D20", "G8"),
    "applies a stale snapshot": Wrong(_factory(AppliesStaleSnapshot), "faults", "TC-D10", "deltas"),
    "maps expired to canceled": Wrong(
        _factory(MapsExpiredToCanceled), "baseline", "TC-E18", "SEQUENCE"
    ),
    "keeps a subscription after the stop": Wrong(
        _factory(KeepsSubscription), "baseline", "TC-D20", "G8"
    ),
}
