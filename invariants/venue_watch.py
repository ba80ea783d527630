"""What a check may hear at a venue itself, as it happens, and not by way of any client.

Everybody's orders are told of as they take a place, change and trade; ours by what becomes of
them too. Prices and sizes are mantissas at the precisions of the venue's listing.
"""

from typing import ClassVar, Protocol

from engine.model.native import mypyc_attr


class OwnOrder(Protocol):
    """One of our orders as the venue has it; texts are the venue's."""

    @property
    def symbol(self) -> str: ...
    @property
    def client_order_id(self) -> str: ...
    @property
    def side(self) -> str: ...
    @property
    def time_in_force(self) -> str: ...
    @property
    def quantity(self) -> int: ...
    @property
    def price(self) -> int | None: ...
    @property
    def trigger_price(self) -> int | None: ...
    @property
    def ts_accepted(self) -> int: ...


class OwnTrade(Protocol):
    """One execution of one of our orders. `liquidity`: MAKER or TAKER."""

    @property
    def trade_id(self) -> str: ...
    @property
    def symbol(self) -> str: ...
    @property
    def client_order_id(self) -> str: ...
    @property
    def side(self) -> str: ...
    @property
    def quantity(self) -> int: ...
    @property
    def price(self) -> int: ...
    @property
    def liquidity(self) -> str: ...
    @property
    def ts(self) -> int: ...


@mypyc_attr(allow_interpreted_subclasses=True)
class VenueWatcher:
    """Hears one venue. Override what the check needs.

    Attributes:
        sees_queues: hear of the orders of other participants and of every trade too.
    """

    sees_queues: ClassVar[bool] = False

    def on_order(
        self, event: str, order: OwnOrder, request_id: str | None, due_post_only: bool, ts: int
    ) -> None:
        """`event`: ACCEPTED REJECTED TRIGGERED UPDATED CANCELED EXPIRED; in force already."""

    def on_fill(self, trade: OwnTrade, order: OwnOrder) -> None:
        """One of our orders traded; of a trade between two of ours, the maker comes first."""

    def rested(self, symbol: str, number: int, is_buy: bool, price: int, size: int) -> None:
        """A participant's order stands behind all others at its price. `number` names it."""

    def resized(self, number: int, size: int) -> None:
        """A participant made its order this large where it stands; 0 takes it back."""

    def traded(
        self, symbol: str, trade_id: str, is_buy: bool, price: int, size: int, struck: int | str
    ) -> None:
        """Somebody's aggressive order (`is_buy`: a buy) traded; `on_fill` follows for ours.

        `struck` names the resting order that a recording says was met, by number or, of ours, by
        client order id; 0: price and time decide.
        """
