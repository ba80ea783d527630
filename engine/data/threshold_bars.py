"""Bars that close when enough has happened: so many ticks, so much volume, so much value.

A tick that carries more than its bar still needs is split: the bar closes on exactly its step, and
the rest opens the next one, as often as it takes. So no size is counted twice or dropped: the
volumes of the bars and of the one under way add up to the sizes of the ticks.
"""

from collections.abc import Callable
from typing import Final

from engine.data.aggregator import Aggregator
from engine.data.bar_builder import BarBuilder
from engine.model.bars import Bar, BarType
from engine.model.enums import BarAggregation

_VALUE_SCALE: Final = 32  # decimals of a price times those of a size, at the most

Emit = Callable[[Bar], None]


class ThresholdAggregator(Aggregator):
    """One bar under way; `emit` is handed each one as it closes, stamped with the tick's `ts_init`.

    Args:
        bar_type: an INTERNAL bar type by TICK, VOLUME or VALUE.
        emit: called while a tick is taken, when the tick's own subscribers have heard it.
    """

    __slots__ = ("_builder", "_emit", "_step")

    def __init__(self, bar_type: BarType, emit: Emit) -> None:
        super().__init__(bar_type)
        self._builder = BarBuilder()
        self._emit = emit
        self._step = bar_type.spec.step

    @property
    def pending_volume(self) -> tuple[int, int]:
        """(mantissa, precision) of the volume of the bar under way."""
        return self._builder.volume, self._builder.size_precision

    def handle_bar(self, bar: Bar) -> None:
        """Raises NotImplementedError: by volume and by value, a bar cannot be split."""
        raise NotImplementedError(f"{self.bar_type} does not take bars")

    def _close(self, ts_init: int) -> None:
        bar = self._builder.build(self.bar_type, ts_init, ts_init)
        if bar is not None:
            self._emit(bar)


class TickBarAggregator(ThresholdAggregator):
    """A bar of `step` ticks, or of `step` bars of a finer type."""

    __slots__ = ()

    def handle_bar(self, bar: Bar) -> None:
        self._builder.update_bar(bar)
        if self._builder.count == self._step:
            self._close(bar.ts_init)

    def _take(
        self, price: int, size: int, price_precision: int, size_precision: int, ts_init: int
    ) -> None:
        builder = self._builder
        builder.update(price, size, price_precision, size_precision)
        if builder.count == self._step:
            self._close(ts_init)


class VolumeBarAggregator(ThresholdAggregator):
    """A bar of exactly `step` units of volume."""

    __slots__ = ()

    def _take(
        self, price: int, size: int, price_precision: int, size_precision: int, ts_init: int
    ) -> None:
        builder = self._builder
        # a coarser tick is counted in the builder's finer units, a finer one makes them finer
        if size_precision < builder.size_precision:
            size *= 10 ** (builder.size_precision - size_precision)
            size_precision = builder.size_precision
        held = builder.volume * 10 ** (size_precision - builder.size_precision)
        needed = self._step * 10**size_precision - held
        while size >= needed:
            builder.update(price, needed, price_precision, size_precision)
            self._close(ts_init)
            size -= needed
            needed = self._step * 10**size_precision
            if not size:
                return
        builder.update(price, size, price_precision, size_precision)


class ValueBarAggregator(ThresholdAggregator):
    """A bar closes with the smallest size that brings the sum of price x size to `step`.

    What that size brings beyond the step counts for no bar. A negative price counts as its amount.
    """

    __slots__ = ("_value",)

    def __init__(self, bar_type: BarType, emit: Emit) -> None:
        super().__init__(bar_type, emit)
        self._value = 0  # x 10^_VALUE_SCALE

    def _take(
        self, price: int, size: int, price_precision: int, size_precision: int, ts_init: int
    ) -> None:
        builder = self._builder
        of_one = abs(price) * 10 ** (_VALUE_SCALE - price_precision - size_precision)
        target = self._step * 10**_VALUE_SCALE
        while self._value + of_one * size >= target:
            slice_size = -((self._value - target) // of_one)  # rounded up
            builder.update(price, slice_size, price_precision, size_precision)
            self._value = 0
            self._close(ts_init)
            size -= slice_size
            if not size:
                return
        self._value += of_one * size
        builder.update(price, size, price_precision, size_precision)


THRESHOLD_AGGREGATORS: Final[dict[BarAggregation, type[ThresholdAggregator]]] = {
    BarAggregation.TICK: TickBarAggregator,
    BarAggregation.VOLUME: VolumeBarAggregator,
    BarAggregation.VALUE: ValueBarAggregator,
}
