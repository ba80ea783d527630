"""Kinds of instruments whose money goes another way, and what expires."""

from typing import Final

from zoo.bug import RAN, Bug

BUGS: Final = (
    Bug(
        id="quanto-labelled-quote",
        sentence="The profit and margin of a quanto are amounts of its quote currency.",
        module="engine.model.cost",
        scenario="instruments",
        changes=(
            (
                "        self.currency: Currency = instrument.cost_currency\n",
                "        self.currency: Currency = (\n"
                "            instrument.quote_currency"
                " if instrument.is_quanto else instrument.cost_currency\n"
                "        )\n",
            ),
        ),
        property="ACC-2",
        observed=(
            "A position of NautilusTrader labels the notional of a quanto with the quote "
            "currency, and so do the fee models."
        ),
    ),
    Bug(
        id="premium-not-paid",
        sentence="An option earns what closing it brings, and its premium is never paid.",
        module="engine.model.accounts",
        scenario="instruments",
        changes=(
            (
                "        if instrument.pays_premium:\n            premium_raw",
                "        if instrument.pays_premium and not fill.trade_id:\n            premium_raw",
            ),
        ),
        property="POS-3",
    ),
    Bug(
        id="settlement-half-applied",
        sentence="What expires is closed as a position, and the account never hears of it.",
        module="engine.execution.application",
        scenario="instruments",
        changes=(
            (
                "        state = self._portfolio.settle(event)\n",
                "        state = None\n",
            ),
        ),
        property="ACC-2",
        observed=(
            "At the expiry of a future NautilusTrader closes the position by a fill whose order "
            "stays INITIALIZED with nothing filled."
        ),
        release=RAN,
    ),
    Bug(
        id="settled-position-reopened",
        sentence="A fill that is heard of after the settlement opens a position that never ends.",
        module="engine.execution.application",
        scenario="instruments",
        changes=(
            (
                "        price = self._portfolio.settlement(fill.account_id, fill.instrument_id)\n",
                "        price = None\n",
            ),
        ),
        property="POS-1",
    ),
    Bug(
        id="settlement-heard-live-only",
        sentence="The client tells of a settlement only if it is connected when it happens.",
        module="simulation.client",
        scenario="instruments",
        changes=(("        if self._dated:\n", "        if self._dated and not self.venue:\n"),),
        property="POS-1",
    ),
)
