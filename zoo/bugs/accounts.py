"""Money that does not add up, or is locked for nothing."""

from typing import Final

from zoo.bug import RAN, Bug

BUGS: Final = (
    Bug(
        id="free-cut-to-cents",
        sentence="What is free is cut to two digits; total and locked are not.",
        module="engine.model.balances",
        changes=(
            (
                "        self.free_raw = free_raw\n",
                "        self.free_raw = free_raw // 10**14 * 10**14\n",
            ),
        ),
        property="ACC-1",
    ),
    Bug(
        id="locks-full-quantity",
        sentence="A partly filled order locks what it was ordered for, not what is left of it.",
        module="engine.model.accounts",
        changes=(
            (
                "            instrument.notional_raw(order.leaves_raw, _price_raw(order)),\n",
                "            instrument.notional_raw(order.quantity_raw, _price_raw(order)),\n",
            ),
            (
                "    return base, _on_grid(order.leaves_raw, base)\n",
                "    return base, _on_grid(order.quantity_raw, base)\n",
            ),
        ),
        property="ACC-2",
        observed=(
            "A partly filled order locks its full original quantity in NautilusTrader until it "
            "is closed."
        ),
        release=RAN,
    ),
    Bug(
        id="sell-locks-quote",
        sentence="A sell order of a cash account locks its quantity in the quote currency.",
        module="engine.model.accounts",
        changes=(
            (
                "    return base, _on_grid(order.leaves_raw, base)\n",
                "    base = instrument.cost_currency\n"
                "    return base, _on_grid(order.leaves_raw, base)\n",
            ),
        ),
        property="ACC-2",
        observed=(
            "A sell order of ten shares locks ten dollars of a cash account of NautilusTrader."
        ),
        release=RAN,
    ),
    Bug(
        id="late-fill-keeps-lock",
        sentence="A fill heard of more than a second late leaves what its order locks as it was.",
        module="engine.portfolio",
        changes=(
            (
                "        account.apply_order(order, instrument)\n        if not account.settle():\n",
                "        if event.ts_init - event.ts_event < 1_000_000_000:\n"
                "            account.apply_order(order, instrument)\n"
                "        if not account.settle():\n",
            ),
        ),
        property="ACC-2",
    ),
    Bug(
        id="late-fill-leaves-free",
        sentence="A fill heard of more than a second late leaves what is free as it was.",
        module="engine.portfolio",
        changes=(
            (
                "        account.apply_order(order, instrument)\n        if not account.settle():\n",
                "        account.apply_order(order, instrument)\n"
                "        before = dict(account.balances)\n"
                "        moved = account.settle()\n"
                "        if isinstance(event, OrderFilled):\n"
                "            if event.ts_init - event.ts_event > 1_000_000_000:\n"
                "                for code, balance in before.items():\n"
                "                    made = account.balances[code]\n"
                '                    object.__setattr__(made, "free_raw", balance.free_raw)\n'
                "        if not moved:\n",
            ),
        ),
        property="ACC-1",
    ),
)
