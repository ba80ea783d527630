"""Bars that lose a tick, and series that end without a word."""

from typing import Final

from zoo.bug import RAN, READ, Bug

BUGS: Final = (
    Bug(
        id="turn-empties-bar",
        sentence="When the aggressor's side turns, the bar under way forgets what it holds.",
        module="engine.data.aggregator",
        changes=(
            (
                '    __slots__ = ("_price_type", "bar_type")\n',
                '    __slots__ = ("_price_type", "_side", "bar_type")\n',
            ),
            (
                "        self.bar_type = bar_type\n",
                "        self.bar_type = bar_type\n        self._side: object = None\n",
            ),
            (
                "    def handle_trade(self, trade: TradeTick) -> None:\n",
                "    def handle_trade(self, trade: TradeTick) -> None:\n"
                "        if trade.aggressor_side is not self._side:\n"
                "            self._side = trade.aggressor_side\n"
                "            self._builder.count = self._builder.volume = 0\n",
            ),
        ),
        property="BAR-1",
        observed=(
            "NautilusTrader's run bars are emptied when the side turns: earlier ticks vanish and "
            "volume is not conserved."
        ),
        release=READ,
    ),
    Bug(
        id="composite-misses-last-part",
        sentence="A composite closes before the source bar of the same instant, which it loses.",
        module="engine.data.bar_series",
        changes=(
            (
                "source.close_ns <= aggregator.close_ns:\n",
                "source.close_ns < aggregator.close_ns:\n",
            ),
        ),
        property="BAR-1",
        scenario="listening",
        observed=(
            "At equal timestamps NautilusTrader fires the timer first: what belongs to the closing "
            "bar lands in the next one."
        ),
        release=RAN,
    ),
    Bug(
        id="rest-of-split-counts-twice",
        sentence="What is left of a trade that closed a volume bar counts twice in the next one.",
        module="engine.data.threshold_bars",
        changes=(
            (
                "            needed = self._step * 10**size_precision\n"
                "            if not size:\n"
                "                return\n",
                "            needed = self._step * 10**size_precision\n"
                "            if not size:\n"
                "                return\n"
                "            if size < needed:\n"
                "                size += size\n",
            ),
        ),
        property="BAR-1",
        scenario="listening",
        observed=(
            "NautilusTrader's Renko bars give each brick of a larger move the full volume: it is "
            "counted twice."
        ),
        release=READ,
    ),
    Bug(
        id="silence-ends-bars",
        sentence="A first interval without a tick is the last one of its bars: no timer follows it.",
        module="engine.data.bar_series",
        changes=(
            (
                "        bar = aggregator.close()\n",
                "        bar = aggregator.close()\n        if bar is None:\n            return\n",
            ),
        ),
        property="BAR-2",
        observed=(
            "NautilusTrader does not arm month and year bars again when their first boundary had "
            "no tick: the aggregator is dead for ever."
        ),
        release=RAN,
    ),
)
