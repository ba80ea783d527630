"""Makes orders for one strategy: named, stamped and checked, not yet known to anybody."""

from collections.abc import Callable

from engine.clock import ComponentClock
from engine.model.enums import OrderSide, OrderType, TimeInForce, TriggerType
from engine.model.events import OrderInitialized
from engine.model.identifiers import ClientOrderId, InstrumentId, StrategyId, TraderId
from engine.model.orders import Order
from engine.model.times import NS_PER_SECOND, compact_time
from engine.model.values import Price, Quantity


class OrderFactory:
    """Client order ids read `O-{YYYYMMDD}-{HHMMSS}-{trader tag}-{strategy tag}-{epoch}-{n}`.

    The time is the kernel's (UTC); `n` counts this strategy's orders from 1 in each epoch and
    never starts over within one, so a restart in the same second cannot repeat an id.

    With `quote_quantity` the quantity is an amount of quote currency: the venue converts it to base
    at what it executes at (a limit order at its own price) and says so in an OrderUpdated.

    Every method raises TypeError for a quantity or price that is no value object, and ValueError
    for fields that contradict each other (see `Order`); a refused order uses no number up.
    """

    __slots__ = (
        "_clock",
        "_new_id",
        "_next_second_ns",
        "_prefix",
        "_second_ns",
        "_strategy_id",
        "_tags",
        "_trader_id",
        "count",
    )

    def __init__(
        self,
        trader_id: TraderId,
        strategy_id: StrategyId,
        clock: ComponentClock,
        epoch: int,
        new_id: Callable[[], str],
    ) -> None:
        self._trader_id = trader_id
        self._strategy_id = strategy_id
        self._clock = clock
        self._tags = f"-{trader_id.tag}-{strategy_id.tag}-{epoch}-"
        self._new_id = new_id
        self._second_ns = self._next_second_ns = -1  # the prefix is that of no second yet
        self._prefix = ""
        self.count = 0

    def market(
        self,
        instrument_id: InstrumentId,
        side: OrderSide,
        quantity: Quantity,
        time_in_force: TimeInForce = TimeInForce.GTC,
        reduce_only: bool = False,
        tags: tuple[str, ...] = (),
        quote_quantity: bool = False,
    ) -> Order:
        return self._order(
            instrument_id, side, OrderType.MARKET, quantity, time_in_force, None, None,
            TriggerType.NO_TRIGGER, 0, False, reduce_only, tags, quote_quantity,
        )  # fmt: skip

    def limit(
        self,
        instrument_id: InstrumentId,
        side: OrderSide,
        quantity: Quantity,
        price: Price,
        time_in_force: TimeInForce = TimeInForce.GTC,
        expire_time_ns: int = 0,
        post_only: bool = False,
        reduce_only: bool = False,
        tags: tuple[str, ...] = (),
        quote_quantity: bool = False,
    ) -> Order:
        return self._order(
            instrument_id, side, OrderType.LIMIT, quantity, time_in_force, price, None,
            TriggerType.NO_TRIGGER, expire_time_ns, post_only, reduce_only, tags, quote_quantity,
        )  # fmt: skip

    def stop_market(
        self,
        instrument_id: InstrumentId,
        side: OrderSide,
        quantity: Quantity,
        trigger_price: Price,
        trigger_type: TriggerType = TriggerType.DEFAULT,
        time_in_force: TimeInForce = TimeInForce.GTC,
        expire_time_ns: int = 0,
        reduce_only: bool = False,
        tags: tuple[str, ...] = (),
    ) -> Order:
        return self._order(
            instrument_id, side, OrderType.STOP_MARKET, quantity, time_in_force, None, trigger_price,
            trigger_type, expire_time_ns, False, reduce_only, tags, False,
        )  # fmt: skip

    def stop_limit(
        self,
        instrument_id: InstrumentId,
        side: OrderSide,
        quantity: Quantity,
        price: Price,
        trigger_price: Price,
        trigger_type: TriggerType = TriggerType.DEFAULT,
        time_in_force: TimeInForce = TimeInForce.GTC,
        expire_time_ns: int = 0,
        post_only: bool = False,
        reduce_only: bool = False,
        tags: tuple[str, ...] = (),
        quote_quantity: bool = False,
    ) -> Order:
        return self._order(
            instrument_id, side, OrderType.STOP_LIMIT, quantity, time_in_force, price, trigger_price,
            trigger_type, expire_time_ns, post_only, reduce_only, tags, quote_quantity,
        )  # fmt: skip

    def _order(
        self,
        instrument_id: InstrumentId,
        side: OrderSide,
        order_type: OrderType,
        quantity: Quantity,
        time_in_force: TimeInForce,
        price: Price | None,
        trigger_price: Price | None,
        trigger_type: TriggerType,
        expire_time_ns: int,
        post_only: bool,
        reduce_only: bool,
        tags: tuple[str, ...],
        quote_quantity: bool,
    ) -> Order:
        if type(instrument_id) is not InstrumentId:
            raise TypeError(
                f"instrument_id must be InstrumentId, not {type(instrument_id).__name__}"
            )
        if type(quantity) is not Quantity:
            raise TypeError(f"quantity must be Quantity, not {type(quantity).__name__}")
        if price is not None and type(price) is not Price:
            raise TypeError(f"price must be Price, not {type(price).__name__}")
        if trigger_price is not None and type(trigger_price) is not Price:
            raise TypeError(f"trigger_price must be Price, not {type(trigger_price).__name__}")
        now_ns = self._clock.now_ns
        number = self.count + 1
        order = Order(
            OrderInitialized(
                self._trader_id,
                self._strategy_id,
                instrument_id,
                self._client_order_id(now_ns, number),
                self._new_id(),
                now_ns,
                now_ns,
                side,
                order_type,
                quantity,
                time_in_force,
                price,
                trigger_price,
                trigger_type,
                expire_time_ns,
                post_only,
                reduce_only,
                tags,
                quote_quantity,
            )
        )
        self.count = number
        return order

    def _client_order_id(self, now_ns: int, number: int) -> ClientOrderId:
        if not self._second_ns <= now_ns < self._next_second_ns:
            self._second_ns = now_ns - now_ns % NS_PER_SECOND
            self._next_second_ns = self._second_ns + NS_PER_SECOND
            self._prefix = f"O-{compact_time(now_ns)}{self._tags}"
        return ClientOrderId(f"{self._prefix}{number}")
