"""Orders whose state is not what their events make it, or that hang for ever."""

from typing import Final

from zoo.bug import RAN, READ, Bug

BUGS: Final = (
    Bug(
        id="fill-drops-pending",
        sentence="A partial fill takes the pending mark off an order whose request is still out.",
        module="engine.model.order_table",
        changes=(
            (
                "        T.FILL_LEAVING_REST: BENEATH,  # not PARTIALLY_FILLED: the modify is still "
                "on the wire\n",
                "        T.FILL_LEAVING_REST: S.PARTIALLY_FILLED,\n",
            ),
            (
                "        T.FILL_LEAVING_REST: BENEATH,\n",
                "        T.FILL_LEAVING_REST: S.PARTIALLY_FILLED,\n",
            ),
        ),
        property="ORD-1",
        observed=(
            "A fill during PENDING_CANCEL or PENDING_UPDATE makes an order of NautilusTrader "
            "PARTIALLY_FILLED, and nothing shows any more that a request is on its way."
        ),
        release=READ,
    ),
    Bug(
        id="submitted-not-restored",
        sentence="A refused cancel or modify cannot bring an order back to SUBMITTED.",
        module="engine.model.orders",
        changes=(
            (
                "            return trigger, beneath, None, request_id\n",
                "            if beneath is OrderStatus.SUBMITTED:\n"
                "                return trigger, status, beneath, request_id\n"
                "            return trigger, beneath, None, request_id\n",
            ),
        ),
        property="ORD-1",
        observed=(
            "NautilusTrader has no way from PENDING_CANCEL or PENDING_UPDATE back to SUBMITTED: "
            "the order stays pending after its request was refused."
        ),
        release=RAN,
    ),
    Bug(
        id="order-float-average",
        sentence="The average price of an order is computed in binary floating point.",
        module="engine.model.orders",
        changes=(
            (
                "    return decimal_of(divide_half_even(cost_raw, quantity_raw), -FIXED_PRECISION)\n",
                "    return Decimal(repr(cost_raw / quantity_raw / 10**FIXED_PRECISION))\n",
            ),
        ),
        property="ORD-2",
        observed=(
            "NautilusTrader keeps avg_px as a float and folds each fill into it: the third fill "
            "may already show digits that no fill had."
        ),
        release=READ,
    ),
    Bug(
        id="expired-shown-as-canceled",
        sentence="A picture of an expired order ends it as CANCELED.",
        module="engine.execution.pictures",
        changes=(
            (
                "        reports.append(ExpiredReport(*header, picture.filled_qty))\n",
                "        reports.append(CanceledReport(*header, picture.filled_qty))\n",
            ),
        ),
        property="ORD-3",
    ),
    Bug(
        id="silence-is-cancel",
        sentence="A modify or cancel unanswered for too long makes the order CANCELED.",
        module="engine.execution.unresolved",
        changes=(
            (
                "                order = request.order\n"
                "                doubt = self._doubt(order, self._desk.client_of(order))\n",
                "                order = request.order\n"
                "                if request.kind is not _SUBMIT:\n"
                "                    client = self._desk.client_of(order)\n"
                "                    report = CanceledReport(\n"
                "                        client.account_id,\n"
                "                        order.instrument_id,\n"
                "                        order.client_order_id,\n"
                "                        None,\n"
                "                        now_ns,\n"
                "                        now_ns,\n"
                "                        order.filled_qty,\n"
                "                    )\n"
                "                    self._report(report)\n"
                "                    watched.popleft()\n"
                "                    continue\n"
                "                doubt = self._doubt(order, self._desk.client_of(order))\n",
            ),
        ),
        property="ORD-3",
        observed=(
            "When the in-flight check has run out of retries NautilusTrader declares an order "
            "that is PENDING_UPDATE or PENDING_CANCEL to be CANCELED."
        ),
        release=READ,
    ),
    Bug(
        id="unknown-outcome-forgotten",
        sentence="A request of unknown outcome is marked and never asked about.",
        module="engine.execution.unresolved",
        changes=(
            (
                "            self._schedule(doubt, released_ns + client.request_lifetime_ns)\n",
                "            pass\n",
            ),
        ),
        property="ORD-4",
    ),
    Bug(
        id="unknown-instrument-only-logged",
        sentence="An order of an unknown instrument is neither sent nor denied.",
        module="engine.risk.engine",
        changes=(
            (
                "            self._ctx.bus.send(topics.EXEC_EXECUTE, command)\n"
                "        else:\n"
                "            self._deny(command, order, finding)\n"
                "\n"
                "    def _judge_submit(",
                "            self._ctx.bus.send(topics.EXEC_EXECUTE, command)\n"
                "        elif finding[0] is not _D.INSTRUMENT_NOT_FOUND:\n"
                "            self._deny(command, order, finding)\n"
                "\n"
                "    def _judge_submit(",
            ),
        ),
        property="ORD-5",
        observed=(
            "NautilusTrader only logs an error when the instrument of a submitted order is "
            "missing: the order stays INITIALIZED for ever."
        ),
        release=READ,
    ),
    Bug(
        id="late-fill-reopens",
        sentence="A late partial fill makes a canceled order working again.",
        module="engine.model.order_table",
        changes=(
            (
                "    S.CANCELED: {T.FILL_LEAVING_REST: S.CANCELED,",
                "    S.CANCELED: {T.FILL_LEAVING_REST: S.PARTIALLY_FILLED,",
            ),
        ),
        property="ORD-1",
        observed=(
            "A late partial fill reopens a canceled order of NautilusTrader: it is open again "
            "while its time of closing is still set."
        ),
        release=RAN,
    ),
    Bug(
        id="acceptance-undoes-partial-fill",
        sentence="An acceptance that a partial fill overtook takes the order back to ACCEPTED.",
        module="engine.execution.incoming",
        changes=(
            (
                "        if order.status_at_venue is not _SUBMITTED:\n",
                "        if order.status is _S.PARTIALLY_FILLED and venue_order_id is not None:\n"
                "            order.status = _SUBMITTED\n"
                "        if order.status_at_venue is not _SUBMITTED:\n",
            ),
        ),
        property="ORD-1",
        observed=(
            "The Rust order of NautilusTrader takes an acceptance in PARTIALLY_FILLED and is "
            "ACCEPTED again, as if nothing had been filled."
        ),
        release=READ,
    ),
    Bug(
        id="cancel-all-untold",
        sentence="Cancel-all marks its orders PENDING_CANCEL and tells nobody.",
        module="engine.execution.outgoing",
        changes=(
            (
                "                ctx.bus.send(EXEC_EXECUTE, cancel)\n\n    def _let_submits_pass(",
                "                header = local_header(ctx, order)\n"
                "                request_id = cancel.command_id\n"
                "                order.apply(OrderPendingCancel(*header, order.account_id, request_id))\n"
                "                cache.update_order(order)\n"
                "                self._unresolved.watch(order, RequestKind.CANCEL, cancel)\n"
                "                ctx.outbox.append((self._desk.client_of(order), cancel))\n"
                "\n"
                "    def _let_submits_pass(",
            ),
        ),
        property="ORD-1",
        observed=(
            "cancel_all_orders of NautilusTrader marks open orders PENDING_CANCEL without "
            "publishing the events, so no stream of events explains their state."
        ),
        release=RAN,
    ),
)
