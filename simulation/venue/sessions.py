"""One client connection as the venue sees it: login, subscriptions, frame numbers."""

from typing import Protocol

from invariants.truth import TrueSubscription

ChannelKey = tuple[str, str]  # (channel, symbol); the user channel has no symbol


class Peer(Protocol):
    """The venue's end of a connection, as `simulation.network` hands it in."""

    id: int

    def send(self, body: bytes) -> None: ...
    def close(self) -> None: ...


class Session:
    """State of one open connection.

    Attributes:
        subscriptions: how often each channel was subscribed and not unsubscribed; a frame is
            sent once however often.
        gapped: channels whose last frame was withheld; they speak again at the next heartbeat,
            so that a missing number always shows.
    """

    __slots__ = ("_sequences", "gapped", "logged_in", "peer", "subscriptions")

    def __init__(self, peer: Peer) -> None:
        self.peer = peer
        self.logged_in = False
        self.subscriptions: dict[ChannelKey, int] = {}
        self._sequences: dict[ChannelKey, int] = {}
        self.gapped: dict[ChannelKey, None] = {}

    def next_seq(self, key: ChannelKey) -> int:
        """The next frame number of a channel: from 1, for the life of the connection."""
        seq = self._sequences.get(key, 0) + 1
        self._sequences[key] = seq
        return seq

    def subscribe(self, key: ChannelKey) -> None:
        self.subscriptions[key] = self.subscriptions.get(key, 0) + 1

    def unsubscribe(self, key: ChannelKey) -> bool:
        """End every subscription of the channel; False when there was none."""
        self.gapped.pop(key, None)
        return self.subscriptions.pop(key, 0) > 0


def true_subscriptions(
    sessions: dict[int, Session], instrument_ids: dict[str, str]
) -> tuple[TrueSubscription, ...]:
    """What all open connections together hold, sorted; `instrument_ids` by symbol."""
    counts: dict[ChannelKey, int] = {}
    for session in sessions.values():
        for (channel, symbol), count in session.subscriptions.items():
            key = (channel, instrument_ids.get(symbol, ""))
            counts[key] = counts.get(key, 0) + count
    return tuple(
        [
            TrueSubscription(channel, instrument_id, count)
            for (channel, instrument_id), count in sorted(counts.items())
        ]
    )
