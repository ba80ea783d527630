"""One record of a trace, readable."""

from typing import NamedTuple


class TraceRecord(NamedTuple):
    kind: str
    ts: int
    payload: object  # plain lists, text and integers
