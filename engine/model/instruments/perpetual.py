"""Swaps without an end: linear, inverse and quanto."""

from typing import Unpack, final

from engine.model.currencies import Currency
from engine.model.identifiers import InstrumentId
from engine.model.instruments.instrument import Instrument, InstrumentClass, Terms
from engine.model.values import Price, Quantity


@final
class CryptoPerpetual(Instrument):
    """A perpetual swap. Settles in quote (linear) or base (inverse) unless told otherwise; told
    a third currency, it is a quanto."""

    __slots__ = ()

    instrument_class = InstrumentClass.SWAP
    base_currency: Currency

    def __init__(
        self,
        *,
        id: InstrumentId,  # noqa: A002
        base_currency: Currency,
        quote_currency: Currency,
        price_increment: Price,
        size_increment: Quantity,
        settlement_currency: Currency | None = None,
        is_inverse: bool = False,
        **terms: Unpack[Terms],
    ) -> None:
        if settlement_currency is None:
            settlement_currency = base_currency if is_inverse else quote_currency
        super().__init__(
            id=id,
            base_currency=base_currency,
            quote_currency=quote_currency,
            settlement_currency=settlement_currency,
            is_inverse=is_inverse,
            price_increment=price_increment,
            size_increment=size_increment,
            **terms,
        )
