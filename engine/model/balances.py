"""Balances and margins of an account, as values that cannot contradict themselves."""

from typing import final

from engine.model.currencies import Currency
from engine.model.identifiers import InstrumentId
from engine.model.money import Money


def _one_currency(kind: str, *moneys: Money) -> Currency:
    """The currency that all are in. Raises TypeError, ValueError."""
    for money in moneys:
        if type(money) is not Money:
            raise TypeError(f"{kind} is made of Money, not {type(money).__name__}")
    currency = moneys[0].currency
    for money in moneys:
        if money.currency != currency:
            raise ValueError(f"{kind} needs one currency: {', '.join(map(str, moneys))}")
    return currency


@final
class AccountBalance:
    """What an account has of one currency: total == locked + free, exactly.

    Raises:
        TypeError: not Money.
        ValueError: two currencies, or the three do not add up.
    """

    __slots__ = ("free", "locked", "total")

    total: Money
    locked: Money
    free: Money

    def __init__(self, total: Money, locked: Money, free: Money) -> None:
        if (
            type(total) is not Money
            or type(locked) is not Money
            or type(free) is not Money
            or total.currency is not locked.currency
            or total.currency is not free.currency
        ):
            _one_currency("AccountBalance", total, locked, free)
        if total.raw != locked.raw + free.raw:
            raise ValueError(f"total {total} is not locked {locked} + free {free}")
        store = object.__setattr__
        store(self, "total", total)
        store(self, "locked", locked)
        store(self, "free", free)

    @classmethod
    def from_total_and_locked(cls, total: Money, locked: Money) -> "AccountBalance":
        """`locked` is held to 0..total while total >= 0 (a named clamp); free is the rest."""
        currency = _one_currency("AccountBalance", total, locked)
        raw = locked.raw if total.raw < 0 else min(max(locked.raw, 0), total.raw)
        return cls(total, Money.from_raw(raw, currency), Money.from_raw(total.raw - raw, currency))

    @classmethod
    def from_total_and_free(cls, total: Money, free: Money) -> "AccountBalance":
        """`free` is held to 0..total while total >= 0 (a named clamp); locked is the rest."""
        currency = _one_currency("AccountBalance", total, free)
        raw = free.raw if total.raw < 0 else min(max(free.raw, 0), total.raw)
        return cls(total, Money.from_raw(total.raw - raw, currency), Money.from_raw(raw, currency))

    @property
    def currency(self) -> Currency:
        return self.total.currency

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"AccountBalance is immutable: cannot set {name}")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"AccountBalance is immutable: cannot delete {name}")

    def __eq__(self, other: object) -> bool:
        return (
            type(other) is AccountBalance
            and self.total == other.total
            and self.locked == other.locked
        )

    def __hash__(self) -> int:
        return hash((self.total, self.locked))

    def __str__(self) -> str:
        return f"total={self.total}, locked={self.locked}, free={self.free}"

    def __repr__(self) -> str:
        return f"AccountBalance({self})"

    def __reduce__(self) -> tuple[type, tuple[Money, Money, Money]]:
        return AccountBalance, (self.total, self.locked, self.free)


@final
class MarginBalance:
    """Margin held in one currency; `instrument_id` None is the account-wide (cross) entry.

    Raises:
        TypeError: not Money, or not an InstrumentId.
        ValueError: two currencies, or a negative margin.
    """

    __slots__ = ("initial", "instrument_id", "maintenance")

    initial: Money
    maintenance: Money
    instrument_id: InstrumentId | None

    def __init__(
        self, initial: Money, maintenance: Money, instrument_id: InstrumentId | None = None
    ) -> None:
        if (
            type(initial) is not Money
            or type(maintenance) is not Money
            or initial.currency is not maintenance.currency
        ):
            _one_currency("MarginBalance", initial, maintenance)
        if initial.raw < 0 or maintenance.raw < 0:
            raise ValueError(f"a margin is negative: {initial}, {maintenance}")
        if instrument_id is not None and type(instrument_id) is not InstrumentId:
            raise TypeError(f"expected InstrumentId, not {type(instrument_id).__name__}")
        store = object.__setattr__
        store(self, "initial", initial)
        store(self, "maintenance", maintenance)
        store(self, "instrument_id", instrument_id)

    @property
    def currency(self) -> Currency:
        return self.initial.currency

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"MarginBalance is immutable: cannot set {name}")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"MarginBalance is immutable: cannot delete {name}")

    def __eq__(self, other: object) -> bool:
        return (
            type(other) is MarginBalance
            and self.initial == other.initial
            and self.maintenance == other.maintenance
            and self.instrument_id == other.instrument_id
        )

    def __hash__(self) -> int:
        return hash((self.initial, self.maintenance, self.instrument_id))

    def __str__(self) -> str:
        where = "account" if self.instrument_id is None else self.instrument_id
        return f"initial={self.initial}, maintenance={self.maintenance}, instrument_id={where}"

    def __repr__(self) -> str:
        return f"MarginBalance({self})"

    def __reduce__(self) -> tuple[type, tuple[Money, Money, InstrumentId | None]]:
        return MarginBalance, (self.initial, self.maintenance, self.instrument_id)
