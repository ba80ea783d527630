"""A currency in which kernel and venue disagree, as a message."""

import msgspec

from engine.model.fixed import FIXED_PRECISION, format_mantissa


def _text(raw: int) -> str:
    text = format_mantissa(raw, FIXED_PRECISION).rstrip("0")
    return text.rstrip(".")


class BalanceDifference(msgspec.Struct, frozen=True, gc=False):
    """One currency in which kernel and venue disagree. Raw amounts, units of 1e-16."""

    currency: str
    kernel_total_raw: int
    kernel_locked_raw: int
    venue_total_raw: int
    venue_locked_raw: int

    def __str__(self) -> str:
        kernel = f"{_text(self.kernel_total_raw)} (locked {_text(self.kernel_locked_raw)})"
        venue = f"{_text(self.venue_total_raw)} (locked {_text(self.venue_locked_raw)})"
        return f"{self.currency}: kernel {kernel}, venue {venue}"
