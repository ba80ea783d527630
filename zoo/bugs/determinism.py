"""Order that depends on the process."""

from typing import Final

from zoo.bug import Bug

BUGS: Final = (
    Bug(
        id="cancel-all-in-set-order",
        sentence="Cancel-all cancels in the order of a set of ids, which the hash seed decides.",
        module="engine.execution.outgoing",
        changes=(
            (
                "        for order in sorted(working.values(), key=_acceptance_order):\n",
                "        for order in [working[coid] for coid in set(working)]:\n",
            ),
        ),
        property="DET-1",
        observed=(
            "market_exit of NautilusTrader walks a Python set of instruments, so that the order "
            "of its cancels depends on the hash seed."
        ),
    ),
)
