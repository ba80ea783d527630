"""The journal of a backtest: it remembers nothing, so nothing has to wait."""

from engine.record import FaultRecord, TurnRecord


class NullJournal:
    __slots__ = ("is_durable_at_once", "stores")

    def __init__(self) -> None:
        self.stores = False
        self.is_durable_at_once = True

    def open(self) -> int:
        return 1

    def append(self, record: TurnRecord) -> None:
        pass

    def append_fault(self, record: FaultRecord) -> None:
        pass
