"""Text to bar types. An input is the text.

The witness knows the whole grammar of the reference, bars of bars included. Where the parser
says that it does not support something yet, it need not read it; whatever it does read must be
what the grammar says.
"""

from collections.abc import Mapping
from typing import Final

from engine.model.bars import BarType, BarTypeError
from engine.model.identifiers import InstrumentId
from fuzz.mutate import change_a_number
from fuzz.oracle import Wrong, accepted, agree, refused

_PARENT: Final = {"MILLISECOND": 1000, "SECOND": 60, "MINUTE": 60, "HOUR": 24, "MONTH": 12}
_TIMES: Final = (*_PARENT, "DAY", "WEEK", "YEAR")
_KINDS: Final = ("TICK", "VOLUME", "VALUE")
_AGGREGATIONS: Final = (
    *_TIMES,
    *_KINDS,
    *(f"{kind}_{how}" for kind in _KINDS for how in ("IMBALANCE", "RUNS")),
    "RENKO",
)
_PRICES: Final = ("BID", "ASK", "MID", "LAST", "MARK")
_SOURCES: Final = ("EXTERNAL", "INTERNAL")
_STEP_DIGITS_MAX: Final = 9


def check(data: bytes) -> None:
    text = data.decode("utf-8", "surrogateescape")
    what = f"bar type of {text!r}"
    canonical, is_plain = _read(text)
    if not canonical:
        _check_refusal(what, text)
        return
    if not is_plain:
        try:
            ours = BarType.from_str(text)
        except BarTypeError:
            return
    else:
        ours = accepted(what, lambda: BarType.from_str(text), BarTypeError)
    agree(what, str(ours), canonical)
    again = BarType.from_str(str(ours))
    agree(f"{what} there and back", (again, again.spec), (ours, ours.spec))
    agree(f"instrument of {what}", again.instrument_id, ours.instrument_id)


def _check_refusal(what: str, text: str) -> None:
    refused(what, lambda: BarType.from_str(text), BarTypeError)
    try:
        BarType.from_str(text)
    except BarTypeError as error:
        if error.text != text or error.token not in text or not 0 <= error.position <= 7:
            raise Wrong(f"{what} is refused for {error.token!r} at {error.position}") from error


def _read(text: str) -> tuple[str, bool]:
    """(the canonical text, whether it is of time and of ticks), or ("", False): no bar type."""
    main = _plain(text)
    if main[0]:
        return main
    head, at, tail = text.rpartition("@")
    whole, words = _plain(head)[0], tail.split("-")
    if not at or not whole or len(words) != 3:
        return "", False
    step, aggregation, source = words[0], words[1].upper(), words[2].upper()
    if not _is_step(step, aggregation) or source not in _SOURCES:
        return "", False
    return f"{whole}@{int(step)}-{aggregation}-{source}", False


def _plain(text: str) -> tuple[str, bool]:
    words = text.split("-")
    if len(words) < 5:
        return "", False
    name = "-".join(words[:-4])
    step, aggregation, price, source = words[-4], *(word.upper() for word in words[-3:])
    try:
        InstrumentId(name)
    except ValueError:
        return "", False
    if not _is_step(step, aggregation) or price not in _PRICES or source not in _SOURCES:
        return "", False
    is_plain = aggregation in _TIMES and price != "MARK"
    return f"{name}-{int(step)}-{aggregation}-{price}-{source}", is_plain


def _is_step(text: str, aggregation: str) -> bool:
    if aggregation not in _AGGREGATIONS or not 1 <= len(text) <= _STEP_DIGITS_MAX:
        return False
    if not all(character in "0123456789" for character in text) or int(text) < 1:
        return False
    parent = _PARENT.get(aggregation)
    return parent is None or (int(text) < parent and parent % int(text) == 0)


mutate: Final = change_a_number


def seeds() -> Mapping[str, bytes]:
    texts = {
        "minute": "BTC/USDT.SIM-5-MINUTE-LAST-INTERNAL",
        "hyphens": "BTC-PERP.SIM-1-HOUR-BID-EXTERNAL",
        "composite-symbol": "ES.FUT.XCME-30-SECOND-MID-INTERNAL",
        "lower-case": "eth/usd.X-250-millisecond-ask-external",
        "day": "A.X-3-DAY-LAST-EXTERNAL",
        "week": "A.X-2-WEEK-LAST-EXTERNAL",
        "month": "A.X-1-MONTH-LAST-INTERNAL",
        "half-year": "A.X-6-MONTH-LAST-INTERNAL",
        "two-years-in-months": "A.X-24-MONTH-LAST-INTERNAL",
        "thirteen-months": "A.X-13-MONTH-LAST-EXTERNAL",
        "a-day-in-hours": "A.X-24-HOUR-LAST-INTERNAL",
        "year": "A.X-10-YEAR-LAST-INTERNAL",
        "sixty-minutes": "A.X-60-MINUTE-LAST-INTERNAL",
        "seven-minutes": "A.X-7-MINUTE-LAST-INTERNAL",
        "step-zero": "A.X-0-DAY-LAST-INTERNAL",
        "step-signed": "A.X-+5-MINUTE-LAST-INTERNAL",
        "no-venue": "A-5-MINUTE-LAST-INTERNAL",
        "no-source": "A.X-5-MINUTE-LAST",
        "unknown-unit": "A.X-5-FORTNIGHT-LAST-INTERNAL",
        "ticks": "A.X-100-TICK-LAST-INTERNAL",
        "mark": "A.X-1-MINUTE-MARK-EXTERNAL",
        "bars-of-bars": "A.X-5-MINUTE-LAST-INTERNAL@1-MINUTE-EXTERNAL",
    }
    return {name: text.encode() for name, text in texts.items()}
