"""Gates that let through what they are there for, or keep out what they are not."""

from typing import Final

from zoo.bug import READ, Bug

BUGS: Final = (
    Bug(
        id="modify-without-limits",
        sentence="A modify is not held against the limits of notional and balance.",
        module="engine.risk.engine",
        changes=(
            (
                "        finding, requirement = self._check_money(\n"
                "            order, instrument, account, quantity.raw, leaves_raw, price, trigger_price\n"
                "        )\n",
                "        requirement = None\n",
            ),
        ),
        property="RSK-1",
        observed=(
            "NautilusTrader checks no balance and no notional on a modify: a raise from 1 to "
            "1,000,000 passes."
        ),
        release=READ,
    ),
    Bug(
        id="reducing-looks-at-direction",
        sentence="REDUCING turns back what adds to the position, and nothing for its size.",
        module="engine.risk.engine",
        changes=(
            (
                "        if order.reduce_only:\n"
                "            room_raw = exposure.opposed_raw(instrument_id, side)\n"
                "        else:\n"
                "            room_raw = exposure.reducible_raw(instrument_id, side, order)\n"
                "        if leaves_raw <= room_raw:\n",
                "        net_raw = exposure.net_raw(instrument_id)\n"
                "        if net_raw == 0 or (net_raw < 0) is (side is BUY):\n",
            ),
        ),
        property="RSK-2",
        observed=(
            "REDUCING compares directions only in NautilusTrader: an oversized order may flip the "
            "position, and from flat both directions pass."
        ),
        release=READ,
    ),
    Bug(
        id="rate-limits-a-whole-interval",
        sentence="Once the rate is exceeded, everything is refused for a whole interval.",
        module="engine.risk.throttler",
        changes=(
            (
                '"dropped_count", "passed_count")\n',
                '"dropped_count", "passed_count", "until_ns")\n',
            ),
            (
                "        self.passed_count = 0\n        self.dropped_count = 0\n",
                "        self.passed_count = 0\n"
                "        self.dropped_count = 0\n"
                "        self.until_ns = 0\n",
            ),
            (
                "        if len(passed_ns) == self._limit and now_ns - passed_ns[0] < self._interval_ns:\n",
                "        if now_ns < self.until_ns:\n"
                "            self.dropped_count += 1\n"
                "            return False\n"
                "        if len(passed_ns) == self._limit and now_ns - passed_ns[0] < self._interval_ns:\n"
                "            self.until_ns = now_ns + self._interval_ns\n",
            ),
        ),
        property="RSK-3",
        observed=(
            "A throttler of NautilusTrader that has begun to limit drops everything until its "
            "re-arm alert."
        ),
        release=READ,
    ),
    Bug(
        id="margin-accounts-unlimited",
        sentence="The limits on the notional of an order are not kept for margin accounts.",
        module="engine.risk.engine",
        changes=(
            (
                "        if finding is not None or order.reduce_only:\n            return finding, None\n",
                "        if account.account_type is _MARGIN:\n"
                "            finding = None\n"
                "        if finding is not None or order.reduce_only:\n            return finding, None\n",
            ),
        ),
        property="RSK-1",
        scenario="perpetual",
        observed=(
            "The Python risk engine of NautilusTrader returns early for margin accounts: their "
            "orders meet no limit of notional."
        ),
        release=READ,
    ),
    Bug(
        id="refused-counts-against-rate",
        sentence="What the rate limit turns back counts against the rate itself.",
        module="engine.risk.throttler",
        changes=(
            (
                "            self.dropped_count += 1\n            return False\n",
                "            self.dropped_count += 1\n"
                "            passed_ns.append(now_ns)\n"
                "            return False\n",
            ),
        ),
        property="RSK-3",
    ),
    Bug(
        id="reducing-opens-from-flat",
        sentence="REDUCING lets anything pass while nothing is held.",
        module="engine.risk.engine",
        changes=(
            (
                "        if leaves_raw <= room_raw:\n            return None\n        code = _D",
                "        if leaves_raw <= room_raw or (\n"
                "            state is not _HALTED and not exposure.net_raw(instrument_id)\n"
                "        ):\n"
                "            return None\n"
                "        code = _D",
            ),
        ),
        property="RSK-2",
        scenario="instruments",
        observed=(
            "In REDUCING a flat NautilusTrader lets orders of both sides pass, for it is neither "
            "net long nor net short."
        ),
        release=READ,
    ),
)
