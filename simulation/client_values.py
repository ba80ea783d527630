"""The venue's numbers and names as the kernel's values, each made once while it is spoken of.

A trade comes in the order's stream, in the market's, and again in every page of fills that is
asked for; balances are told whole when one of them moves. A value is dearer to make than to find,
and one that was written down before brings its text along.
"""

from collections.abc import Callable
from typing import Final, TypeVar

from engine.model.balances import AccountBalance
from engine.model.currencies import currency
from engine.model.identifiers import TradeId
from engine.model.values import Money, Price, Quantity
from simulation.venue import protocol as wire

T = TypeVar("T")

_KEPT_MAX: Final = 1024  # of a kind: what is said twice is said soon


class Unreadable(Exception):
    """The venue's message is outside the protocol."""


class Values:
    """What one venue's messages were about lately. All methods raise `Unreadable` for what no
    value can hold."""

    __slots__ = ("_balances", "_fees", "_prices", "_sizes", "_trade_ids")

    def __init__(self) -> None:
        # by mantissa, whatever the precision: the one last asked for
        self._prices: dict[int, Price] = {}
        self._sizes: dict[int, Quantity] = {}
        self._fees: dict[int, Money] = {}
        self._balances: dict[str, tuple[wire.BalanceRecord, AccountBalance]] = {}
        self._trade_ids: dict[str, TradeId] = {}

    def price(self, mantissa: int, precision: int) -> Price:
        """mantissa x 10^-precision."""
        price = self._prices.get(mantissa)
        if price is None or price.precision != precision:
            try:
                price = Price.from_mantissa(mantissa, precision)
            except ValueError as error:
                raise Unreadable(f"price {mantissa}: {error}") from error
            if len(self._prices) >= _KEPT_MAX:
                self._prices.clear()
            self._prices[mantissa] = price
        return price

    def size(self, mantissa: int, precision: int) -> Quantity:
        """mantissa x 10^-precision."""
        size = self._sizes.get(mantissa)
        if size is None or size.precision != precision:
            try:
                size = Quantity.from_mantissa(mantissa, precision)
            except ValueError as error:
                raise Unreadable(f"size {mantissa}: {error}") from error
            if len(self._sizes) >= _KEPT_MAX:
                self._sizes.clear()
            self._sizes[mantissa] = size
        return size

    def fee(self, trade: wire.TradeRecord) -> Money:
        """What a trade cost."""
        mantissa, code = trade.fee, trade.fee_currency
        fee = self._fees.get(mantissa)
        if fee is None or fee.currency.code != code:
            try:
                fee = Money.from_mantissa(mantissa, currency(code))
            except ValueError as error:
                raise Unreadable(f"fee of trade {trade.trade_id!r}: {error}") from error
            if len(self._fees) >= _KEPT_MAX:
                self._fees.clear()
            self._fees[mantissa] = fee
        return fee

    def balance(self, record: wire.BalanceRecord) -> AccountBalance:
        """One line of an account."""
        code = record.currency
        kept = self._balances.get(code)
        if kept is not None and kept[0] == record:
            return kept[1]
        try:
            unit = currency(code)
            made = AccountBalance.of_raw(record.total * unit.unit, record.locked * unit.unit, unit)
        except ValueError as error:
            raise Unreadable(f"balance of {code!r}: {error}") from error
        self._balances[code] = record, made
        return made

    def trade_id(self, text: str) -> TradeId:
        """The name of a trade."""
        name = self._trade_ids.get(text)
        if name is None:
            name = value_of(TradeId, text)
            if len(self._trade_ids) >= _KEPT_MAX:
                self._trade_ids.clear()
            self._trade_ids[text] = name
        return name


def value_of(make: Callable[[str], T], text: str) -> T:
    """What `make` makes of a text. Raises Unreadable."""
    try:
        return make(text)
    except ValueError as error:
        raise Unreadable(str(error)) from error
