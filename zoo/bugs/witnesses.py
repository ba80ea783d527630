"""What is kept, said or asked wrongly and moves no order and no money at once: found by slow models,
scans, and by reading again what was written."""

from typing import Final

from zoo.bug import Bug

BUGS: Final = (
    Bug(
        id="settled-position-never-closed",
        sentence="A position that its venue settles keeps no time of its close.",
        module="engine.model.positions",
        changes=(
            (
                "        self.ts_last = self.ts_closed = ts_event\n",
                "        self.ts_last = ts_event\n",
            ),
        ),
        property="MDL-1",
        scenario="instruments",
        observed=(
            "An adjustment that takes all of a position of NautilusTrader sets no ts_closed: the "
            "position is then neither open nor closed."
        ),
    ),
    Bug(
        id="queries-in-order-of-filing",
        sentence="The orders that a query finds come in the order in which they were filed.",
        module="engine.cache",
        changes=(
            (
                "        if len(found) > 1:\n            found.sort(key=_ORDER_ID)\n",
                "",
            ),
        ),
        property="CCH-4",
        observed=(
            "The queries of NautilusTrader's Cython cache walk Python sets: what they find comes "
            "in no order that anybody has said."
        ),
    ),
    Bug(
        id="cash-equity-counts-coins-twice",
        sentence="The equity of a cash account adds what its coins are worth to the coins.",
        module="engine.portfolio",
        changes=(
            (
                "            elif isinstance(instrument, CurrencyPair):\n",
                "            elif False:\n",
            ),
        ),
        property="PRT-1",
        observed=(
            "The equity of a multi-currency cash account of NautilusTrader adds a position's mark "
            "value though the coin bought is in the totals already."
        ),
    ),
    Bug(
        id="opposites-counted-twice",
        sentence="The net exposure of a long and a short is that of both, as if both were one way.",
        module="engine.portfolio",
        changes=(
            (
                "        return self._exposure(instrument_id, price, gross=False)\n",
                "        return self._exposure(instrument_id, price, gross=True)\n",
            ),
        ),
        property="PRT-1",
        scenario="hedging",
        observed="NautilusTrader's net_exposure of long 1 and short 1 is two notionals.",
    ),
    Bug(
        id="refusals-untold",
        sentence="What is refused is written down and told to nobody.",
        module="engine.execution.desk",
        changes=(("        ctx.bus.dispatch(REFUSED, refused)\n", ""),),
        property="BUS-3",
        observed=(
            "Canceling an order that is closed is a warning in NautilusTrader's log; nothing on "
            "its bus tells of it."
        ),
    ),
    Bug(
        id="started-although-unreconciled",
        sentence="The kernel begins to run when its clients are connected, whatever they know.",
        module="engine.session",
        changes=(
            (
                "self._ctx.kernel_state is KernelState.RECONCILING and "
                "all(self._reconciled.values()):\n",
                "self._ctx.kernel_state is KernelState.RECONCILING:\n",
            ),
        ),
        property="LIF-4",
        observed=(
            "The Rust live node of NautilusTrader warns when its start-up reconciliation fails, "
            "and starts the trader all the same."
        ),
    ),
    Bug(
        id="away-taken-for-stopped",
        sentence="An order for a venue that is away is turned back as if the kernel did not run.",
        module="engine.execution.engine",
        changes=(
            (
                "            return DenialCode.CLIENT_DISCONNECTED\n",
                "            return DenialCode.NOT_RUNNING\n",
            ),
        ),
        property="RSK-4",
    ),
    Bug(
        id="own-question-forgotten",
        sentence="The answer to the kernel's own question about an order is refused as unasked.",
        module="engine.execution.desk",
        changes=(
            (
                "        self.ask(client, command, coid)\n",
                "        self.ask(client, command)\n",
            ),
        ),
        property="KRN-3",
    ),
    Bug(
        id="never-sent-unsaid",
        sentence="The rejection of an order that never left its client does not say so.",
        module="engine.execution.incoming",
        changes=(
            (
                "report.account_id, report.reason, report.due_post_only)\n",
                'report.account_id, report.reason.removesuffix(": never sent"), report.due_post_only)\n',
            ),
        ),
        property="ORD-6",
    ),
    Bug(
        id="never-acted-unnamed",
        sentence="A cancel that is proven never to have acted is refused for no reason at all.",
        module="engine.execution.unresolved",
        changes=(
            (
                "CancelRejectedReport(*header, request.request_id, pictures.NEVER_ACTED)",
                "CancelRejectedReport(*header, request.request_id, None)",
            ),
        ),
        property="SER-1",
    ),
    Bug(
        id="gap-silences-trades",
        sentence="Once a trade is missing, none is taken until the client has connected again.",
        module="simulation.client_session",
        changes=(
            (
                "            self.missed += seq - expected\n",
                "            self.missed += seq - expected\n"
                "            if type(frame) is TradeFrame:\n"
                "                return\n",
            ),
        ),
        property="NET-6",
    ),
    Bug(
        id="timers-of-nobody",
        sentence="The execution engine arms its timers in nobody's name.",
        module="engine.execution.engine",
        changes=(
            (
                "        clock = ComponentClock(ctx.clock, EXECUTION_ENGINE_ID)\n",
                "        clock = ComponentClock(ctx.clock, None)\n",
            ),
        ),
        property="CLK-4",
    ),
)
