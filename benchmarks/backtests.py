"""Backtests through a strategy: quotes alone, quotes and orders, and many short runs."""

from benchmarks.market import (
    BookWatcher,
    NoopQuotes,
    OrderMaker,
    make_backtest,
    make_deltas,
    make_quotes,
)
from benchmarks.measure import Row, measure, row
from simulation.backtest import Backtest

_PLAIN = "trace and journal off"


def scaled(n: int, scale: float) -> int:
    return max(10, int(n * scale))


def backtest_quotes_noop(repeat: int, scale: float) -> list[Row]:
    """Quotes to a strategy that counts them."""
    n = scaled(100_000, scale)
    quotes = make_quotes(n)

    def setup() -> tuple[Backtest, NoopQuotes]:
        strategy = NoopQuotes()
        return make_backtest(strategy), strategy

    def body(made: tuple[Backtest, NoopQuotes]) -> int:
        made[0].run(quotes)
        return made[1].n

    timing = measure(repeat, setup, body)
    _expect("quotes", timing.result, n)
    return [row("backtest_quotes_noop", n, "quotes", timing, f"run only; {_PLAIN}")]


def backtest_orders(repeat: int, scale: float) -> list[Row]:
    """A margin account that nets: market orders to and fro, far limits placed and cancelled."""
    n = scaled(20_000, scale)
    quotes = make_quotes(n)
    counted: list[OrderMaker] = []

    def setup() -> tuple[Backtest, OrderMaker]:
        strategy = OrderMaker()
        counted[:] = [strategy]
        return make_backtest(strategy), strategy

    def body(made: tuple[Backtest, OrderMaker]) -> int:
        return len(made[0].run(quotes).orders)

    timing = measure(repeat, setup, body)
    orders, events = counted[0].orders, counted[0].events
    _expect("orders", timing.result, orders)
    what = f"margin account, positions net; {_PLAIN}"
    return [
        row("backtest_orders", orders, "orders", timing, what, quotes=n, events=events),
        row("backtest_orders_events", events, "order+position events", timing, what, quotes=n),
        row("backtest_orders_quotes", n, "quotes (with the orders)", timing, what),
    ]


def matching_l2(repeat: int, scale: float) -> list[Row]:
    """Changes of a book, each applied at the venue and in the kernel, to a strategy that counts."""
    n = scaled(50_000, scale)
    deltas = make_deltas(n)

    def setup() -> tuple[Backtest, BookWatcher]:
        strategy = BookWatcher()
        return make_backtest(strategy), strategy

    def body(made: tuple[Backtest, BookWatcher]) -> int:
        made[0].run(deltas)
        return made[1].n

    timing = measure(repeat, setup, body)
    _expect("deltas", timing.result, n)
    return [row("matching_l2", n, "deltas", timing, f"run only, book subscription; {_PLAIN}")]


def backtest_small_runs(repeat: int, scale: float) -> list[Row]:
    """The whole cost of one short run: quotes made, kernel and venue built, run, let go."""
    runs = max(5, int(40 * scale))
    quotes_each = 1_000

    def one() -> int:
        strategy = OrderMaker(40)
        make_backtest(strategy).run(make_quotes(quotes_each))
        return strategy.orders

    def body(_: None) -> int:
        orders = 0
        for _run in range(runs):
            orders = one()
        return orders

    timing = measure(repeat, lambda: None, body)
    return [
        row(
            "backtest_small_runs",
            runs,
            "runs",
            timing,
            f"from no data to the end of the run; {_PLAIN}",
            quotes_each=quotes_each,
            orders_each=timing.result,
        )
    ]


def _expect(what: str, got: int, wanted: int) -> None:
    if got != wanted:
        raise RuntimeError(f"{got} {what} where {wanted} were due: the figure would be wrong")
