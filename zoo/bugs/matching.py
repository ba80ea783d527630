"""A venue that matches against its own rules: client and kernel see nothing wrong."""

from typing import Final

from zoo.bug import Bug

BUGS: Final = (
    Bug(
        id="last-in-line-first",
        sentence="Of those who rest at a price, the last to come is met first.",
        module="simulation.venue.book",
        changes=(
            (
                "        return next(iter(level.queue.values()))\n",
                "        return next(reversed(level.queue.values()))\n",
            ),
        ),
        property="MAT-1",
    ),
    Bug(
        id="shown-size-used-again",
        sentence="What an order of ours takes from another participant stays on the book.",
        module="simulation.venue.floor",
        changes=(
            (
                "        book.reduce(resting, size)\n        self._trade_number += 1\n",
                "        if taker is None or maker is not None:\n"
                "            book.reduce(resting, size)\n"
                "        self._trade_number += 1\n",
            ),
        ),
        property="MAT-1",
        observed=(
            "A remainder fills a second time on the size that it has just taken in the venue of "
            "NautilusTrader, and two market orders fill on the same displayed size."
        ),
    ),
    Bug(
        id="post-only-forgotten-at-trigger",
        sentence="A post-only stop-limit order that is triggered takes like any other.",
        module="simulation.venue.floor",
        changes=(
            (
                "            if order.post_only and would_take(book, order.side, order.price):\n"
                "                self.close(order, Status.REJECTED, Code.POST_ONLY_WOULD_TAKE)\n"
                "                return\n",
                "",
            ),
        ),
        property="MAT-2",
        observed=(
            "The venue of NautilusTrader forgets the post-only check of a stop-limit order that "
            "is triggered on arrival."
        ),
    ),
    Bug(
        id="fok-takes-what-there-is",
        sentence="A fill-or-kill order that cannot be filled whole trades what there is.",
        module="simulation.venue.floor",
        changes=(
            (
                "        if order.time_in_force is FOK and sweep(book, side, order.leaves, limit).filled < (\n"
                "            order.leaves\n"
                "        ):\n",
                "        if order.time_in_force is FOK and not sweep(book, side, order.leaves, limit).filled:\n",
            ),
            (
                "        elif order.time_in_force is IOC:\n",
                "        elif order.time_in_force is IOC or order.time_in_force is FOK:\n",
            ),
        ),
        property="MAT-2",
    ),
    Bug(
        id="filled-at-trigger-price",
        sentence="A stop-limit order takes at its trigger price, whatever is asked.",
        module="simulation.venue.floor",
        changes=(
            (
                "        price = resting.price\n        maker = resting.order\n",
                "        price = resting.price\n"
                "        if taker is not None and taker.triggered and taker.price is not None:\n"
                "            price = taker.trigger_price or price\n"
                "        maker = resting.order\n",
            ),
        ),
        property="MAT-1",
        observed=(
            "The venue of NautilusTrader fills a triggered stop-limit order at its trigger price, "
            "even below the ask."
        ),
    ),
    Bug(
        id="slipped-beyond-limit",
        sentence="What takes slips by a tick now and then, limit or not.",
        module="simulation.venue.floor",
        changes=(
            (
                "        price = resting.price\n        maker = resting.order\n",
                "        price = resting.price\n"
                "        if taker is not None and self._trade_number % 7 == 0:\n"
                "            price += 1 if side is BUY else -1\n"
                "        maker = resting.order\n",
            ),
        ),
        property="MAT-1",
        observed=(
            "The fill model of NautilusTrader slips limit orders too: a buy limited to 0.70010 is "
            "filled at 0.70011."
        ),
    ),
)
