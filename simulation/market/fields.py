"""What every recording is made of: a file's text, decimal numbers, and the error that names a place.

Numbers are decimal text and become integers at the finest precision found in the file. A row that
cannot be right ends the reading with the place and the value: nothing of the file is used then.
"""

import gzip
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Final, NoReturn

TS_MAX: Final = (1 << 63) - 1
_TS_DIGITS: Final = 19
_GZIP: Final = b"\x1f\x8b"
DECIMALS_MAX: Final = 16
DIGITS_MAX: Final = 18  # a mantissa fits 63 bits

Number = tuple[int, int]  # (integer of all digits, how many of them are decimals)


class RecordingError(ValueError):
    """A recording that cannot be used.

    Attributes:
        file: its path. row: line in the file, the header is 1; 0 when no line is at fault.
        column, value: the field, "" when it is the file or the whole row.
    """

    def __init__(self, file: str, row: int, column: str, value: str, reason: str) -> None:
        place = file if row == 0 else f"{file} row {row}"
        field = f", {column} {value!r}" if column else ""
        super().__init__(f"{place}{field}: {reason}")
        self.file = file
        self.row = row
        self.column = column
        self.value = value
        self.reason = reason


class Fields:
    """The fields of one row, read one by one. Every method raises RecordingError."""

    __slots__ = ("_file", "row")

    def __init__(self, file: str, row: int) -> None:
        self._file = file
        self.row = row

    def bad(self, column: str, value: str, reason: str) -> NoReturn:
        raise RecordingError(self._file, self.row, column, value, reason)

    def count(self, column: str, text: str, what: str = "not a whole number") -> int:
        """A whole number that fits 63 bits, 0 or more."""
        digits = text.lstrip("0")
        if not text.isascii() or not text.isdigit() or len(digits) > _TS_DIGITS:
            self.bad(column, text, what)
        value = int(digits or "0")
        if value > TS_MAX:
            self.bad(column, text, what)
        return value

    def number(self, column: str, text: str, *, positive: bool) -> Number:
        """A decimal number, 0 or more."""
        text = text.strip()
        whole, _, decimals = text.partition(".")
        digits = whole + decimals
        significant = digits.lstrip("0")
        if not digits.isascii() or not digits.isdigit():
            self.bad(column, text, "not a decimal number")
        if len(decimals) > DECIMALS_MAX or len(significant) > DIGITS_MAX:
            self.bad(column, text, "more digits than a venue can hold")
        value = int(significant or "0")
        if positive and value == 0:
            self.bad(column, text, "must be positive")
        return value, len(decimals)


def read_text(path: str | Path) -> str:
    """The file as text, whether or not it is gzipped. Raises RecordingError."""
    file = str(path)
    try:
        content = Path(path).read_bytes()
        if content.startswith(_GZIP):
            content = gzip.decompress(content)
        return content.decode("utf-8-sig")
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise RecordingError(file, 0, "", "", f"damaged gzip: {error}") from None
    except OSError as error:
        raise RecordingError(file, 0, "", "", error.strerror or "cannot be read") from None
    except UnicodeDecodeError:
        raise RecordingError(file, 0, "", "", "is not text") from None


def finest(file: str, numbers: Iterable[Number]) -> int:
    """The most decimals of any: the precision of them all.

    Raises:
        RecordingError: each fits 63 bits by itself, and one does not at that precision.
    """
    read = list(numbers)
    precision = max((decimals for _, decimals in read), default=0)
    for number in read:
        if scaled(number, precision) > TS_MAX:
            value, decimals = number
            text = f"{value}e-{decimals}"
            reason = f"does not fit 63 bits at the {precision} decimals of the file's finest number"
            raise RecordingError(file, 0, "number", text, reason)
    return precision


def scaled(number: Number, precision: int) -> int:
    """The mantissa at `precision`, which is at least the number's own."""
    value, decimals = number
    return int(value * 10 ** (precision - decimals))
