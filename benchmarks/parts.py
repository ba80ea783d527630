"""Single parts: the bus, and what one operation on a price or a quantity costs."""

from collections.abc import Callable

from benchmarks.backtests import scaled
from benchmarks.measure import Row, measure, row
from engine.bus import MessageBus
from engine.model.values import Price, Quantity

_PART = "the part alone: no kernel, trace or journal"
_TOPIC = "data.quotes.SIM.AUD/USD"


def msgbus_publish(repeat: int, scale: float) -> list[Row]:
    """Messages to one and to ten handlers, through a wildcard, and to an endpoint."""
    n = scaled(300_000, scale)
    seen = [0]

    def handler() -> Callable[[object], None]:
        def handle(_: object) -> None:
            seen[0] += 1

        return handle

    message = object()

    def publish(bus: MessageBus) -> int:
        seen[0] = 0
        say = bus.publish
        for _ in range(n):
            say(_TOPIC, message)
        return seen[0]

    def send(bus: MessageBus) -> int:
        seen[0] = 0
        say = bus.send
        for _ in range(n):
            say("Engine.execute", message)
        return seen[0]

    def subscribed(pattern: str, handlers: int) -> Callable[[], MessageBus]:
        def setup() -> MessageBus:
            bus = MessageBus()
            for _ in range(handlers):
                bus.subscribe(pattern, handler())
            return bus

        return setup

    def registered() -> MessageBus:
        bus = MessageBus()
        bus.register("Engine.execute", handler())
        return bus

    cases: list[tuple[str, int, Callable[[], MessageBus], Callable[[MessageBus], int]]] = [
        ("msgbus_publish_1", 1, subscribed(_TOPIC, 1), publish),
        ("msgbus_publish_10", 10, subscribed(_TOPIC, 10), publish),
        ("msgbus_publish_wildcard", 1, subscribed("data.quotes.SIM.*", 1), publish),
        ("msgbus_send_endpoint", 1, registered, send),
    ]
    rows = []
    for name, handlers, setup, body in cases:
        timing = measure(repeat, setup, body)
        if timing.result != n * handlers:
            raise RuntimeError(f"{name}: {timing.result} calls where {n * handlers} were due")
        rows.append(row(name, n, "messages", timing, _PART, handlers=handlers))
    return rows


def price_ops(repeat: int, scale: float) -> list[Row]:
    """Construction, arithmetic, comparison, text and hash of the two scaled values."""
    n = scaled(300_000, scale)
    rows: list[Row] = []
    for kind, text in ((Price, "1.00001"), (Quantity, "100000.00")):
        for operation, body in _operations(kind, text, n).items():
            timing = measure(repeat, lambda: None, body)
            name = f"{kind.__name__.lower()}_{operation}"
            nanoseconds = round(min(timing.wall) / n * 1e9, 1)
            rows.append(row(name, n, "ops", timing, _PART, ns_per_op=nanoseconds))
    return rows


def _operations(
    kind: type[Price] | type[Quantity], text: str, n: int
) -> dict[str, Callable[[None], int]]:
    a = kind.from_str(text)
    b = kind.from_str(text)

    def from_str(_: None) -> int:
        make = kind.from_str
        for _i in range(n):
            make(text)
        return n

    def ctor_float(_: None) -> int:
        for _i in range(n):
            kind(1.5, 5)
        return n

    def from_raw(_: None) -> int:
        make = kind.from_raw
        raw = a.raw
        for _i in range(n):
            make(raw, 5)
        return n

    def add(_: None) -> int:
        for _i in range(n):
            a + b  # type: ignore[operator]
        return n

    def lt(_: None) -> int:
        for _i in range(n):
            a < b  # noqa: B015
        return n

    def eq(_: None) -> int:
        for _i in range(n):
            a == b  # noqa: B015
        return n

    def text_of(_: None) -> int:
        for _i in range(n):
            str(a)
        return n

    def hash_of(_: None) -> int:
        for _i in range(n):
            hash(a)
        return n

    return {
        "from_str": from_str,
        "ctor_float": ctor_float,
        "from_raw": from_raw,
        "add": add,
        "lt": lt,
        "eq": eq,
        "str": text_of,
        "hash": hash_of,
    }
