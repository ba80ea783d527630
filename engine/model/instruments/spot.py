"""What changes hands at once: currency pairs and shares."""

from typing import Unpack, final

from engine.model.currencies import Currency
from engine.model.identifiers import InstrumentId
from engine.model.instruments.instrument import (
    ONE,
    AssetClass,
    Instrument,
    InstrumentClass,
    Terms,
    check_whole_contracts,
    expect,
)
from engine.model.values import Price, Quantity


@final
class CurrencyPair(Instrument):
    """Spot: base against quote, settled in quote."""

    __slots__ = ()

    instrument_class = InstrumentClass.SPOT
    base_currency: Currency

    def __init__(
        self,
        *,
        id: InstrumentId,  # noqa: A002
        base_currency: Currency,
        quote_currency: Currency,
        price_increment: Price,
        size_increment: Quantity,
        **terms: Unpack[Terms],
    ) -> None:
        super().__init__(
            id=id,
            base_currency=base_currency,
            quote_currency=quote_currency,
            settlement_currency=quote_currency,
            is_inverse=False,
            price_increment=price_increment,
            size_increment=size_increment,
            **terms,
        )


@final
class Equity(Instrument):
    """Shares: whole ones, worth quantity x price in quote. No account holds them as a balance:
    what is held is the position.

    Attributes:
        isin: the security's number, 12 characters; None where it is not known.

    Raises (construction):
        TypeError, ValueError: as `Instrument`; steps other than one share, a multiplier other
            than 1, an ISIN that is none by its shape.
    """

    __slots__ = ("isin",)

    instrument_class = InstrumentClass.SPOT
    _own_fields = ("isin",)

    isin: str | None

    def __init__(
        self,
        *,
        id: InstrumentId,  # noqa: A002
        quote_currency: Currency,
        price_increment: Price,
        isin: str | None = None,
        size_increment: Quantity = ONE,
        **terms: Unpack[Terms],
    ) -> None:
        check_whole_contracts(id, size_increment)
        if size_increment != ONE:
            raise ValueError(f"{id} trades share by share, not in steps of {size_increment}")
        multiplier = terms.get("multiplier", ONE)
        if multiplier != ONE:
            raise ValueError(f"{id} is a share: its multiplier is 1, not {multiplier}")
        if isin is not None:
            expect(str, isin=isin)
            if len(isin) != 12 or not (isin.isascii() and isin.isalnum() and isin[:2].isalpha()):
                raise ValueError(f"{isin!r} is no ISIN")
        object.__setattr__(self, "isin", isin)
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
        return AssetClass.EQUITY
