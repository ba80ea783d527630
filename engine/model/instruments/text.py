"""An instrument from the text that records hold: the inverse of `str(instrument)`."""

from collections.abc import Mapping
from inspect import signature
from typing import Any, Final

from engine.model.currencies import CURRENCIES, Currency, currency
from engine.model.identifiers import InstrumentId, Symbol
from engine.model.instruments.futures import CryptoFuture, FuturesContract
from engine.model.instruments.instrument import AssetClass, Instrument, Terms
from engine.model.instruments.options import BinaryOption, OptionContract, OptionKind
from engine.model.instruments.perpetual import CryptoPerpetual
from engine.model.instruments.spot import CurrencyPair, Equity
from engine.model.values import Money, Price, Quantity

_KINDS: Final[Mapping[str, type[Instrument]]] = {
    kind.__name__: kind
    for kind in (
        CurrencyPair,
        Equity,
        CryptoPerpetual,
        FuturesContract,
        CryptoFuture,
        OptionContract,
        BinaryOption,
    )
}
_PRICES: Final = ("price_increment", "min_price", "max_price", "strike_price")
_QUANTITIES: Final = (
    "size_increment",
    "multiplier",
    "lot_size",
    "min_quantity",
    "max_quantity",
)
_MONEYS: Final = ("min_notional", "max_notional")
_CURRENCIES: Final = ("base_currency", "quote_currency", "settlement_currency")
_INTEGERS: Final = ("activation_ns", "expiration_ns", "ts_event", "ts_init")


def instrument_of(text: str, currencies: Mapping[str, Currency] = CURRENCIES) -> Instrument:
    """The instrument whose `str` this is.

    Args:
        currencies: where to look for a code that the built-in table does not have.
    Raises:
        ValueError: the text is no instrument's, or names a currency that is not known.
    """
    name, bracket, rest = text.partition("(")
    kind = _KINDS.get(name)
    if kind is None or not bracket or not rest.endswith(")"):
        raise ValueError(f"not an instrument: {text[:60]!r}")
    fields = _fields(kind, rest[:-1])
    given: dict[str, Any] = {}
    wanted = {*signature(kind.__init__).parameters, *Terms.__annotations__}
    for field, shown in fields.items():
        if shown != "None" and field in wanted:
            given[field] = _value(field, shown, currencies)
    if kind is CryptoFuture and "base_currency" in fields:  # its constructor's name for the base
        given["underlying"] = currency(fields["base_currency"], currencies)
    made: Instrument = kind(**given)  # by the names of its own text
    if str(made) != text:
        raise ValueError(f"not an instrument of this version: {text[:60]!r}")
    return made


def _fields(kind: type[Instrument], text: str) -> dict[str, str]:
    """The fields in the order of the text: a name that a value happens to hold splits nothing."""
    fields: dict[str, str] = {}
    names = kind.text_fields()
    for name, following in zip(names, (*names[1:], ""), strict=True):
        head = f"{name}="
        if not text.startswith(head):
            raise ValueError(f"not an instrument: {name} is missing")
        text = text[len(head) :]
        if following:
            shown, comma, rest = text.partition(f", {following}=")
            if not comma:
                raise ValueError(f"not an instrument: {following} is missing")
            fields[name], text = shown, f"{following}={rest}"
        else:
            fields[name] = text
    return fields


def _value(field: str, text: str, currencies: Mapping[str, Currency]) -> object:
    if field in _PRICES:
        return Price.from_str(text)
    if field in _QUANTITIES:
        return Quantity.from_str(text)
    if field in _MONEYS:
        return Money.from_str(text, currencies)
    if field in _CURRENCIES:
        return currency(text, currencies)
    if field in _INTEGERS:
        return int(text)
    if field == "is_inverse":
        return text == "True"
    if field == "id":
        return InstrumentId(text)
    if field == "raw_symbol":
        return Symbol(text)
    if field == "asset_class":
        return AssetClass(int(text))
    if field == "option_kind":
        return OptionKind(int(text))
    return text  # rates, and words of the venue's own
