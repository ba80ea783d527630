"""Fills that count twice, or never."""

from typing import Final

from zoo.bug import READ, Bug

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
        release=READ,
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
        release=READ,
    ),
    Bug(
        id="late-fill-dropped",
        sentence="A fill that reaches an order after its end is dropped.",
        module="engine.execution.incoming",
        changes=(
            (
                "        status = order.status\n        was_closed = order.is_closed\n",
                "        status = order.status\n"
                "        was_closed = order.is_closed\n"
                "        if was_closed:\n"
                "            return\n",
            ),
        ),
        property="FIL-2",
        observed=(
            "The Rust execution engine of NautilusTrader drops a fill of an EXPIRED or REJECTED "
            "order, and its position no longer is the venue's."
        ),
        release=READ,
    ),
    Bug(
        id="missing-fill-inferred",
        sentence="A final report that counts more filled than is known is made up for by a fill.",
        module="engine.execution.incoming",
        changes=(
            (
                "            self._unresolved.expect_fills(order, filled_raw)\n",
                "            price = order.price\n"
                "            instrument = self._ctx.cache.instrument(order.instrument_id)\n"
                "            if price is None or instrument is None or order.account_id is None:\n"
                "                self._unresolved.expect_fills(order, filled_raw)\n"
                "                return\n"
                "            inferred = FillReport(\n"
                "                order.account_id,\n"
                "                order.instrument_id,\n"
                "                order.client_order_id,\n"
                "                order.venue_order_id,\n"
                "                order.ts_last,\n"
                "                self._ctx.clock.now_ns,\n"
                '                TradeId(f"S-{order.venue_order_id}-{filled_raw // 10**6}"),\n'
                "                order.side,\n"
                "                Quantity.from_raw(\n"
                "                    filled_raw - order.filled_raw, order.quantity.precision\n"
                "                ),\n"
                "                price,\n"
                "                Money.zero(instrument.quote_currency),\n"
                "                order.liquidity_side,\n"
                "            )\n"
                "            self.filled(inferred)\n",
            ),
            (
                "from engine.model.identifiers import VenueOrderId\n",
                "from engine.model.identifiers import TradeId, VenueOrderId\n",
            ),
            (
                "from engine.topics import RISK_EXECUTE\n",
                "from engine.model.values import Money, Quantity\n"
                "from engine.topics import RISK_EXECUTE\n",
            ),
        ),
        property="FIL-1",
        observed=(
            "NautilusTrader infers a fill for what an order report counts beyond the fills that "
            "came with it, and the genuine fills may still be on their way."
        ),
        release=READ,
    ),
)
