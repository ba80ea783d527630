"""Components that are called while they rest, or that never get out of a transition."""

from typing import Final

from zoo.bug import READ, Bug

BUGS: Final = (
    Bug(
        id="timers-survive-stop",
        sentence="Stopping a component leaves its timers armed.",
        module="engine.actor",
        changes=(
            (
                "        super().stop()\n        self.clock.cancel_timers()\n",
                "        super().stop()\n",
            ),
        ),
        property="LIF-1",
        observed=(
            "Stopping a strategy of vn.py only forbids it to trade: its timer callback goes on "
            "being called (vnpy issue 782)."
        ),
    ),
    Bug(
        id="failed-hook-stays-between",
        sentence="A component whose hook raises stays in the transition that called the hook.",
        module="engine.lifecycle",
        changes=(
            (
                "            self._fault_if_possible()\n            raise\n",
                "            raise\n",
            ),
        ),
        property="LIF-3",
        observed=(
            "A component of NautilusTrader whose hook raises stays in the transitional state."
        ),
        release=READ,
    ),
    Bug(
        id="lost-while-reconciling",
        sentence="A client lost while the kernel reconciles is waited for without end.",
        module="engine.session",
        changes=(
            (
                "        elif is_execution_client(client):\n"
                "            self._execution_engine.start_reconcile(client)\n",
                "        elif self._ctx.kernel_state is KernelState.RUNNING:\n"
                "            self._execution_engine.start_reconcile(client)\n",
            ),
            ('        self._give_up("not reconciled", self._reconciled)\n', "        pass\n"),
        ),
        property="LIF-3",
    ),
    Bug(
        id="stopped-hears-quotes",
        sentence="A stopped component goes on hearing the quotes that it subscribed to.",
        module="engine.actor",
        changes=(
            (
                "        if self._state is _RUNNING:\n            self.on_quote_tick(tick)\n",
                "        self.on_quote_tick(tick)\n",
            ),
        ),
        property="LIF-1",
    ),
)
