"""Balances and margins of an account, as values that cannot contradict themselves.

They carry raw amounts (units of 1e-16); the properties build a `Money` when somebody asks for
one. An account makes several with each fill, and hardly any is looked at.
"""

from collections.abc import Callable
from typing import Final, cast, final

from engine.model.currencies import Currency
from engine.model.fixed import MONEY_RAW_MAX, MONEY_RAW_MIN
from engine.model.identifiers import InstrumentId
from engine.model.money import Money
from engine.model.texts import balance_text


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

    __slots__ = ("_text", "currency", "free_raw", "locked_raw", "total_raw")

    currency: Currency
    total_raw: int
    locked_raw: int
    free_raw: int
    _text: str | None  # once it was asked for


def _check_amounts(currency: Currency, *raws: int) -> None:
    """Raise what `Money` raises for the first of the amounts that is none."""
    for raw in raws:
        Money.from_raw(raw, currency)


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
        return AccountBalance.of_raw(total.raw, locked.raw, total.currency)

    @staticmethod
    def of_raw(total_raw: int, locked_raw: int, currency: Currency) -> "AccountBalance":
        """From units of 1e-16; free is the rest. Raises what `Money` would for any of the three."""
        free_raw = total_raw - locked_raw
        if (
            type(total_raw) is not int
            or type(locked_raw) is not int
            or type(currency) is not Currency
            or not MONEY_RAW_MIN <= total_raw <= MONEY_RAW_MAX
            or not MONEY_RAW_MIN <= locked_raw <= MONEY_RAW_MAX
            or not MONEY_RAW_MIN <= free_raw <= MONEY_RAW_MAX
            or total_raw % currency.unit
            or locked_raw % currency.unit
        ):
            _check_amounts(currency, total_raw, locked_raw, free_raw)
        self = _blank_balance()
        self.currency = currency
        self.total_raw = total_raw
        self.locked_raw = locked_raw
        self.free_raw = free_raw
        self._text = None
        self.__class__ = AccountBalance
        return self

    @classmethod
    def from_total_and_locked(cls, total: Money, locked: Money) -> "AccountBalance":
        """`locked` is held to 0..total while total >= 0 (a named clamp); free is the rest."""
        currency = _one_currency("AccountBalance", total, locked)
        raw = locked.raw if total.raw < 0 else min(max(locked.raw, 0), total.raw)
        return cls.of_raw(total.raw, raw, currency)

    @classmethod
    def from_total_and_free(cls, total: Money, free: Money) -> "AccountBalance":
        """`free` is held to 0..total while total >= 0 (a named clamp); locked is the rest."""
        currency = _one_currency("AccountBalance", total, free)
        raw = free.raw if total.raw < 0 else min(max(free.raw, 0), total.raw)
        return cls.of_raw(total.raw, total.raw - raw, currency)

    @property
    def total(self) -> Money:
        return Money.from_raw(self.total_raw, self.currency)

    @property
    def locked(self) -> Money:
        return Money.from_raw(self.locked_raw, self.currency)

    @property
    def free(self) -> Money:
        return Money.from_raw(self.free_raw, self.currency)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"AccountBalance is immutable: cannot set {name}")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"AccountBalance is immutable: cannot delete {name}")

    def __eq__(self, other: object) -> bool:
        return (
            type(other) is AccountBalance
            and self.total_raw == other.total_raw
            and self.locked_raw == other.locked_raw
            and self.currency.code == other.currency.code
        )

    def __hash__(self) -> int:
        return hash((self.total_raw, self.locked_raw))

    def __str__(self) -> str:
        return balance_text(self)

    def __repr__(self) -> str:
        return f"AccountBalance({self})"

    def __reduce__(self) -> tuple[type, tuple[Money, Money, Money]]:
        return AccountBalance, (self.total, self.locked, self.free)


class _MarginDraft:
    """A margin while it is being filled in."""

    __slots__ = ("currency", "initial_raw", "instrument_id", "maintenance_raw")

    currency: Currency
    initial_raw: int
    maintenance_raw: int
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
        return MarginBalance.of_raw(initial.raw, maintenance.raw, initial.currency, instrument_id)

    @staticmethod
    def of_raw(
        initial_raw: int,
        maintenance_raw: int,
        currency: Currency,
        instrument_id: InstrumentId | None = None,
    ) -> "MarginBalance":
        """From units of 1e-16. Raises what `Money` would, too."""
        if (
            type(initial_raw) is not int
            or type(maintenance_raw) is not int
            or type(currency) is not Currency
            or not 0 <= initial_raw <= MONEY_RAW_MAX
            or not 0 <= maintenance_raw <= MONEY_RAW_MAX
            or initial_raw % currency.unit
            or maintenance_raw % currency.unit
        ):
            _check_amounts(currency, initial_raw, maintenance_raw)
            raise ValueError(f"a margin is negative: raw {initial_raw}, {maintenance_raw}")
        if instrument_id is not None and type(instrument_id) is not InstrumentId:
            raise TypeError(f"expected InstrumentId, not {type(instrument_id).__name__}")
        self = _blank_margin()
        self.currency = currency
        self.initial_raw = initial_raw
        self.maintenance_raw = maintenance_raw
        self.instrument_id = instrument_id
        self.__class__ = MarginBalance
        return self

    @property
    def initial(self) -> Money:
        return Money.from_raw(self.initial_raw, self.currency)

    @property
    def maintenance(self) -> Money:
        return Money.from_raw(self.maintenance_raw, self.currency)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"MarginBalance is immutable: cannot set {name}")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"MarginBalance is immutable: cannot delete {name}")

    def __eq__(self, other: object) -> bool:
        return (
            type(other) is MarginBalance
            and self.initial_raw == other.initial_raw
            and self.maintenance_raw == other.maintenance_raw
            and self.currency.code == other.currency.code
            and self.instrument_id == other.instrument_id
        )

    def __hash__(self) -> int:
        return hash((self.initial_raw, self.maintenance_raw, self.instrument_id))

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
