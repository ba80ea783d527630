"""Belief that is not the venue's truth, or was never proven."""

from typing import Final

from zoo.bug import Bug

BUGS: Final = (
    Bug(
        id="picture-taken-for-trigger",
        sentence="A picture of a resting stop-limit order is taken for one of a triggered order.",
        module="engine.execution.pictures",
        changes=(
            (
                "    if status is _S.TRIGGERED and order.status_at_venue in _UNTRIGGERED:\n",
                "    stops = order.order_type is OrderType.STOP_LIMIT and status in _LIVE\n"
                "    if stops and order.status_at_venue in _UNTRIGGERED:\n",
            ),
        ),
        property="REC-1",
    ),
    Bug(
        id="silence-is-rejection",
        sentence="A submit that was not answered in time makes the order REJECTED.",
        module="engine.execution.unresolved",
        changes=(
            (
                "            self._schedule(doubt, released_ns + client.request_lifetime_ns)\n",
                "            self._schedule(doubt, released_ns + client.request_lifetime_ns)\n"
                "        if request.kind is _SUBMIT and not order.is_closed:\n"
                "            now_ns = self._ctx.clock.now_ns\n"
                "            rejected = RejectedReport(\n"
                "                client.account_id,\n"
                "                order.instrument_id,\n"
                "                order.client_order_id,\n"
                "                None,\n"
                "                now_ns,\n"
                "                now_ns,\n"
                '                "INFLIGHT_TIMEOUT",\n'
                "            )\n"
                "            self._report(rejected)\n",
            ),
        ),
        property="REC-2",
        observed=(
            "An order of NautilusTrader that stays SUBMITTED through the retries of the in-flight "
            "check is declared REJECTED, on silence alone."
        ),
    ),
    Bug(
        id="failed-query-is-absence",
        sentence="A query that failed counts as the answer that there is no such order.",
        module="engine.execution.unresolved",
        changes=(
            (
                "        ok = answer.status is AnswerStatus.OK\n",
                "        ok = True\n",
            ),
        ),
        property="ORD-3",
        observed=(
            "In the open-order check of NautilusTrader a failed bulk query counts as an empty "
            "answer, and a failed query about one order ends in REJECTED."
        ),
    ),
    Bug(
        id="missing-order-not-asked",
        sentence="An open order that the venue no longer lists after a reconnect stays as it is.",
        module="engine.execution.reconciliation",
        changes=(
            (
                "for order in (*cache.orders_open(venue), *cache.orders_inflight(venue))\n",
                "for order in cache.orders_inflight(venue)\n",
            ),
        ),
        property="ACC-3",
        observed=(
            "Reconciliation at the start of NautilusTrader leaves cached open orders alone that "
            "the mass status does not list, and its open-only check never resolves them."
        ),
    ),
    Bug(
        id="query-given-up",
        sentence="A query about an order in doubt that failed is not made again.",
        module="engine.execution.unresolved",
        changes=(
            (
                "        self._schedule(doubt, self._ctx.clock.now_ns + "
                "self._config.retry_after_ns(doubt.attempts))\n",
                "",
            ),
        ),
        property="ORD-4",
    ),
    Bug(
        id="error-is-refusal",
        sentence="An internal error of the venue counts as a refusal of the request.",
        module="simulation.client",
        changes=(
            (
                "_DEFINITIVE: Final = (\n",
                "_DEFINITIVE: Final = (\n    500,\n",
            ),
        ),
        property="REC-2",
    ),
)
