"""Trace records as lines that a person reads."""

from typing import Final

from simulation.trace import read_record

_BEFORE: Final = 60  # characters shown before the place where two lines part
_AFTER: Final = 160


def line(record: bytes) -> str:
    """TIME KIND PAYLOAD"""
    kind, ts, payload = read_record(record)
    return f"{ts} {kind} {payload}"


def side_by_side(a: bytes, b: bytes) -> str:
    """Two records, cut to the place where they part; an empty one is a run that has ended."""
    left = line(a) if a else "(ended)"
    right = line(b) if b else "(ended)"
    shared = 0
    for one, other in zip(left, right, strict=False):
        if one != other:
            break
        shared += 1
    return f"a {_window(left, shared)}\nb {_window(right, shared)}"


def _window(text: str, at: int) -> str:
    """The beginning, which tells time and kind, and what stands around `at`."""
    head = " ".join(text.split(" ", 2)[:2])
    start = max(at - _BEFORE, 0)
    if start <= len(head):
        shown = text[: at + _AFTER]
    else:
        shown = f"{head} ... {text[start : at + _AFTER]}"
    return shown if at + _AFTER >= len(text) else f"{shown} ..."
