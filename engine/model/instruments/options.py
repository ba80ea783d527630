"""Options: their price is a premium, paid when they change hands."""

from enum import IntEnum
from typing import Unpack, final

from engine.model.currencies import Currency
from engine.model.fixed import FIXED_SCALE
from engine.model.identifiers import InstrumentId
from engine.model.instruments.instrument import (
    ONE,
    AssetClass,
    Instrument,
    InstrumentClass,
    Terms,
    check_life,
    check_whole_contracts,
    expect,
)
from engine.model.values import Price, Quantity


class OptionKind(IntEnum):
    CALL = 1
    PUT = 2


@final
class OptionContract(Instrument):
    """A call or put in whole contracts; a contract costs multiplier x price in quote.

    Attributes:
        underlying: what it is an option on, as its exchange calls it; not empty.
        strike_price: of the underlying, above zero.
        exchange: the exchange's own code, None where it is not known.
        activation_ns, expiration_ns: as of `FuturesContract`.

    Raises (construction):
        TypeError, ValueError: as `FuturesContract`; a strike that is not above zero.
    """

    __slots__ = (
        "_asset_class",
        "activation_ns",
        "exchange",
        "expiration_ns",
        "option_kind",
        "strike_price",
        "underlying",
    )

    instrument_class = InstrumentClass.OPTION
    pays_premium = True
    allows_negative_price = True
    _own_fields = (
        "asset_class",
        "underlying",
        "option_kind",
        "strike_price",
        "exchange",
        "activation_ns",
        "expiration_ns",
    )

    underlying: str
    option_kind: OptionKind
    strike_price: Price
    exchange: str | None
    activation_ns: int
    expiration_ns: int
    _asset_class: AssetClass

    def __init__(
        self,
        *,
        id: InstrumentId,  # noqa: A002
        asset_class: AssetClass,
        underlying: str,
        option_kind: OptionKind,
        strike_price: Price,
        quote_currency: Currency,
        price_increment: Price,
        activation_ns: int,
        expiration_ns: int,
        exchange: str | None = None,
        size_increment: Quantity = ONE,
        **terms: Unpack[Terms],
    ) -> None:
        expect(AssetClass, asset_class=asset_class)
        expect(str, underlying=underlying)
        expect(OptionKind, option_kind=option_kind)
        expect(Price, strike_price=strike_price)
        if exchange is not None:
            expect(str, exchange=exchange)
        if not underlying:
            raise ValueError(f"{id} names no underlying")
        if strike_price.raw <= 0:
            raise ValueError(f"strike_price must be above zero, was {strike_price}")
        check_life(id, activation_ns, expiration_ns)
        check_whole_contracts(id, size_increment)
        store = object.__setattr__
        store(self, "_asset_class", asset_class)
        store(self, "underlying", underlying)
        store(self, "option_kind", option_kind)
        store(self, "strike_price", strike_price)
        store(self, "exchange", exchange)
        store(self, "activation_ns", activation_ns)
        store(self, "expiration_ns", expiration_ns)
        super().__init__(
            id=id,
            base_currency=None,
            quote_currency=quote_currency,
            settlement_currency=quote_currency,
            is_inverse=False,
            price_increment=price_increment,
            size_increment=size_increment,
            **terms,
        )

    @property
    def asset_class(self) -> AssetClass:
        return self._asset_class


@final
class BinaryOption(Instrument):
    """Pays 1 of quote if something comes true and nothing if not; it costs between 0 and 1.

    Attributes:
        outcome: what it pays on, in words; None where it is not known.
        description: of the question; None where it is not known.
        activation_ns, expiration_ns: trading; what it pays is known at `expiration_ns` at the
            earliest.

    Raises (construction):
        TypeError, ValueError: as `Instrument`; a multiplier other than 1, a price bound outside
            0..1, a life that ends before it begins.
    """

    __slots__ = ("_asset_class", "activation_ns", "description", "expiration_ns", "outcome")

    instrument_class = InstrumentClass.BINARY_OPTION
    pays_premium = True
    _own_fields = ("asset_class", "outcome", "description", "activation_ns", "expiration_ns")

    outcome: str | None
    description: str | None
    activation_ns: int
    expiration_ns: int
    _asset_class: AssetClass

    def __init__(
        self,
        *,
        id: InstrumentId,  # noqa: A002
        asset_class: AssetClass,
        quote_currency: Currency,
        price_increment: Price,
        size_increment: Quantity,
        activation_ns: int,
        expiration_ns: int,
        outcome: str | None = None,
        description: str | None = None,
        **terms: Unpack[Terms],
    ) -> None:
        expect(AssetClass, asset_class=asset_class)
        expect(Price, price_increment=price_increment)
        for name, text in (("outcome", outcome), ("description", description)):
            if text is not None:
                expect(str, **{name: text})
        multiplier = terms.get("multiplier", ONE)
        if multiplier != ONE:
            raise ValueError(f"{id} pays 1 at most: its multiplier is 1, not {multiplier}")
        check_life(id, activation_ns, expiration_ns)
        if terms.get("max_price") is None:
            terms["max_price"] = Price.from_raw(FIXED_SCALE, price_increment.precision)
        for bound in (terms.get("min_price"), terms.get("max_price")):
            if isinstance(bound, Price) and not 0 <= bound.raw <= FIXED_SCALE:
                raise ValueError(f"{id} costs between 0 and 1, not {bound}")
        store = object.__setattr__
        store(self, "_asset_class", asset_class)
        store(self, "outcome", outcome)
        store(self, "description", description)
        store(self, "activation_ns", activation_ns)
        store(self, "expiration_ns", expiration_ns)
        super().__init__(
            id=id,
            base_currency=None,
            quote_currency=quote_currency,
            settlement_currency=quote_currency,
            is_inverse=False,
            price_increment=price_increment,
            size_increment=size_increment,
            **terms,
        )

    @property
    def asset_class(self) -> AssetClass:
        return self._asset_class
