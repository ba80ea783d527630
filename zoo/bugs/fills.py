"""Fills that count twice, or never."""

from typing import Final

from zoo.bug import Bug

BUGS: Final = (
    Bug(
        id="duplicate-fill-announced",
        sentence="A fill that comes again is kept out of the books and told to everybody anew.",
        module="engine.execution.incoming",
        changes=(
            (
                '            self._log.debug("duplicate fill",',
                '            self._ctx.bus.dispatch(f"events.fills.{order.instrument_id}", known)\n'
                '            self._log.debug("duplicate fill",',
            ),
        ),
        property="FIL-1",
    ),
    Bug(
        id="fill-named-by-query-time",
        sentence="A fill learnt by asking for fills gets an id made from the time of the asking.",
        module="simulation.client_queries",
        changes=(
            (
                "            fills = so_far + self._fill_reports(answer.trades)\n",
                "            fills = so_far + tuple(\n"
                "                msgspec.structs.replace(\n"
                '                    fill, trade_id=TradeId(f"S-{sent_ns}-{number}")\n'
                "                )\n"
                "                for number, fill in enumerate(self._fill_reports(answer.trades))\n"
                "            )\n",
            ),
            (
                "from engine.clients import Post\n",
                "import msgspec\n\n"
                "from engine.clients import Post\n"
                "from engine.model.identifiers import TradeId\n",
            ),
        ),
        property="FIL-1",
        observed=(
            "NautilusTrader makes ids of inferred fills from ts_last, which some venues restamp at "
            "each query: one execution then has many ids and is applied once for each."
        ),
    ),
    Bug(
        id="older-fill-skipped",
        sentence="A genuine fill that is stamped before the order's last event is passed over.",
        module="engine.execution.incoming",
        changes=(
            (
                "        venue_order_id = report.venue_order_id or order.venue_order_id\n",
                "        if report.ts_event < order.ts_last:\n"
                "            self.absorbed_count += 1\n"
                "            return\n"
                "        venue_order_id = report.venue_order_id or order.venue_order_id\n",
            ),
        ),
        property="FIL-2",
        observed=(
            "NautilusTrader marks an order as inferred after any fill that came in a report, and "
            "then skips genuine fills with an earlier stamp as predating."
        ),
    ),
)
