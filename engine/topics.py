"""Every topic and endpoint name of the kernel, in one place and one shape.

A topic is dotted text, from the general to the particular. Symbols may hold dots (nobody splits
a topic) but never `*` or `?`: identifiers refuse them, so a topic is never a pattern.

These functions build text. A component on the hot path keeps the result.
"""

from typing import Final

from engine.model.bars import BarType
from engine.model.data_type import DataType
from engine.model.identifiers import AccountId, ComponentId, InstrumentId, StrategyId

# Endpoints: one handler each.
DATA_EXECUTE: Final = "DataEngine.execute"
RISK_EXECUTE: Final = "RiskEngine.execute"
EXEC_EXECUTE: Final = "ExecEngine.execute"
EXEC_PROCESS: Final = "ExecEngine.process"

# Topics without a parameter.
REFUSED: Final = "events.refused"
ALERT: Final = "events.alert"
RISK: Final = "events.risk"

# Patterns that oracles and engines subscribe to.
ALL_ORDER_EVENTS: Final = "events.order.*"
ALL_POSITION_EVENTS: Final = "events.position.*"


def instrument(instrument_id: InstrumentId) -> str:
    return f"data.instrument.{instrument_id.venue}.{instrument_id.symbol}"


def quotes(instrument_id: InstrumentId) -> str:
    return f"data.quotes.{instrument_id.venue}.{instrument_id.symbol}"


def trades(instrument_id: InstrumentId) -> str:
    return f"data.trades.{instrument_id.venue}.{instrument_id.symbol}"


def deltas(instrument_id: InstrumentId) -> str:
    return f"data.book.deltas.{instrument_id.venue}.{instrument_id.symbol}"


def mbo_deltas(instrument_id: InstrumentId) -> str:
    return f"data.book.mbo.{instrument_id.venue}.{instrument_id.symbol}"


def depth10(instrument_id: InstrumentId) -> str:
    return f"data.book.depth.{instrument_id.venue}.{instrument_id.symbol}"


def book_snapshots(instrument_id: InstrumentId, interval_ms: int) -> str:
    return f"data.book.snapshots.{instrument_id.venue}.{instrument_id.symbol}.{interval_ms}"


def mark_prices(instrument_id: InstrumentId) -> str:
    return f"data.mark_prices.{instrument_id.venue}.{instrument_id.symbol}"


def index_prices(instrument_id: InstrumentId) -> str:
    return f"data.index_prices.{instrument_id.venue}.{instrument_id.symbol}"


def funding_rates(instrument_id: InstrumentId) -> str:
    return f"data.funding_rates.{instrument_id.venue}.{instrument_id.symbol}"


def status(instrument_id: InstrumentId) -> str:
    return f"data.status.{instrument_id.venue}.{instrument_id.symbol}"


def close(instrument_id: InstrumentId) -> str:
    return f"data.close.{instrument_id.venue}.{instrument_id.symbol}"


def bars(bar_type: BarType) -> str:
    return f"data.bars.{bar_type}"


def custom(data_type: DataType) -> str:
    """Under a word of its own: a user's type named `quotes` is not the market's."""
    return f"data.custom.{data_type}"


def order_events(strategy_id: StrategyId) -> str:
    return f"events.order.{strategy_id}"


def fills(instrument_id: InstrumentId) -> str:
    return f"events.fills.{instrument_id}"


def positions(strategy_id: StrategyId) -> str:
    return f"events.position.{strategy_id}"


def account(account_id: AccountId) -> str:
    return f"events.account.{account_id}"


def system(component_id: ComponentId) -> str:
    return f"events.system.{component_id}"
