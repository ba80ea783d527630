"""The venue's record of one of our orders, and the refusal it answers a bad request with."""

from typing import TYPE_CHECKING

from simulation.venue.enums import Code, OrderType, Side, Status, TimeInForce
from simulation.venue.protocol import OrderRecord

if TYPE_CHECKING:
    from simulation.venue.book import Book, Resting
    from simulation.venue.ledger import HedgedPosition, Purse

_NEW = Status.NEW
_OPEN = (Status.ACCEPTED, Status.TRIGGERED, Status.PARTIALLY_FILLED)


class VenueRefusal(Exception):
    """The venue did not do what was asked. `status` and `code` are stable, `reason` is for people."""

    def __init__(self, status: int, code: Code, reason: str) -> None:
        super().__init__(f"{status} {code.value}: {reason}")
        self.status = status
        self.code = code
        self.reason = reason


class VenueOrder:
    """One order as the venue keeps it. Sizes and prices are mantissas of its listing.

    Attributes:
        number: acceptance order over the whole venue; also its place among equals.
        triggered: a stop-limit whose trigger was touched; from then on it is a limit order.
        resting: its place in the book, None while it is not shown there.
        purse, lock, reserve: what it holds back (see `ledger`).
        claimed: the last answer of `Ledger.claim`, behind the leaves and price it is for.
        money: what was ordered as an amount of quote currency, a mantissa; 0: a size was.
        position: where the venue hedges, what its fills are for; None until the first decides.
    """

    __slots__ = (
        "book",
        "claimed",
        "client_order_id",
        "expire_time_ns",
        "filled",
        "lock",
        "money",
        "number",
        "position",
        "post_only",
        "price",
        "purse",
        "quantity",
        "reason",
        "reduce_only",
        "reserve",
        "resting",
        "side",
        "status",
        "time_in_force",
        "trigger_price",
        "triggered",
        "ts_accepted",
        "ts_last",
        "type",
        "venue_order_id",
    )

    def __init__(
        self,
        book: "Book",
        number: int,
        client_order_id: str,
        venue_order_id: str,
        side: Side,
        order_type: OrderType,
        time_in_force: TimeInForce,
        quantity: int,
        price: int | None,
        trigger_price: int | None,
        expire_time_ns: int,
        post_only: bool,
        reduce_only: bool,
        ts: int,
    ) -> None:
        self.book = book
        self.number = number
        self.client_order_id = client_order_id
        self.venue_order_id = venue_order_id
        self.side = side
        self.type = order_type
        self.time_in_force = time_in_force
        self.quantity = quantity
        self.filled = 0
        self.price = price
        self.trigger_price = trigger_price
        self.expire_time_ns = expire_time_ns
        self.post_only = post_only
        self.reduce_only = reduce_only
        self.status = _NEW
        self.triggered = False
        self.reason = ""
        self.ts_accepted = 0
        self.ts_last = ts
        self.resting: Resting | None = None
        self.purse: Purse | None = None
        self.lock = 0
        self.reserve = 0
        self.claimed: tuple[tuple[int, int], tuple[Purse, int, int]] | None = None
        self.money = 0
        self.position: HedgedPosition | None = None

    @property
    def leaves(self) -> int:
        return self.quantity - self.filled

    @property
    def is_open(self) -> bool:
        return self.status in _OPEN

    @property
    def is_dormant_stop(self) -> bool:
        """A stop still waiting for its trigger."""
        return self.trigger_price is not None and not self.triggered

    def record(self) -> OrderRecord:
        """An immutable picture of the order as it stands."""
        return OrderRecord(
            self.book.symbol,
            self.client_order_id,
            self.venue_order_id,
            self.side,
            self.type,
            self.time_in_force,
            self.status,
            self.quantity,
            self.filled,
            self.price,
            self.trigger_price,
            self.reason,
            self.ts_accepted,
            self.ts_last,
        )
