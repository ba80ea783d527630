"""A journal in memory. It outlives the kernels that write to it, as a disk would."""

from engine.journal.port import StaleEpoch
from engine.model.native import mypyc_attr
from engine.record import FaultRecord, TurnRecord


@mypyc_attr(allow_interpreted_subclasses=True)
class MemoryJournal:
    """Keeps every record, over all epochs, in the order written.

    With `durable_at_once` False a turn's outbox waits until whoever drives the kernel calls
    `kernel.durable(turn)`; that is how a disk that takes its time is simulated.

    Attributes:
        epoch: of the kernel that opened it last; 0 before the first.
        records, faults: what was appended.
    """

    __slots__ = ("epoch", "faults", "is_durable_at_once", "records", "stores")

    def __init__(self, durable_at_once: bool = True) -> None:
        self.stores = True
        self.is_durable_at_once = durable_at_once
        self.epoch = 0
        self.records: list[TurnRecord] = []
        self.faults: list[FaultRecord] = []

    def open(self) -> int:
        self.epoch += 1
        return self.epoch

    def append(self, record: TurnRecord) -> None:
        if record.epoch != self.epoch:
            raise StaleEpoch(record.epoch, self.epoch)
        self.records.append(record)

    def append_fault(self, record: FaultRecord) -> None:
        if record.epoch != self.epoch:
            raise StaleEpoch(record.epoch, self.epoch)
        self.faults.append(record)
