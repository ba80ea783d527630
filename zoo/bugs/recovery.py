"""Belief that is not the venue's truth, or was never proven."""

from typing import Final

from zoo.bug import READ, Bug

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
        release=READ,
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
            "In the open-order check of NautilusTrader a query about one order that failed ends in "
            "REJECTED, as if the venue had said that it has no such order."
        ),
        release=READ,
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
        release=READ,
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
    Bug(
        id="failed-fills-are-none",
        sentence="A failed question for fills counts as an answer that lists none.",
        module="engine.execution.reconciliation",
        changes=(
            (
                "        if answer.status is not _OK:\n"
                "            self._retry(running, _FILLS)\n"
                "            return\n",
                "        if answer.status is not _OK:\n"
                "            self._answered(running, _FILLS)\n"
                "            return\n",
            ),
        ),
        property="NET-5",
    ),
    Bug(
        id="failed-bulk-is-empty",
        sentence="A failed question for open orders counts as an answer that lists none.",
        module="engine.execution.reconciliation",
        changes=(
            (
                "        if answer.status is not _OK:\n"
                "            self._retry(running, _OPEN)\n"
                "            return\n"
                "        running.open_orders = answer\n",
                "        if answer.status is not _OK:\n"
                "            for order in self._ctx.cache.orders_open(running.client.venue):\n"
                "                gone = RejectedReport(\n"
                "                    running.client.account_id,\n"
                "                    order.instrument_id,\n"
                "                    order.client_order_id,\n"
                "                    None,\n"
                "                    answer.ts_init,\n"
                "                    answer.ts_init,\n"
                '                    "NOT_FOUND",\n'
                "                )\n"
                "                self._ctx.bus.send(EXEC_PROCESS, gone)\n"
                "        running.open_orders = answer\n",
            ),
            (
                "from engine.model.reports import (\n",
                "from engine.model.reports import (\n    RejectedReport,\n",
            ),
        ),
        property="REC-2",
        observed=(
            "In the open-order check of NautilusTrader a failed bulk query counts as an empty "
            "answer, and orders that it does not list end in REJECTED."
        ),
        release=READ,
    ),
    Bug(
        id="missing-order-is-rejected",
        sentence="An open order that the venue no longer lists after a reconnect is REJECTED.",
        module="engine.execution.reconciliation",
        changes=(
            (
                "            if order.ts_submitted > running.begun_ns:\n"
                "                continue  # newer than the questions: nothing is owed an explanation\n",
                "            if order.ts_submitted > running.begun_ns:\n"
                "                continue  # newer than the questions: nothing is owed an explanation\n"
                "            if picture is None and order.status_at_venue is OrderStatus.ACCEPTED:\n"
                "                now_ns = self._ctx.clock.now_ns\n"
                "                gone = RejectedReport(\n"
                "                    running.client.account_id,\n"
                "                    order.instrument_id,\n"
                "                    coid,\n"
                "                    None,\n"
                "                    now_ns,\n"
                "                    now_ns,\n"
                '                    "NOT_FOUND",\n'
                "                )\n"
                "                self._ctx.bus.send(EXEC_PROCESS, gone)\n"
                "                continue\n",
            ),
            (
                "from engine.model.reports import (\n",
                "from engine.model.enums import OrderStatus\n"
                "from engine.model.reports import (\n    RejectedReport,\n",
            ),
        ),
        property="REC-2",
        observed=(
            "An ACCEPTED order of NautilusTrader that the venue's list no longer shows is declared "
            "REJECTED, whether it was filled, canceled or expired."
        ),
        release=READ,
    ),
    Bug(
        id="unasked-update-passed-over",
        sentence="A change of an order that the venue makes by itself is passed over.",
        module="engine.execution.incoming",
        changes=(
            (
                "        elif not (awaited or unnamed or _amends(order, report)):\n",
                "        elif not (awaited or unnamed):\n",
            ),
        ),
        property="REC-1",
    ),
    Bug(
        id="late-trade-entered-last",
        sentence="A fill that is heard late is netted behind those that the venue made after it.",
        module="engine.model.cost",
        changes=(
            (
                "        if self.settlement_px_raw is None and (not trades or not _is_before(trade, trades[-1])):\n",
                "        if self.settlement_px_raw is None:\n",
            ),
        ),
        property="ACC-3",
        scenario="perpetual",
    ),
    Bug(
        id="missing-partly-filled-is-canceled",
        sentence="A partly filled order that the venue no longer lists after a reconnect is CANCELED.",
        module="engine.execution.reconciliation",
        changes=(
            (
                "            if order.ts_submitted > running.begun_ns:\n"
                "                continue  # newer than the questions: nothing is owed an explanation\n",
                "            if order.ts_submitted > running.begun_ns:\n"
                "                continue  # newer than the questions: nothing is owed an explanation\n"
                "            if picture is None and order.status_at_venue is OrderStatus.PARTIALLY_FILLED:\n"
                "                now_ns = self._ctx.clock.now_ns\n"
                "                gone = CanceledReport(\n"
                "                    running.client.account_id,\n"
                "                    order.instrument_id,\n"
                "                    coid,\n"
                "                    None,\n"
                "                    now_ns,\n"
                "                    now_ns,\n"
                "                    order.filled_qty,\n"
                "                )\n"
                "                self._ctx.bus.send(EXEC_PROCESS, gone)\n"
                "                continue\n",
            ),
            (
                "from engine.model.reports import (\n",
                "from engine.model.enums import OrderStatus\n"
                "from engine.model.reports import (\n    CanceledReport,\n",
            ),
        ),
        property="ORD-3",
        observed=(
            "A PARTIALLY_FILLED order of NautilusTrader that the venue's list no longer shows is "
            "declared CANCELED, whether it was filled, canceled or expired."
        ),
        release=READ,
    ),
)
