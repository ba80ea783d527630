"""What a kernel asks of its journal.

A turn's record is appended before anything of it may leave. The journal says when the turn is
durable: at once, or later through `kernel.durable(turn)`, which the journal's driver calls.
"""

from typing import Protocol

from engine.record import FaultRecord, TurnRecord


class JournalFailed(RuntimeError):
    """The journal cannot hold this record. The kernel faults; nothing of the turn leaves."""


class StaleEpoch(JournalFailed):
    """A kernel of `epoch` wrote after a kernel of `current` had opened the journal."""

    def __init__(self, epoch: int, current: int) -> None:
        super().__init__(f"epoch {epoch} is over: the journal was opened again as {current}")
        self.epoch = epoch
        self.current = current


class Journal(Protocol):
    """
    Attributes:
        stores: False when nothing is kept, so that the kernel need not build a record.
        is_durable_at_once: True when a turn is durable as soon as `append` has returned.
    """

    stores: bool
    is_durable_at_once: bool

    def open(self) -> int:
        """Begin a new life. Returns its epoch: above that of every life before, 1 for the first."""
        ...

    def append(self, record: TurnRecord) -> None:
        """Take the record of the turn that has just gone quiet. Raises JournalFailed."""
        ...

    def append_fault(self, record: FaultRecord) -> None:
        """Take the audit of a faulted turn; it is the last record of its epoch.

        Raises JournalFailed.
        """
        ...
