"""Folds a recorded run into the template: one file, with nothing to fetch and nothing that may be.

The data travels as gzipped JSON in base64, which no text of a run can break out of, in columns. The
page's policy allows its own script and style by their hashes and nothing else.
"""

import gzip
import html
from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha256
from importlib.resources import files
from typing import Final

import msgspec

from seatrial.timeline.reading import readable
from seatrial.timeline.rows import Row, Rows
from simulation.logbook import Log
from simulation.outcome import Outcome
from simulation.recording import Recording

_COMPRESSION: Final = 6


def page(recording: Recording) -> str:
    """The timeline of a run, as HTML.

    Raises:
        ValueError: the run was recorded without a logbook, and it did not break off before one.
    """
    log = recording.log
    if log is None:
        if recording.records:
            raise ValueError("the run was recorded without a logbook")
        log = Log(0, "", {}, [], [])  # the harness broke before anything happened
    outcome = recording.outcome
    return folded(outcome, data_of(outcome, log, Rows(recording.records, log, outcome)))


def folded(outcome: Outcome, data: dict[str, object]) -> str:
    """The template with `data` in it."""
    here = files("seatrial.timeline")
    text = (here / "page.html").read_text("utf-8")
    script = (here / "page.js").read_text("utf-8")
    style = (here / "page.css").read_text("utf-8")
    packed = gzip.compress(msgspec.json.encode(data), _COMPRESSION, mtime=0)
    policy = (
        f"default-src 'none'; base-uri 'none'; form-action 'none'; "
        f"script-src 'sha256-{_hash(script)}'; style-src 'sha256-{_hash(style)}'"
    )
    parts = {
        "policy": policy,
        "title": html.escape(f"{outcome.verdict} {outcome.scenario}@{outcome.seed}"),
        "style": style,
        "data": b64encode(packed).decode(),
        "script": script,
    }
    first, *pieces = text.split("{{")  # one pass: what is put in is not looked at again
    for piece in pieces:
        name, _, rest = piece.partition("}}")
        first += parts[name] + rest
    return first


def data_of(outcome: Outcome, log: Log, found: Rows) -> dict[str, object]:
    """What the page shows, in columns; `page.js` says how it reads them."""
    rows = found.rows
    names = _Numbers()
    subjects = _Numbers()
    changes = []
    for change in log.changes:
        subject = subjects.of((change.sort, change.subject))
        changes.append((found.row_of(change), int(change.is_truth), subject, change.standing))
    changes.sort(key=_where)
    lanes, kinds = _Numbers(found.lanes), _Numbers()
    return {
        "run": {
            "verdict": str(outcome.verdict),
            "property": outcome.property_id,
            "sentence": log.sentence,
            "subject": outcome.subject,
            "detail": readable(outcome.detail, log.start_ns),
            "turn": outcome.turn,
            "token": outcome.token,
            "run": f"{outcome.scenario}@{outcome.seed}",
            "digest": outcome.digest,
            "records": outcome.events,
            "counts": outcome.counts,
            "notes": outcome.notes,
            "traceback": outcome.traceback,
        },
        "lanes": found.lanes,
        "types": found.types,
        "at": _steps(rows),
        "number": [row.number for row in rows],
        "lane": [lanes.of(row.lane) for row in rows],
        "kind": [kinds.of(row.kind) for row in rows],
        "weight": [row.weight for row in rows],
        "arrived": [_after(row.arrived, row) for row in rows],
        "ended": [_after(row.ended, row) for row in rows],
        "text": [row.text for row in rows],
        "body": [msgspec.json.encode(row.body).decode() for row in rows],
        "ids": [[names.of(name) for name in row.ids] for row in rows],
        "causes": [row.causes for row in rows],
        "kinds": kinds.all,
        "names": names.all,
        "subjects": subjects.all,
        "changes": changes,
    }


class _Numbers:
    """Numbers things in the order they come."""

    def __init__(self, known: Sequence[object] = ()) -> None:
        self._numbers = {thing: number for number, thing in enumerate(known)}

    def of(self, thing: object) -> int:
        return self._numbers.setdefault(thing, len(self._numbers))

    @property
    def all(self) -> list[object]:
        return list(self._numbers)


def _where(change: tuple[int, int, int, tuple[str, ...]]) -> int:
    return change[0]


def _steps(rows: Sequence[Row]) -> list[int]:
    """Times as differences: small numbers, small file."""
    before = 0
    steps = []
    for row in rows:
        steps.append(row.at - before)
        before = row.at
    return steps


def _after(at: int, row: Row) -> int:
    """An instant as nanoseconds after its row's; -1: never."""
    return -1 if at < 0 else at - row.at


def _hash(text: str) -> str:
    return b64encode(sha256(text.encode()).digest()).decode()
