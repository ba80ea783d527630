"""A venue that matches against its own rules: client and kernel see nothing wrong."""

from typing import Final

from zoo.bug import RAN, Bug

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
        release=RAN,
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
        release=RAN,
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
        release=RAN,
    ),
    Bug(
        id="market-remainder-left-open",
        sentence="An order without a price that has exhausted the book stays open with what is left of it.",
        module="simulation.venue.floor",
        changes=(
            (
                "        if limit is None:\n"
                "            self.close(order, Status.CANCELED, Code.BOOK_EXHAUSTED)\n",
                "        if limit is None:\n            return\n",
            ),
            (
                "        elif order.time_in_force is IOC:\n",
                "        if order.time_in_force is IOC:\n",
            ),
        ),
        property="MAT-2",
        observed=(
            "A market order that exhausts a book of several levels stays PARTIALLY_FILLED at the "
            "venue of NautilusTrader for ever: it is in no book and cannot fill again."
        ),
        release=RAN,
    ),
    Bug(
        id="filled-beyond-the-book",
        sentence="What a market order finds nobody for is filled a tick beyond the last price.",
        module="simulation.venue.floor",
        changes=(
            (
                "            self.close(order, Status.CANCELED, Code.BOOK_EXHAUSTED)\n",
                "            self._trade_number += 1\n"
                '            trade_id = f"{self._name}-T{self._trade_number}"\n'
                "            price = (book.last_price or 0) + (1 if side is BUY else -1)\n"
                "            self._fill(order, left, price, TAKER, trade_id, self.now())\n",
            ),
        ),
        property="MAT-1",
        observed=(
            "At the venue of NautilusTrader the rest of a market order larger than the top of the "
            "book is filled whole, one tick worse than the last price."
        ),
        release=RAN,
    ),
    Bug(
        id="modify-not-judged",
        sentence="A modify is carried out without a look at what a new order is held against.",
        module="simulation.venue.exchange",
        changes=(
            (
                "        if fault is not None:\n"
                "            raise VenueRefusal(REFUSED, fault[0], fault[1])\n"
                "        grows = ",
                "        grows = ",
            ),
        ),
        property="MAT-2",
        observed=(
            "The venue of NautilusTrader takes a modify of an order that it has not accepted yet "
            "at once and without any validation."
        ),
        release=RAN,
    ),
    Bug(
        id="closed-market-ignored",
        sentence="An order is taken whatever the status of its market.",
        module="simulation.venue.judgement",
        changes=(
            (
                '    """Why a new order cannot be taken, or None."""\n'
                "    book = order.book\n"
                "    if book.status is not OPEN:\n"
                '        return _CLOSED[book.status], f"{book.symbol} is {book.status.value}"\n',
                '    """Why a new order cannot be taken, or None."""\n    book = order.book\n',
            ),
        ),
        property="MAT-5",
        scenario="instruments",
        observed=(
            "The status of a market never blocks anything at the venue of NautilusTrader: an order "
            "that comes after HALT is filled."
        ),
        release=RAN,
    ),
    Bug(
        id="stop-triggered-early",
        sentence="A buy stop is triggered a tick before its price.",
        module="simulation.venue.matching",
        changes=(
            (
                "        return ask is not None and ask >= trigger\n",
                "        return ask is not None and ask >= trigger - 1\n",
            ),
        ),
        property="MAT-3",
    ),
)
