"""Which code is mutated: what moves orders, money and messages."""

from typing import Final

# Every function of these is drawn from. What only carries or reads (messages, views, settings) is
# not here: a mistake in it is one of those who use it.
SUBJECTS: Final = {
    "transitions": (
        "engine.model.order_table",
        "engine.model.orders",
        "engine.lifecycle",
        "engine.session",
        "simulation.client_session",
    ),
    "folds": (
        "engine.model.positions",
        "engine.execution.application",
        "engine.execution.desk",
        "engine.execution.engine",
        "engine.execution.headers",
        "engine.execution.incoming",
        "engine.execution.outgoing",
        "engine.execution.pictures",
        "engine.execution.position_ids",
        "engine.execution.reconciliation",
        "engine.execution.unresolved",
    ),
    "accounting": (
        "engine.model.accounts",
        "engine.model.balances",
        "engine.model.cost",
        "engine.execution.balances",
        "engine.portfolio",
    ),
    "bus and cache": (
        "engine.bus",
        "engine.cache",
        "engine.kernel",
    ),
}
MODULES: Final = tuple(module for modules in SUBJECTS.values() for module in modules)
