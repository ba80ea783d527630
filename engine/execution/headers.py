"""The columns every event of an order starts with."""

from engine.context import Context
from engine.model.identifiers import ClientOrderId, InstrumentId, StrategyId, TraderId
from engine.model.orders import Order
from engine.model.reports import ExecutionReport

Header = tuple[TraderId, StrategyId, InstrumentId, ClientOrderId, str, int, int]


def venue_header(ctx: Context, order: Order, report: ExecutionReport) -> Header:
    """For an event of which the venue was the source.

    `ts_init` is now and not the report's: a report that was held back becomes an event when it
    is applied.
    """
    return (
        order.trader_id,
        order.strategy_id,
        order.instrument_id,
        order.client_order_id,
        ctx.new_id(),
        report.ts_event,
        ctx.clock.now_ns,
    )


def local_header(ctx: Context, order: Order) -> Header:
    """For an event of which the kernel is the source."""
    now_ns = ctx.clock.now_ns
    return (
        order.trader_id,
        order.strategy_id,
        order.instrument_id,
        order.client_order_id,
        ctx.new_id(),
        now_ns,
        now_ns,
    )
