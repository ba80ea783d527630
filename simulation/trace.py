"""What happened in a run: one sequence of records and the digest over all of it.

A record is the MessagePack array [kind, time, payload] in the codec that journals use. The
records laid end to end are what the digest covers, so equal digests mean equal runs and a
stored trace can be checked against its digest.
"""

import hashlib
from collections.abc import Callable

import msgspec

from engine.record import decode, encode
from simulation.trace_record import TraceRecord as TraceRecord


class Trace:
    """The running digest, and the records themselves when they are kept.

    Args:
        keep: Keep the records. A campaign keeps digests only.
        stop_at, on_stop: Called once record number `stop_at` is kept.

    Attributes:
        count: How many records there are.
    """

    __slots__ = ("_digest", "_kept", "_on_stop", "_stop_at", "_update", "count")

    def __init__(
        self, keep: bool, stop_at: int = 0, on_stop: Callable[[], None] | None = None
    ) -> None:
        self._stop_at = stop_at
        self._on_stop = on_stop
        self._digest = hashlib.sha256()
        self._update = self._digest.update
        self._kept: list[bytes] | None = [] if keep else None
        self.count = 0

    def record(self, kind: str, ts: int, payload: object) -> None:
        """Append one record.

        Args:
            kind: What sort of record: "turn", "fault", ...
            ts: Virtual nanoseconds.
            payload: A message, or plain text, integers, lists and tuples of such.
        """
        data = encode((kind, ts, payload))
        self.count += 1
        self._update(data)
        if self._kept is not None:
            self._keep(self._kept, data)

    def write_bytes(self, kind: str, ts: int, payload: bytes) -> None:
        """`record` for a payload that is MessagePack already."""
        data = encode((kind, ts, msgspec.Raw(payload)))
        self.count += 1
        self._update(data)
        if self._kept is not None:
            self._keep(self._kept, data)

    def _keep(self, kept: list[bytes], data: bytes) -> None:
        kept.append(data)
        if self._on_stop is not None and self.count == self._stop_at:
            self._on_stop()

    @property
    def digest(self) -> str:
        """SHA-256 of every record so far, as 64 hexadecimal digits."""
        return self._digest.hexdigest()

    @property
    def kept(self) -> tuple[bytes, ...]:
        """The records as they were written; empty when they are not kept."""
        return tuple(self._kept or ())

    def records(self) -> list[TraceRecord]:
        """The kept records, readable."""
        return [read_record(data) for data in self._kept or ()]


def read_record(data: bytes) -> TraceRecord:
    """Decode one record.

    Raises:
        ValueError: `data` is not a trace record.
    """
    plain = decode(data)
    if not isinstance(plain, list) or len(plain) != 3:
        raise ValueError("a trace record is [kind, time, payload]")
    kind, ts, payload = plain
    if type(kind) is not str or type(ts) is not int:
        raise ValueError("a trace record is [kind, time, payload]")
    return TraceRecord(kind, ts, payload)
