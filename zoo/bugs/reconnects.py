"""What a lost connection leaves behind, and what the next one brings too late or twice."""

from typing import Final

from zoo.bug import Bug

BUGS: Final = (
    Bug(
        id="unanswered-sent-anew",
        sentence="A submit whose answer is still out when the stream comes back is sent again.",
        module="simulation.client",
        changes=(
            (
                "        self._own_requests = 0\n",
                "        self._own_requests = 0\n        self._sent: dict[str, SubmitOrder] = {}\n",
            ),
            (
                "            self._unanswered[command.order.client_order_id] = []\n",
                "            self._unanswered[command.order.client_order_id] = []\n"
                "            self._sent[command.order.client_order_id] = command\n",
            ),
            (
                "        self._post(ClientConnected(self.client_id, self._scheduler.now_ns))\n",
                "        self._post(ClientConnected(self.client_id, self._scheduler.now_ns))\n"
                "        for coid in tuple(self._unanswered):\n"
                "            again = self._sent[coid]\n"
                "            self._requests.send_now(\n"
                '                f"{again.command_id}+again",\n'
                "                self._request_body(again),\n"
                "                lambda *_: None,\n"
                "                lambda *_: None,\n"
                "            )\n",
            ),
        ),
        property="NET-2",
    ),
    Bug(
        id="first-numbers-unchecked",
        sentence="After a reconnect the account channel may begin with any number.",
        module="simulation.client_session",
        changes=(
            (
                "        self._next_seq[topic] = 0 if topic in self._numbered else 1\n",
                "        again = topic in self._numbered or (topic == USER and self.connects > 1)\n"
                "        self._next_seq[topic] = 0 if again else 1\n",
            ),
        ),
        property="NET-3",
    ),
    Bug(
        id="ping-counts-as-life",
        sentence="A stream that was asked for a sign of life counts as one that gave it.",
        module="simulation.client_session",
        changes=(
            (
                "            self._send(encode(Ping(now_ns)))\n",
                "            self._send(encode(Ping(now_ns)))\n"
                "            self._last_frame_ns = now_ns\n",
            ),
        ),
        property="NET-3",
    ),
    Bug(
        id="statement-overwrites-account",
        sentence="The venue's statement after a reconnect becomes the balances, fills on top.",
        module="engine.execution.reconciliation",
        changes=(
            (
                "            running.account = report  # compared at the end: the fills it includes come first\n",
                "            account = self._ctx.cache.account(report.account_id)\n"
                "            for balance in report.balances if account is not None else ():\n"
                "                account.set_total(balance.currency, balance.total_raw)\n"
                "            running.account = report\n",
            ),
        ),
        property="POS-3",
    ),
    Bug(
        id="old-answer-counts",
        sentence="An answer to a pass that was given up counts for the next one, too.",
        module="engine.execution.reconciliation",
        changes=(
            (
                "running.number == query.pass_number else None\n",
                "query.pass_number else None\n",
            ),
        ),
        property="KRN-1",
    ),
    Bug(
        id="asked-about-in-set-order",
        sentence="After a reconnect orders are asked about in the order of a set of ids.",
        module="engine.execution.reconciliation",
        changes=(
            ("        for coid in sorted(working):\n", "        for coid in set(working):\n"),
        ),
        property="DET-1",
    ),
    Bug(
        id="unconfirmed-asked-again",
        sentence="A subscription that is not confirmed by the next heartbeat is asked for again.",
        module="simulation.client_session",
        changes=(
            (
                "        self._watch_from(now_ns)\n\n    def _lose(",
                "        for topic in self._unconfirmed:\n"
                "            self._send(encode(StreamSubscribe(*topic)))\n"
                "        self._watch_from(now_ns)\n\n    def _lose(",
            ),
        ),
        property="NET-1",
    ),
    Bug(
        id="picture-laid-over-old-book",
        sentence="A picture of the book after a reconnect is laid over the levels of the old one.",
        module="simulation.client_book",
        changes=(
            (
                "        changes = self._channels[symbol].on_picture(answer)\n",
                "        is_first = self._channels[symbol].update == 0\n"
                "        changes = self._channels[symbol].on_picture(answer)\n",
            ),
            (
                "        self._post(picture_deltas(answer, instrument, self._scheduler.now_ns))\n",
                "        picture = picture_deltas(answer, instrument, self._scheduler.now_ns)\n"
                "        if not is_first and len(picture.deltas) > 1:\n"
                "            levels = picture.deltas[1:]\n"
                "            picture = msgspec.structs.replace(picture, deltas=levels)\n"
                "        self._post(picture)\n",
            ),
            (
                "from engine.clients import Post\n",
                "import msgspec\n\nfrom engine.clients import Post\n",
            ),
        ),
        property="BK-2",
    ),
    Bug(
        id="feed-hole-passed-over",
        sentence="A hole in the numbers of the feed of orders is passed over.",
        module="simulation.order_feed",
        changes=(
            (
                "                self._ask_image(symbol, line)\n                return\n",
                "                line.received = batch.deltas[-1].sequence\n",
            ),
        ),
        property="BK-2",
        scenario="listening",
    ),
    Bug(
        id="image-youngest-first",
        sentence="An image of the queues that is asked for after a hole lists the youngest first.",
        module="simulation.order_feed",
        changes=(
            (
                "            for order_id, size in queue:\n",
                "            for order_id, size in reversed(queue) if line.sequence else queue:\n",
            ),
        ),
        property="BK-3",
        scenario="listening",
    ),
    Bug(
        id="lost-line-ends-bars",
        sentence="A lost connection takes back the timers of the bars under way.",
        module="engine.data.engine",
        changes=(
            (
                "        self._connected[client_id] = False\n",
                "        self._connected[client_id] = False\n        self._clock.cancel_timers()\n",
            ),
        ),
        property="BAR-2",
    ),
)
