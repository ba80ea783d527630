"""A cache that contradicts its objects, or that handlers read too early."""

from typing import Final

from zoo.bug import RAN, Bug

BUGS: Final = (
    Bug(
        id="duplicate-hides-order",
        sentence="A refused duplicate of a live order's id is filed as denied under that id.",
        module="engine.strategy",
        changes=(
            (
                "        if ctx.cache.order_exists(client_order_id):\n",
                "        genuine = ctx.cache.order(client_order_id)\n"
                "        if genuine is not None:\n"
                "            order.status = OrderStatus.DENIED\n"
                "            ctx.cache._orders[client_order_id] = order\n"
                "            ctx.cache.update_order(order)\n"
                "            ctx.cache._orders[client_order_id] = genuine\n",
            ),
        ),
        property="CCH-1",
        observed=(
            "NautilusTrader denies a second order with a known id and files it: the shared id "
            "goes from the open to the closed index, and the live order is in no open query."
        ),
        release=RAN,
    ),
    Bug(
        id="unapplied-event-told",
        sentence="An acceptance that says nothing new is not applied and told all the same.",
        module="engine.execution.incoming",
        changes=(
            (
                "                self.absorbed_count += 1\n                cache, coid = ",
                "                self.absorbed_count += 1\n"
                "                if venue_order_id is not None:\n"
                "                    header = venue_header(self._ctx, order, report)\n"
                "                    told = OrderAccepted(*header, report.account_id, venue_order_id)\n"
                '                    self._ctx.bus.dispatch(f"events.order.{order.strategy_id}", told)\n'
                "                cache, coid = ",
            ),
        ),
        property="CCH-3",
        observed=(
            "An order event that its order does not take is logged by NautilusTrader and then "
            "delivered to the strategy as if it had been applied."
        ),
        release=RAN,
    ),
    Bug(
        id="late-fill-moves-position-only",
        sentence="A fill of an order that has ended moves its position and not the order.",
        module="engine.execution.application",
        changes=(
            (
                "        order.apply(fill)\n",
                "        if not order.is_closed:\n            order.apply(fill)\n",
            ),
        ),
        property="CCH-3",
        observed=(
            "A fill of a REJECTED or EXPIRED order leaves the order of NautilusTrader untouched, "
            "opens or moves a position all the same, and is delivered to the strategy."
        ),
        release=RAN,
    ),
    Bug(
        id="purge-leaves-index",
        sentence="A lost connection purges the closed orders, and the indexes still name them.",
        module="engine.session",
        changes=(
            (
                "        self._connected[client_id] = False\n",
                "        self._connected[client_id] = False\n"
                "        for order in self._ctx.cache.orders_closed():\n"
                "            del self._ctx.cache._orders[order.client_order_id]\n",
            ),
        ),
        property="CCH-2",
        observed=(
            "Purging an order of NautilusTrader left entries in the indexes, one of which made a "
            "later query panic (pull request 4569)."
        ),
    ),
    Bug(
        id="reconnect-drops-trades",
        sentence="A lost connection drops the trades that were cached.",
        module="engine.session",
        changes=(
            (
                "        self._connected[client_id] = False\n",
                "        self._connected[client_id] = False\n"
                "        self._ctx.cache._trades.clear()\n",
            ),
        ),
        property="CCH-2",
    ),
)
