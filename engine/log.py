"""Structured log records, stamped with the kernel's time and handed to a sink.

Nothing is formatted here and no clock is read: a simulated run logs virtual time. Without a sink
nothing is built at all.
"""

from collections.abc import Callable
from enum import IntEnum

import msgspec

from engine.clock import KernelClock
from engine.model.identifiers import ComponentId


class LogLevel(IntEnum):
    DEBUG = 10
    INFO = 20
    WARNING = 30
    ERROR = 40


class LogRecord(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=True):
    """One line: `fields` are (name, text) in the order the caller gave them."""

    ts_ns: int
    level: LogLevel
    component_id: ComponentId
    text: str
    fields: tuple[tuple[str, str], ...]


LogSink = Callable[[LogRecord], None]


class Log:
    """The one log of a kernel. `sink` None drops everything."""

    __slots__ = ("_clock", "sink")

    def __init__(self, clock: KernelClock, sink: LogSink | None = None) -> None:
        self._clock = clock
        self.sink = sink

    def for_component(self, component_id: ComponentId) -> "ComponentLog":
        return ComponentLog(self, component_id)

    def write(
        self, level: LogLevel, component_id: ComponentId, text: str, fields: dict[str, object]
    ) -> None:
        if self.sink is not None:
            items = tuple((name, str(value)) for name, value in fields.items())
            self.sink(LogRecord(self._clock.now_ns, level, component_id, text, items))


class ComponentLog:
    """What a component logs with: `log.info("order left", order=client_order_id)`."""

    __slots__ = ("_component_id", "_log")

    def __init__(self, log: Log, component_id: ComponentId) -> None:
        self._log = log
        self._component_id = component_id

    def debug(self, text: str, **fields: object) -> None:
        self._log.write(LogLevel.DEBUG, self._component_id, text, fields)

    def info(self, text: str, **fields: object) -> None:
        self._log.write(LogLevel.INFO, self._component_id, text, fields)

    def warning(self, text: str, **fields: object) -> None:
        self._log.write(LogLevel.WARNING, self._component_id, text, fields)

    def error(self, text: str, **fields: object) -> None:
        self._log.write(LogLevel.ERROR, self._component_id, text, fields)
