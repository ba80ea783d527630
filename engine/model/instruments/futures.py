"""Futures: what trades until a day, and is settled then."""

from typing import Unpack, final

from engine.model.currencies import Currency
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


@final
class FuturesContract(Instrument):
    """A dated future, in whole contracts, worth quantity x multiplier x price in quote.

    Attributes:
        underlying: what it is a future on, as its exchange calls it; not empty.
        exchange: the exchange's own code, None where it is not known.
        activation_ns: first instant of trading, UNIX nanoseconds.
        expiration_ns: the later instant at which trading has ended.

    Raises (construction):
        TypeError, ValueError: as `Instrument`; a size increment with decimals, an empty
            underlying, a life that ends before it begins.
    """

    __slots__ = ("_asset_class", "activation_ns", "exchange", "expiration_ns", "underlying")

    instrument_class = InstrumentClass.FUTURE
    _own_fields = ("asset_class", "underlying", "exchange", "activation_ns", "expiration_ns")

    underlying: str
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
        if exchange is not None:
            expect(str, exchange=exchange)
        if not underlying:
            raise ValueError(f"{id} names no underlying")
        check_life(id, activation_ns, expiration_ns)
        check_whole_contracts(id, size_increment)
        store = object.__setattr__
        store(self, "_asset_class", asset_class)
        store(self, "underlying", underlying)
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
class CryptoFuture(Instrument):
    """A dated future on a coin: linear, inverse or quanto as a `CryptoPerpetual` is.

    Attributes:
        base_currency: the underlying coin.
        activation_ns, expiration_ns: as of `FuturesContract`.

    Raises (construction):
        TypeError, ValueError: as `Instrument`; a life that ends before it begins.
    """

    __slots__ = ("activation_ns", "expiration_ns")

    instrument_class = InstrumentClass.FUTURE
    _own_fields = ("activation_ns", "expiration_ns")

    base_currency: Currency
    activation_ns: int
    expiration_ns: int

    def __init__(
        self,
        *,
        id: InstrumentId,  # noqa: A002
        underlying: Currency,
        quote_currency: Currency,
        price_increment: Price,
        size_increment: Quantity,
        activation_ns: int,
        expiration_ns: int,
        settlement_currency: Currency | None = None,
        is_inverse: bool = False,
        **terms: Unpack[Terms],
    ) -> None:
        expect(Currency, underlying=underlying)
        check_life(id, activation_ns, expiration_ns)
        if settlement_currency is None:
            settlement_currency = underlying if is_inverse else quote_currency
        object.__setattr__(self, "activation_ns", activation_ns)
        object.__setattr__(self, "expiration_ns", expiration_ns)
        super().__init__(
            id=id,
            base_currency=underlying,
            quote_currency=quote_currency,
            settlement_currency=settlement_currency,
            is_inverse=is_inverse,
            price_increment=price_increment,
            size_increment=size_increment,
            **terms,
        )

    @property
    def underlying(self) -> Currency:
        return self.base_currency
