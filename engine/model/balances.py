"""Balances and margins of an account, as values that cannot contradict themselves."""

from collections.abc import Callable
from typing import Final, cast, final

from engine.model.currencies import Currency
from engine.model.fixed import format_mantissa
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


class _BalanceDraft:
    """A balance while it is being filled in; see `engine.model.scaled` for why."""

    __slots__ = ("free", "locked", "total")

    total: Money
    locked: Money
    free: Money


@final
class AccountBalance(_BalanceDraft):
    """What an account has of one currency: total == locked + free, exactly.

    Raises:
        TypeError: not Money.
        ValueError: two currencies, or the three do not add up.
    """

    __slots__ = ()

    def __new__(cls, total: Money, locked: Money, free: Money) -> "AccountBalance":
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
        self = _blank_balance()
        self.total = total
        self.locked = locked
        self.free = free
        self.__class__ = AccountBalance
        return self

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
        # every record of an account holds this text: one currency, looked up once
        currency = self.total.currency
        unit, digits, code = currency.unit, currency.precision, currency.code
        total = format_mantissa(self.total.raw // unit, digits)
        locked = format_mantissa(self.locked.raw // unit, digits)
        free = format_mantissa(self.free.raw // unit, digits)
        return f"total={total} {code}, locked={locked} {code}, free={free} {code}"

    def __repr__(self) -> str:
        return f"AccountBalance({self})"

    def __reduce__(self) -> tuple[type, tuple[Money, Money, Money]]:
        return AccountBalance, (self.total, self.locked, self.free)


class _MarginDraft:
    """A margin while it is being filled in."""

    __slots__ = ("initial", "instrument_id", "maintenance")

    initial: Money
    maintenance: Money
    instrument_id: InstrumentId | None


@final
class MarginBalance(_MarginDraft):
    """Margin held in one currency; `instrument_id` None is the account-wide (cross) entry.

    Raises:
        TypeError: not Money, or not an InstrumentId.
        ValueError: two currencies, or a negative margin.
    """

    __slots__ = ()

    def __new__(
        cls, initial: Money, maintenance: Money, instrument_id: InstrumentId | None = None
    ) -> "MarginBalance":
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
        self = _blank_margin()
        self.initial = initial
        self.maintenance = maintenance
        self.instrument_id = instrument_id
        self.__class__ = MarginBalance
        return self

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


# drafts that their makers have promised to finish
_blank_balance: Final = cast("Callable[[], AccountBalance]", _BalanceDraft)
_blank_margin: Final = cast("Callable[[], MarginBalance]", _MarginDraft)
