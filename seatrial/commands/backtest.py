"""`seatrial backtest`: a strategy over recorded data."""

import inspect
import traceback
import typing
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Final

import msgspec
from rich.console import Console
from rich.table import Table

from engine.journal.log_file import LogJournal, LogWriter
from engine.kernel import KernelFault
from engine.model.data import QuoteTick, TradeTick
from engine.model.enums import AccountType
from engine.model.events import OrderFilled
from engine.model.identifiers import InstrumentId
from engine.model.instruments import AnyInstrument, CurrencyPair, Equity
from engine.model.orders import Order
from engine.model.positions import Position
from engine.model.values import Price
from engine.risk.config import RiskEngineConfig
from engine.strategy import Strategy, StrategyConfig
from seatrial.commands import UsageError
from seatrial.commands.check_log import log_header
from seatrial.commands.files import check_writable
from simulation.backtest import Backtest, Result
from simulation.market.fields import RecordingError
from simulation.market.readers import pair_in_name
from simulation.market.recorded import RecordedMarket
from simulation.market.rows import Kind
from simulation.market.ticks import Datum, recorded_data
from simulation.scenario import Venue, load_name, place_of

VENUE: Final = "SIM"  # where --instrument does not say
_SHOWN: Final = 6  # rows at either end of a table that is too long to print


def backtest(
    console: Console,
    *,
    quotes: Path | None,
    trades: Path | None,
    depth: Path | None,
    instrument: str,
    strategy: str,
    json: Path | None,
    log: Path | None = None,
) -> int:
    """Run a strategy over recordings of one instrument on a generously funded account: cash for
    pairs and shares, margin for everything else.

    Returns:
        0, or 1 when the strategy raised.
    Raises:
        UsageError, RecordingError, ScenarioError: wrong usage; nothing was run or written.
    """
    given = {Kind.QUOTES: quotes, Kind.TRADES: trades, Kind.DEPTH: depth}
    files = [path for path in given.values() if path is not None]
    if not files:
        raise UsageError("backtest needs data: give --quotes FILE, --trades FILE or --depth FILE")
    check_writable(json, "--json")
    check_writable(log, "--log")
    market = RecordedMarket.read(files)
    wanted = [kind for kind, path in given.items() if path is not None]
    for kind, recording in zip(wanted, market.recordings, strict=True):
        if recording.kind is not kind:
            raise UsageError(
                f"--{kind} {recording.file}: holds {recording.kind}, by its first line"
            )
    listed = _listed(instrument, market, files)
    trader = _strategy(strategy, listed.id)
    data = recorded_data(market, listed.id)
    paid_in_full = isinstance(listed, CurrencyPair | Equity)
    account = AccountType.CASH if paid_in_full else AccountType.MARGIN
    venue = Venue(str(listed.id.venue), [listed], account=account)
    try:
        if log is None:
            result = Backtest(venue, [trader]).run(data)
        else:
            result = _logged(venue, trader, data, log, f"backtest of {strategy}")
    except KernelFault as fault:
        console.print(
            f"{strategy}: VIOLATION(KRN-1) {fault.component_id or 'kernel'}: "
            f"{type(fault.cause).__name__} while handling {fault.input_type}",
            markup=False,
            style="red",
        )
        console.print("".join(traceback.format_exception(fault.cause)).rstrip(), markup=False)
        return 1
    report = _report(strategy, result, data)
    _print_report(console, report)
    if json is not None:
        json.write_bytes(msgspec.json.format(msgspec.json.encode(report), indent=1) + b"\n")
    return 0


def _logged(
    venue: Venue, trader: Strategy, data: Sequence[Datum], log: Path, session: str
) -> Result:
    """The same with every turn written to a log; one that faulted is its last."""
    with LogWriter(log, log_header("journal", session, RiskEngineConfig())) as writer:
        return Backtest(venue, [trader], journal=LogJournal(writer)).run(data)


# --- what is asked for ------------------------------------------------------------------------


def _listed(text: str, market: RecordedMarket, files: Sequence[Path]) -> AnyInstrument:
    """A spot pair as fine as the recording, or whatever MODULE:FUNCTION makes."""
    if ":" not in text:
        try:
            return market.instrument_named(_instrument_id(text, files))
        except ValueError as error:
            raise UsageError(str(error)) from None
    make = load_name(text, "--instrument")
    try:
        made = make()
    except Exception as error:
        raise UsageError(
            f"--instrument {text}: it raised {type(error).__name__}: {error} ({place_of(error)})"
        ) from error
    if not isinstance(made, AnyInstrument):
        raise UsageError(
            f"--instrument {text}: makes {type(made).__name__}, which is no instrument"
        )
    recorded = (market.price_precision, market.size_precision)
    if (made.price_precision, made.size_precision) != recorded:
        raise UsageError(
            f"--instrument {text}: has {made.price_precision} decimals of price and "
            f"{made.size_precision} of size, the recording {recorded[0]} and {recorded[1]}"
        )
    return made


def _instrument_id(text: str, files: Sequence[Path]) -> InstrumentId:
    """As asked for; else by the first file name that holds two known currency codes."""
    if text:
        symbol, _, venue = text.rpartition(".")
        base, slash, quote = symbol.partition("/")
        if not (base and slash and quote and venue):
            raise UsageError(
                f"--instrument {text}: write BASE/QUOTE.VENUE, as in BTC/USDT.SIM, or "
                "MODULE:FUNCTION, which makes an instrument"
            )
        try:
            return InstrumentId(text)
        except ValueError as error:
            raise UsageError(f"--instrument {text}: {error}") from None
    for path in files:
        try:
            base, quote = pair_in_name(path)
        except RecordingError:
            continue
        return InstrumentId(f"{base}/{quote}.{VENUE}")
    raise UsageError(
        f"{files[0]}: the file name holds no pair of known currencies; "
        "give --instrument BASE/QUOTE.VENUE"
    )


def _strategy(path: str, instrument_id: InstrumentId) -> Strategy:
    """The strategy at MODULE:CLASS, built from nothing, from the instrument id, or from its
    configuration class with the instrument id in it."""
    make = load_name(path, "--strategy")
    try:
        made = make(*_arguments(make, instrument_id))
    except Exception as error:
        raise UsageError(
            f"--strategy {path}: building it raised {type(error).__name__}: {error} "
            f"({place_of(error)})"
        ) from error
    if not isinstance(made, Strategy):
        raise UsageError(f"--strategy {path}: makes {type(made).__name__}, which is no Strategy")
    return made


def _arguments(make: Callable[..., object], instrument_id: InstrumentId) -> list[object]:
    needed = [
        parameter
        for parameter in inspect.signature(make).parameters.values()
        if parameter.default is parameter.empty
        and parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD)
    ]
    if not needed:
        return []
    # of a class, what takes the arguments is its __init__
    signed: object = getattr(make, "__init__") if isinstance(make, type) else make  # noqa: B009
    wanted = typing.get_type_hints(signed).get(needed[0].name)
    if isinstance(wanted, type) and issubclass(wanted, StrategyConfig):
        config: Callable[..., StrategyConfig] = wanted
        return [config(instrument_id=instrument_id)]
    return [instrument_id]


# --- what came of it --------------------------------------------------------------------------


class OrderLine(msgspec.Struct, frozen=True):
    id: str
    side: str
    type: str
    quantity: str
    price: str
    filled: str
    average: str
    status: str
    time: str


class FillLine(msgspec.Struct, frozen=True):
    time: str
    order: str
    side: str
    quantity: str
    price: str
    commission: str
    liquidity: str


class PositionLine(msgspec.Struct, frozen=True):
    """`open` is the average price of opening; `realized` is of all cycles from flat to flat,
    `unrealized` at the last price of the data."""

    id: str
    side: str
    quantity: str
    open: str
    realized: str
    unrealized: str
    cycles: int


class BalanceLine(msgspec.Struct, frozen=True):
    currency: str
    total: str
    locked: str
    free: str


class Report(msgspec.Struct, frozen=True):
    """One backtest as plain text and numbers; what --json writes."""

    strategy: str
    instrument: str
    orders: list[OrderLine]
    fills: list[FillLine]
    positions: list[PositionLine]
    account: list[BalanceLine]
    counts: dict[str, int]


def _report(strategy: str, result: Result, data: Sequence[Datum]) -> Report:
    fills = sorted(
        (event for order in result.orders for event in order.events if type(event) is OrderFilled),
        key=lambda fill: (fill.ts_event, fill.client_order_id),
    )
    price = next(filter(None, map(_price_of, reversed(data))), None)
    accounts = result.kernel.cache.accounts()
    orders = sorted(result.orders, key=lambda order: (order.ts_init, order.client_order_id))
    return Report(
        strategy,
        str(data[-1].instrument_id),
        [_order_line(order) for order in orders],
        [_fill_line(fill) for fill in fills],
        [_position_line(position, price) for position in result.positions],
        [
            BalanceLine(code, str(balance.total), str(balance.locked), str(balance.free))
            for account in accounts
            for code, balance in sorted(account.balances.items())
        ],
        {
            "data": result.data,
            "turns": result.turns,
            "orders": len(orders),
            "fills": len(fills),
            "positions": len(result.positions),
        },
    )


def _price_of(datum: Datum) -> Price | None:
    if isinstance(datum, QuoteTick):
        return datum.bid_price
    return datum.price if isinstance(datum, TradeTick) else None


def _order_line(order: Order) -> OrderLine:
    return OrderLine(
        str(order.client_order_id),
        order.side.name,
        order.order_type.name,
        str(order.quantity),
        "" if order.price is None else str(order.price),
        str(order.filled_qty),
        "" if order.avg_px is None else _plain(order.avg_px),
        order.status.name,
        _time(order.ts_init),
    )


def _fill_line(fill: OrderFilled) -> FillLine:
    return FillLine(
        _time(fill.ts_event),
        str(fill.client_order_id),
        fill.side.name,
        str(fill.last_qty),
        str(fill.last_px),
        str(fill.commission),
        fill.liquidity_side.name,
    )


def _position_line(position: Position, price: Price | None) -> PositionLine:
    realized = position.realized_pnl
    for cycle in position.cycles:
        realized += cycle.realized_pnl
    return PositionLine(
        str(position.id),
        position.side.name,
        str(position.quantity),
        _plain(position.avg_px_open) if position.is_open else "",
        str(realized),
        str(position.unrealized_pnl(price)) if position.is_open and price is not None else "",
        len(position.cycles) + 1,
    )


def _plain(average: Decimal) -> str:
    text = f"{average:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _time(ns: int) -> str:
    seconds, rest = divmod(ns, 1_000_000_000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S}.{rest:09d}"


def _print_report(console: Console, report: Report) -> None:
    counts = report.counts
    console.print(
        f"{report.strategy} on {report.instrument}: {counts['data']} data, "
        f"{counts['turns']} turns, {counts['orders']} orders, {counts['fills']} fills",
        markup=False,
    )
    _print_table(console, "orders", OrderLine, report.orders)
    _print_table(console, "fills", FillLine, report.fills)
    _print_table(console, "position", PositionLine, report.positions)
    _print_table(console, "account", BalanceLine, report.account)


def _print_table(
    console: Console, title: str, kind: type[msgspec.Struct], rows: Sequence[msgspec.Struct]
) -> None:
    columns = kind.__struct_fields__
    table = Table(*columns, title=title, title_justify="left", box=None, pad_edge=False)
    hidden = len(rows) - 2 * _SHOWN
    for index, row in enumerate(rows):
        if hidden > 1 and index == _SHOWN:
            table.add_row(f"... {hidden} more", *[""] * (len(columns) - 1))
        if hidden <= 1 or not _SHOWN <= index < len(rows) - _SHOWN:
            table.add_row(*[str(getattr(row, column)) for column in columns])
    console.print(table)
    if not rows:
        console.print("none")
