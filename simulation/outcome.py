"""How a run ended: one verdict, one digest, and the counts that show it did something."""

import re
from enum import StrEnum
from typing import Final

import msgspec


class Verdict(StrEnum):
    """How a run ended. A harness that broke is an ERROR, never a PASS."""

    PASS = "PASS"
    VIOLATION = "VIOLATION"
    NONDETERMINISM = "NONDETERMINISM"
    INCONCLUSIVE = "INCONCLUSIVE"
    ERROR = "ERROR"


# Exit codes tell kinds of news apart; where several apply, the first of this order wins.
EXIT_CODES: Final = {
    Verdict.ERROR: 4,
    Verdict.NONDETERMINISM: 3,
    Verdict.VIOLATION: 1,
    Verdict.INCONCLUSIVE: 5,
    Verdict.PASS: 0,
}
EXIT_USAGE: Final = 2

_INSTRUMENT: Final = re.compile(r"\b[A-Z][A-Z0-9/_-]*\.[A-Z][A-Z0-9]*[^\s,;:]*")  # or its position
_NUMBER: Final = re.compile(r"-?\b[0-9a-f]*[0-9][0-9a-f]*(\.[0-9]+)?")
_FROM_NUMBER: Final = re.compile(r"[0-9].*")


class Outcome(msgspec.Struct, frozen=True):
    """One seed's result.

    Attributes:
        property_id: the property that broke, or ""; "property" in JSON.
        subject, detail: what broke and how, or the error's text.
        digest: SHA-256 of the trace, hex.
        events: records in the trace.
        turn: of the kernel, at which it broke.
        counts: turns, submits, fills, reconnects and the like.
        faults: fired, by kind.
        fired_at: fired, by "KIND channel".
        probes: situations seen, by id.
        notes: what a reader should know (ambient calls of user code, say).
        traceback: where the exception came from that ended the run, or "". It is the
            interpreter's text, so it is beside the trace and never in it.
    """

    scenario: str
    seed: int
    verdict: Verdict
    digest: str
    events: int
    token: str
    property_id: str = msgspec.field(default="", name="property")
    subject: str = ""
    detail: str = ""
    turn: int = 0
    counts: dict[str, int] = {}
    faults: dict[str, int] = {}
    fired_at: dict[str, int] = {}
    probes: dict[str, int] = {}
    notes: tuple[str, ...] = ()
    traceback: str = ""

    @property
    def passed(self) -> bool:
        return self.verdict is Verdict.PASS

    @property
    def exit_code(self) -> int:
        return EXIT_CODES[self.verdict]

    @property
    def signature(self) -> str:
        """What failures of one cause have in common: where an exception was raised; else what
        was found and of what, without numbers and digests."""
        places = [line for line in self.traceback.splitlines() if line.startswith("  File ")]
        if places:
            return f"{self.verdict} {self.property_id} {places[-1].strip()}"
        words = _NUMBER.sub("#", _INSTRUMENT.sub("instrument", self.detail))
        # an order's name is letters and numbers: the letters say what it is the name of
        subject = _FROM_NUMBER.sub("#", _INSTRUMENT.sub("instrument", self.subject))
        return f"{self.verdict} {self.property_id} {subject} {words}"

    def report(self, replayed_by: str = "") -> str:
        """One line for a person: what broke and how to see it again, by the token unless said."""
        if self.passed:
            return f"{self.scenario}@{self.seed}: PASS"
        what = f"({self.property_id})" if self.property_id else ""
        return (
            f"{self.scenario}@{self.seed}: {self.verdict}{what} {self.subject}: {self.detail}; "
            f"replay with: seatrial replay '{replayed_by or self.token}'"
        )


def same_failure(a: Outcome, b: Outcome) -> bool:
    """Whether two runs break the same property. Of exceptions, which all break one property, the
    place that raised is to be the same too."""
    if b.verdict is not Verdict.VIOLATION or a.property_id != b.property_id:
        return False
    return not (a.traceback or b.traceback) or a.signature == b.signature
