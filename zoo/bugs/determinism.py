"""Order that depends on the process."""

from typing import Final

from zoo.bug import READ, Bug

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
        release=READ,
    ),
    Bug(
        id="queries-in-set-order",
        sentence="The cache lists orders in the order of a set of ids.",
        module="engine.cache",
        changes=(
            (
                "        if len(found) > 1:\n            found.sort(key=_ORDER_ID)\n",
                "        if len(found) > 1:\n"
                "            by_id = {order.client_order_id: order for order in found}\n"
                "            found = [by_id[coid] for coid in set(by_id)]\n",
            ),
        ),
        property="DET-1",
        observed=(
            "Queries of the Python cache of NautilusTrader walk sets of ids, so that what they "
            "list comes in another order in another process."
        ),
    ),
)
