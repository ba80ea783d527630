"""Identifiers: text with a type and a rule. Each IS a `str`, so it keys a dict as it stands.

Equality, hash and order are those of the text, at the speed of `str`. A wrong type is a
TypeError, a text that breaks the rule of its type a ValueError that quotes it.

Names that end up inside a bus topic (symbols, venues, accounts, components) refuse the two
wildcards `*` and `?`: a topic built from them would be a pattern.
"""

from typing import ClassVar, Final, Self

TRADE_ID_LENGTH_MAX = 36
EXTERNAL = "EXTERNAL"  # the strategy of orders that this kernel did not make
POSITION_ID_VIRTUAL_PREFIX = "P-"
SYNTHETIC_VENUE = "SYNTH"
_new_text: Final = str.__new__


class Identifier(str):
    """Base of all identifiers: non-empty, not only whitespace, ASCII unless the type says not."""

    __slots__ = ()

    _has_rule: ClassVar[bool] = False

    def __new__(cls, value: str) -> Self:
        if not isinstance(value, str):
            raise TypeError(f"{cls.__name__} is made from str, not {type(value).__name__}")
        if not value or value.isspace():
            raise ValueError(f"{cls.__name__} must not be empty or blank: {value!r}")
        if not value.isascii():
            raise ValueError(f"{cls.__name__} must be ASCII: {value!r}")
        if cls._has_rule:
            cls._check(value)
        return _new_text(cls, value)

    def __init_subclass__(cls) -> None:
        cls._has_rule = cls._check.__func__ is not Identifier._check.__func__  # type: ignore[attr-defined]

    @classmethod
    def _check(cls, value: str) -> None:
        """Raise ValueError when `value` breaks the rule of this type."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str.__repr__(self)})"

    def __reduce__(self) -> tuple[type, tuple[str]]:
        return type(self), (str(self),)


def _refuse_wildcards(kind: str, value: str) -> None:
    if "*" in value or "?" in value:
        raise ValueError(f"{kind} must not contain the topic wildcards * and ?: {value!r}")


def _refuse_untagged(kind: str, value: str) -> None:
    name, _, tag = value.rpartition("-")
    if not name or not tag:
        raise ValueError(f"{kind} must read NAME-TAG, both non-empty: {value!r}")


class TraderId(Identifier):
    """`NAME-TAG`, split at the last hyphen."""

    __slots__ = ()

    @classmethod
    def _check(cls, value: str) -> None:
        _refuse_untagged("TraderId", value)
        _refuse_wildcards("TraderId", value)

    @property
    def name(self) -> str:
        return self.rpartition("-")[0]

    @property
    def tag(self) -> str:
        return self.rpartition("-")[2]


class ComponentId(Identifier):
    """The name of anything with a lifecycle."""

    __slots__ = ()

    @classmethod
    def _check(cls, value: str) -> None:
        _refuse_wildcards(cls.__name__, value)


class ActorId(ComponentId):
    __slots__ = ()


class ExecAlgorithmId(ComponentId):
    __slots__ = ()


class StrategyId(ComponentId):
    """`NAME-TAG`, split at the last hyphen; or the literal EXTERNAL."""

    __slots__ = ()

    @classmethod
    def _check(cls, value: str) -> None:
        if value != EXTERNAL:
            _refuse_untagged("StrategyId", value)
        _refuse_wildcards("StrategyId", value)

    @property
    def is_external(self) -> bool:
        return self == EXTERNAL

    @property
    def tag(self) -> str:
        """The text after the last hyphen; EXTERNAL is its own tag."""
        return self.rpartition("-")[2]


class ClientId(ComponentId):
    __slots__ = ()


class AccountId(Identifier):
    """`ISSUER-NUMBER`, split once, at the first hyphen."""

    __slots__ = ()

    @classmethod
    def _check(cls, value: str) -> None:
        issuer, _, number = value.partition("-")
        if not issuer or not number:
            raise ValueError(f"AccountId must read ISSUER-NUMBER, both non-empty: {value!r}")
        _refuse_wildcards("AccountId", value)

    @property
    def issuer(self) -> str:
        return self.partition("-")[0]

    @property
    def number(self) -> str:
        return self.partition("-")[2]


class ClientOrderId(Identifier):
    __slots__ = ()


class VenueOrderId(Identifier):
    __slots__ = ()


class OrderListId(Identifier):
    __slots__ = ()


class TradeId(Identifier):
    """1 to 36 characters, no NUL."""

    __slots__ = ()

    @classmethod
    def _check(cls, value: str) -> None:
        if len(value) > TRADE_ID_LENGTH_MAX:
            raise ValueError(f"TradeId is longer than {TRADE_ID_LENGTH_MAX} characters: {value!r}")
        if "\0" in value:
            raise ValueError(f"TradeId must not contain NUL: {value!r}")


class _UnicodeIdentifier(Identifier):
    """An identifier that venues also write outside ASCII."""

    __slots__ = ()

    def __new__(cls, value: str) -> Self:
        if not isinstance(value, str):
            raise TypeError(f"{cls.__name__} is made from str, not {type(value).__name__}")
        if not value or value.isspace():
            raise ValueError(f"{cls.__name__} must not be empty or blank: {value!r}")
        try:
            value.encode()
        except UnicodeEncodeError:  # a lone surrogate: no journal or wire could carry it
            raise ValueError(f"{cls.__name__} is not valid UTF-8: {value!r}") from None
        cls._check(value)
        return str.__new__(cls, value)


class PositionId(_UnicodeIdentifier):
    __slots__ = ()

    @property
    def is_virtual(self) -> bool:
        """True for a position of ours that the venue does not know (HEDGING on a netting venue)."""
        return self.startswith(POSITION_ID_VIRTUAL_PREFIX)


class Symbol(_UnicodeIdentifier):
    """A venue's name for an instrument. Composite when it contains a dot: `ES.FUT`."""

    __slots__ = ()

    @classmethod
    def _check(cls, value: str) -> None:
        _refuse_wildcards("Symbol", value)

    @property
    def is_composite(self) -> bool:
        return "." in self

    @property
    def root(self) -> str:
        return self.partition(".")[0]

    @property
    def topic(self) -> str:
        """What to subscribe to: every member of a composite, or the symbol itself."""
        return self.root + "*" if "." in self else str(self)


class Venue(Identifier):
    __slots__ = ()

    @classmethod
    def _check(cls, value: str) -> None:
        # a dot would move the split of an InstrumentId and of every topic
        if "." in value:
            raise ValueError(f"Venue must not contain a dot: {value!r}")
        _refuse_wildcards("Venue", value)

    @property
    def is_synthetic(self) -> bool:
        return self == SYNTHETIC_VENUE


class InstrumentId(_UnicodeIdentifier):
    """`SYMBOL.VENUE`, split at the last dot. The parts are kept: routing reads them per message."""

    __slots__ = ("symbol", "venue")

    symbol: Symbol
    venue: Venue

    def __new__(cls, value: str) -> Self:
        self = super().__new__(cls, value)
        symbol, dot, venue = value.rpartition(".")
        if not dot:
            raise ValueError(f"InstrumentId must read SYMBOL.VENUE, missing '.': {value!r}")
        try:
            _set_symbol(self, Symbol(symbol))
            _set_venue(self, Venue(venue))
        except ValueError as error:
            raise ValueError(f"InstrumentId {value!r}: {error}") from None
        return self

    @classmethod
    def of(cls, symbol: str, venue: str) -> Self:
        return cls(f"{symbol}.{venue}")

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"InstrumentId is immutable: cannot set {name}")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"InstrumentId is immutable: cannot delete {name}")


# the slots' own setters: the one way past __setattr__, used once, at construction
_set_symbol = InstrumentId.__dict__["symbol"].__set__
_set_venue = InstrumentId.__dict__["venue"].__set__
