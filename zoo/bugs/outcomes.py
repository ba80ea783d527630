"""Requests of unknown outcome that are settled wrongly, and news that comes after the end."""

from typing import Final

from zoo.bug import Bug

BUGS: Final = (
    Bug(
        id="early-absence-believed",
        sentence="A picture without the request proves that it never acted, though it still may.",
        module="engine.execution.unresolved",
        changes=(
            (
                " and sent_ns >= released_ns + client.request_lifetime_ns\n",
                "\n",
            ),
        ),
        property="REC-2",
        observed=(
            "A question right after an accepted order may be answered that there is no such order: "
            "clients of Binance took that for its end (JKorf/Binance.Net issue 692, ccxt issue "
            "1786)."
        ),
    ),
    Bug(
        id="two-failures-are-enough",
        sentence="After two queries in a row that proved nothing nobody asks about an order again.",
        module="engine.execution.unresolved",
        changes=(
            (
                "        self._schedule(doubt, self._ctx.clock.now_ns + self._config.retry_after_ns(doubt.attempts))\n",
                "        if doubt.attempts < 2:\n"
                "            self._schedule(\n"
                "                doubt, self._ctx.clock.now_ns + self._config.retry_after_ns(doubt.attempts)\n"
                "            )\n",
            ),
        ),
        property="ORD-4",
        observed=(
            "The position check of NautilusTrader gives an instrument up for good after three "
            "attempts."
        ),
    ),
    Bug(
        id="ended-in-doubt-stays-marked",
        sentence="An order that ends while its outcome is unknown stays marked as unresolved.",
        module="engine.execution.unresolved",
        changes=(
            (
                "        self._ctx.cache.clear_unresolved(coid)\n",
                "        if not doubt.order.is_closed:\n"
                "            self._ctx.cache.clear_unresolved(coid)\n",
            ),
        ),
        property="ORD-4",
    ),
    Bug(
        id="late-fill-not-averaged",
        sentence="A fill heard of more than a second late does not count in the average price.",
        module="engine.model.orders",
        changes=(
            (
                "        self.cost_raw += event.last_px.raw * quantity_raw\n",
                "        if event.ts_init - event.ts_event < 1_000_000_000:\n"
                "            self.cost_raw += event.last_px.raw * quantity_raw\n",
            ),
        ),
        property="ORD-2",
    ),
    Bug(
        id="ended-in-doubt-goes-on-working",
        sentence="An order that ends while its outcome is unknown goes on counting as working.",
        module="engine.cache",
        changes=(
            (
                "            else:\n                del self._working[order.instrument_id][coid]\n",
                "            elif coid not in self._unresolved:\n"
                "                del self._working[order.instrument_id][coid]\n",
            ),
        ),
        property="CCH-1",
    ),
    Bug(
        id="doubted-order-unnamed",
        sentence="The venue's id of an order in doubt is not filed.",
        module="engine.execution.application",
        changes=(
            (
                "        if venue_order_id is not None and cache.venue_order_id(coid) != venue_order_id:\n",
                "        doubted = coid in self._unresolved.doubts\n"
                "        unfiled = not doubted and cache.venue_order_id(coid) != venue_order_id\n"
                "        if venue_order_id is not None and unfiled:\n",
            ),
        ),
        property="CCH-1",
    ),
    Bug(
        id="one-query-takes-every-timer",
        sentence="Taking back the query about one order takes back every timer of the engine.",
        module="engine.execution.unresolved",
        changes=(
            (
                "            self._clock.cancel_timer(doubt.timer_name)\n",
                "            self._clock.cancel_timers()\n",
            ),
        ),
        property="ORD-4",
    ),
    Bug(
        id="doubted-canceled-for-all",
        sentence="Cancel-all takes every order of unknown outcome along, whosever it is.",
        module="engine.execution.outgoing",
        changes=(
            (
                "        for order in sorted(working.values(), key=_acceptance_order):\n",
                "        for doubt in self._unresolved.doubts.values():\n"
                "            if not doubt.order.is_closed:\n"
                "                working[doubt.order.client_order_id] = doubt.order\n"
                "        for order in sorted(working.values(), key=_acceptance_order):\n",
            ),
            (
                "                    order.strategy_id,\n"
                "                    order.instrument_id,\n"
                "                    order.client_order_id,\n"
                "                    order.venue_order_id,\n",
                "                    command.strategy_id,\n"
                "                    order.instrument_id,\n"
                "                    order.client_order_id,\n"
                "                    order.venue_order_id,\n",
            ),
        ),
        property="POS-4",
    ),
    Bug(
        id="late-flip-told-as-change",
        sentence="A fill through flat that is heard of a second late is told as one change.",
        module="engine.execution.application",
        changes=(
            (
                "            steps.append(self._position_event(position, part, open_raw == 0))\n",
                "            if fill.ts_init - fill.ts_event > 1_000_000_000 and steps:\n"
                "                steps = [self._position_event(position, part, False)]\n"
                "            else:\n"
                "                steps.append(self._position_event(position, part, open_raw == 0))\n",
            ),
        ),
        property="POS-2",
    ),
)
