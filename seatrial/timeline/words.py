"""Says a message in half a line: what it is about first, then what it brings."""

import re
from collections.abc import Callable
from typing import Final

from seatrial.timeline.reading import Named, Plain

Names = Callable[[Plain], Named]

# which fields tell, in the order told, each with what stands before it
_TELLING: Final = (
    ("subject", ""),
    ("client_order_id", ""),
    ("component_id", ""),
    ("channel", ""),
    ("kind", ""),
    ("event", ""),
    ("side", ""),
    ("order_type", ""),
    ("type", ""),
    ("quantity", ""),
    ("size", ""),
    ("last_qty", ""),
    ("last_px", "@ "),
    ("price", "@ "),
    ("trigger_price", "trigger "),
    ("filled_qty", "filled "),
    ("filled", "filled "),
    ("signed_qty", "holds "),
    ("status", ""),
    ("state", ""),
    ("code", ""),
    ("reason", ""),
    ("of", ""),
    ("detail", ""),
    ("bid", "bid "),
    ("ask", "ask "),
)
_PARTS: Final = ("trade", "order")  # messages inside that tell the rest; the first there is
_COUNTED: Final = ("orders", "fills", "trades", "deltas", "cancels", "instruments", "data")
_ABOUT: Final = ("instrument_id", "symbol", "client_id")  # where it is about no order
_SILENT: Final = ("AccountState", "OrderInitialized", "PositionChanged")  # told beside others
_NAMED: Final = re.compile(r"\bid=([^,)]+)")


def brief(message: Plain, names: Names, told: str = "") -> str:
    """Half a line on one message; an id that is `told` already is left out."""
    fields = names(message)
    words: list[str] = []
    for field, before in _TELLING:
        value = fields.get(field)
        if value is None or value == "" or isinstance(value, list) or value == told:
            continue
        if f"{before}{value}" in words or (before == "filled " and not str(value).strip("0.")):
            continue
        words.append(f"{before}{value}")
    part = next((fields[part] for part in _PARTS if isinstance(fields.get(part), list)), None)
    if part is not None:
        inner = brief(part, names, str(fields.get("client_order_id") or told))
        words = [word for word in words if word not in inner.split()] + [inner]
    elif "client_order_id" not in fields:
        words[:0] = [str(fields[field]) for field in _ABOUT if fields.get(field)][:1]
    instrument = fields.get("instrument")
    if isinstance(instrument, str):
        words.extend(_NAMED.findall(instrument)[:1])
    for balance in _items(fields.get("balances")):
        held = names(balance)
        words.append(f"{held.get('currency')} {held.get('total')}")
    for many in _COUNTED:
        items = fields.get(many)
        if isinstance(items, list):
            words.append(f"{len(items)} {many.removesuffix('s') if len(items) == 1 else many}")
    return " ".join(word for word in words if word)


def turn(fields: Named, names: Names) -> str:
    """A line on one turn: the input, what became true, what is sent."""
    heard = fields.get("input")
    told = str(names(heard).get("client_order_id") or "")
    parts = [brief(heard, names)]
    facts = _items(fields.get("facts"))
    news = [fact for fact in facts if fact[0] not in _SILENT or len(facts) == 1]
    parts.extend(_each(news, names, told))
    commands = _items(fields.get("commands"))
    if facts and not told:
        told = str(names(facts[0]).get("client_order_id") or "")
    if commands:
        parts.append("sends " + ", ".join(_each(commands, names, told)))
    return " · ".join(part for part in parts if part)


def _each(messages: list[list[Plain]], names: Names, told: str) -> list[str]:
    """A word or few on each; those of one type and no id of their own are counted."""
    said: list[str] = []
    counts: dict[str, int] = {}
    for message in messages:
        text = f"{message[0]} {brief(message, names, told)}".strip()
        told = str(names(message).get("client_order_id") or told)
        kind = str(message[0])
        counts[kind] = counts.get(kind, 0) + 1
        if counts[kind] <= 2:
            said.append(text)
    said.extend(f"{count - 2} more {kind}" for kind, count in counts.items() if count > 2)
    return said


def _items(value: Plain) -> list[list[Plain]]:
    if not isinstance(value, list):
        return []
    return [item for item in value if isinstance(item, list) and item]
