"""An EMA-cross strategy to start from: quotes or trades in, market orders out.

It is long while the fast average lies above the slow one. When they cross back it goes flat, or
short where it is allowed to. It knows three things that a first draft tends to forget: an order
on its way is not a position yet, an average needs its period in inputs before it means anything,
and what the venue took as commission cannot be sold.
"""

from typing import Final

from engine.indicators import ExponentialMovingAverage
from engine.model.data import QuoteTick, TradeTick
from engine.model.enums import BUY, SELL, DataKind
from engine.model.identifiers import InstrumentId
from engine.model.orders import Order
from engine.model.values import Quantity
from engine.strategy import Strategy, StrategyConfig

_DEFAULT_STEPS: Final = 1_000


class EMACrossConfig(StrategyConfig, frozen=True, kw_only=True):
    """
    Attributes:
        trade_size: how much to hold, as decimal text in units of the instrument: "0.01"; when
            empty, a thousand of its size increments.
        fast, slow: periods in ticks, 1 <= fast < slow.
        source: what the averages see: QUOTES (mid prices) or TRADES (last prices).
        allow_short: hold `trade_size` short below the cross; needs a margin account.
    """

    instrument_id: InstrumentId
    trade_size: str = ""
    fast: int = 10
    slow: int = 20
    source: DataKind = DataKind.QUOTES
    allow_short: bool = False

    def __post_init__(self) -> None:
        if not 1 <= self.fast < self.slow:
            raise ValueError(f"need 1 <= fast < slow, not fast={self.fast}, slow={self.slow}")
        if self.source not in (DataKind.QUOTES, DataKind.TRADES):
            raise ValueError(f"averages need QUOTES or TRADES, not {self.source.name}")


class EMACross(Strategy):
    """One instrument, one position, at most one order at a time."""

    def __init__(self, config: EMACrossConfig) -> None:
        super().__init__(config)
        self.instrument_id = config.instrument_id
        self.trade_size = config.trade_size
        self.source = config.source
        self.allow_short = config.allow_short
        self.fast = ExponentialMovingAverage(config.fast)
        self.slow = ExponentialMovingAverage(config.slow)
        self._is_above: bool | None = None  # which side of the cross was acted on last
        self._order: Order | None = None

    def on_start(self) -> None:
        instrument = self.cache.instrument(self.instrument_id)
        if instrument is None:
            raise LookupError(f"no instrument {self.instrument_id}")
        self._step_raw = instrument.size_increment.raw
        self._size_raw = _DEFAULT_STEPS * self._step_raw
        if self.trade_size:
            self._size_raw = instrument.try_normalize_qty(Quantity.from_str(self.trade_size)).raw
        self._size_precision = instrument.size_precision
        if self.source is DataKind.QUOTES:
            self.register_indicator_for_quote_ticks(self.instrument_id, self.fast)
            self.register_indicator_for_quote_ticks(self.instrument_id, self.slow)
            self.subscribe_quote_ticks(self.instrument_id)
        else:
            self.register_indicator_for_trade_ticks(self.instrument_id, self.fast)
            self.register_indicator_for_trade_ticks(self.instrument_id, self.slow)
            self.subscribe_trade_ticks(self.instrument_id)

    def on_stop(self) -> None:
        self.cancel_all_orders(self.instrument_id)

    def on_reset(self) -> None:
        self.fast.reset()
        self.slow.reset()
        self._is_above = None
        self._order = None

    def on_quote_tick(self, tick: QuoteTick) -> None:
        self._follow_the_cross()

    def on_trade_tick(self, tick: TradeTick) -> None:
        self._follow_the_cross()

    def _follow_the_cross(self) -> None:
        slow = self.slow
        if slow.count < slow.period:
            return
        is_above = self.fast.value_raw > slow.value_raw
        if is_above is self._is_above:
            return
        if self._order is not None and not self._order.is_closed:
            return  # its fills come first; the next tick finds the cross again
        self._is_above = is_above
        self._order = None
        if is_above:
            self._move_to(self._size_raw)
        else:
            self._move_to(-self._size_raw if self.allow_short else 0)

    def _move_to(self, target_raw: int) -> None:
        """Submit the market order from the position held to the one wanted."""
        held_raw = sum(
            position.signed_raw
            for position in self.cache.positions_open(
                instrument_id=self.instrument_id, strategy_id=self.id
            )
        )
        missing_raw = target_raw - held_raw
        tradable_raw = abs(missing_raw) // self._step_raw * self._step_raw
        if tradable_raw == 0:
            return
        order = self.order_factory.market(
            self.instrument_id,
            BUY if missing_raw > 0 else SELL,
            Quantity.from_raw(tradable_raw, self._size_precision),
        )
        refused = self.submit_order(order)
        if refused is None:
            self._order = order
        else:
            self.log.warning("order refused", reason=refused.reason, of=refused.of)
