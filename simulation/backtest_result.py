"""What a backtest is given and gives back: latencies, and the result."""

import msgspec

from engine.kernel import Kernel
from engine.model.orders import Order
from engine.model.positions import Position


class LatencyModel(msgspec.Struct, frozen=True):
    """Nanoseconds from the kernel to the venue, by what is asked; the way back takes none."""

    insert_ns: int = 0
    update_ns: int = 0
    delete_ns: int = 0

    def __post_init__(self) -> None:
        if min(self.insert_ns, self.update_ns, self.delete_ns) < 0:
            raise ValueError("latency is not negative")


class Result(msgspec.Struct, frozen=True):
    """What a backtest came to; the kernel stays readable."""

    data: int
    turns: int
    orders: list[Order]
    positions: list[Position]
    kernel: Kernel
