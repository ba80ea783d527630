"""Bars that lose a tick, and series that end without a word."""

from typing import Final

from zoo.bug import Bug

BUGS: Final = (
    Bug(
        id="late-tick-in-no-bar",
        sentence="A trade stamped before the last one reaches its subscribers and no bar.",
        module="engine.data.engine",
        changes=(
            (
                "        for aggregator in feed.aggregators:\n"
                "            aggregator.handle_trade(trade)\n",
                "        if trade.ts_event < feed.ts_last:\n"
                "            return\n"
                "        feed.ts_last = trade.ts_event\n"
                "        for aggregator in feed.aggregators:\n"
                "            aggregator.handle_trade(trade)\n",
            ),
        ),
        property="BAR-1",
        observed="NautilusTrader's bar builder ignores a tick older than its last one.",
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
    ),
)
