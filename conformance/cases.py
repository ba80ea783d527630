"""The published conformance cases, as data: D01..D31 of the data side, E01..E44 of execution.

A case says what it needs, how the tester is set (`parameters`, by the names of `DataTesterConfig`
and `ExecTesterConfig`), how the market moves meanwhile, and what must be seen. Nothing here runs.

`sequences` is one pattern per order, in the order they were made, over these symbols:

    I initialized  D denied  S submitted  A accepted  R rejected  T triggered
    PU PX pending update, cancel  U updated  MR CR modify, cancel rejected
    X canceled  E expired  F filled whole  PF filled in part

`*`, `+`, `?`, `|` and brackets mean what they mean in a regular expression. `checks` are names
of `conformance.checks`, where each is a sentence with its check. The global oracles are judged
in every case and are not listed.
"""

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Final

import msgspec

from conformance.capabilities import Capability as C
from engine.model.enums import OrderType, TimeInForce


class Side(StrEnum):
    """Which of the two testers runs the case."""

    DATA = "data"
    EXECUTION = "execution"


class Move(msgspec.Struct, frozen=True):
    """The whole market moves by `ticks`, once everything the tester has asked for has rested
    for a second."""

    ticks: int


Value = bool | int | str | TimeInForce | OrderType


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One case.

    Attributes:
        needs: capabilities without which it is skipped.
        unless: capabilities with which it is skipped.
        parameters: of the tester, beside the instrument and the lot.
        moves: of the market, in order.
        sequences: what each order goes through up to the judgement.
        on_stop: judged when the tester has been stopped, else while it runs and all is quiet.
        active_s: how long the tester has for it.
        start: "" at any time; "day_end": shortly before 00:00 UTC.
        amendments: how often the venue amends the instrument's definition, a second apart.
        strikes: faults that the `faults` level adds for certain: "ANSWER_LOST" the answer to the
            first submit or request for data, "RESET" every stream once, "STALE_SNAPSHOT" the book picture after it.
        allows_refusals: the tester provokes refusals.
    """

    id: str
    title: str
    side: Side
    needs: tuple[C, ...] = ()
    unless: tuple[C, ...] = ()
    parameters: Mapping[str, Value] = {}
    moves: tuple[Move, ...] = ()
    sequences: tuple[str, ...] = ()
    checks: tuple[str, ...] = ()
    on_stop: bool = False
    active_s: int = 6
    start: str = ""
    strikes: tuple[str, ...] = ("RESET",)
    allows_refusals: bool = False
    amendments: int = 0


def matches(pattern: str, symbols: tuple[str, ...]) -> bool:
    """Whether an order's symbols, in order, are what the pattern says."""
    expression = re.sub(r"[A-Z]+", r"(?:\g<0>;)", pattern).replace(" ", "")
    return re.fullmatch(expression, "".join(f"{symbol};" for symbol in symbols)) is not None


IOC, FOK = TimeInForce.IOC, TimeInForce.FOK
STOP_LIMIT: Final = OrderType.STOP_LIMIT
SWEEP: Final = 12  # lots: more than any one level shows, less than all together

TRADED: Final = "I S A? PF* F"
RESTING: Final = "I S A"
CANCELED: Final = "I S A PX X"


def _data(
    id: str,  # noqa: A002
    title: str,
    *needs: C,
    checks: tuple[str, ...] = (),
    strikes: tuple[str, ...] = ("RESET",),
    amendments: int = 0,
    **parameters: Value,
) -> Case:
    return Case(
        id=id,
        title=title,
        side=Side.DATA,
        needs=needs,
        parameters=parameters,
        checks=checks,
        strikes=strikes,
        amendments=amendments,
    )


_BOOK_STRIKES: Final = ("RESET", "STALE_SNAPSHOT")
_REQUEST_STRIKES: Final = ("RESET", "ANSWER_LOST")

DATA_CASES: Final = (
    _data("TC-D01", "All instruments of the venue at start", checks=("instruments",)),
    _data(
        "TC-D02",
        "Instrument updates",
        C.INSTRUMENT_SUB,
        checks=("instrument_updates",),
        amendments=2,
        subscribe_instrument=True,
    ),
    _data(
        "TC-D03",
        "One instrument by its id; an unknown id leaves nothing",
        checks=("one_instrument",),
        unknown_symbol="NOSUCH",
    ),
    _data(
        "TC-D10",
        "Book changes: a picture, then every change after it",
        C.BOOK,
        checks=("deltas",),
        strikes=_BOOK_STRIKES,
        subscribe_book_deltas=True,
    ),
    _data(
        "TC-D11",
        "The book at an interval",
        C.BOOK,
        checks=("interval_books",),
        strikes=_BOOK_STRIKES,
        subscribe_book_at_interval=True,
    ),
    _data(
        "TC-D12",
        "Depth of ten levels",
        C.BOOK_DEPTH,
        checks=("depth_images",),
        subscribe_book_depth=True,
    ),
    _data(
        "TC-D13",
        "Request of a book snapshot",
        C.BOOK_SNAPSHOT,
        checks=("answered_once", "snapshots"),
        strikes=_REQUEST_STRIKES,
        request_book_snapshot=True,
    ),
    _data(
        "TC-D14",
        "The managed book",
        C.BOOK,
        checks=("managed_book", "deltas"),
        strikes=_BOOK_STRIKES,
        subscribe_book_deltas=True,
        manage_book=True,
    ),
    _data(
        "TC-D15",
        "Request of past book changes",
        C.BOOK_HIST,
        checks=("answered_once", "past_book_changes"),
        strikes=_REQUEST_STRIKES,
        request_book_deltas=True,
    ),
    _data("TC-D20", "Quotes", checks=("quotes",), subscribe_quotes=True),
    _data(
        "TC-D21",
        "Request of past quotes",
        C.QUOTE_HIST,
        checks=("answered_once", "past_quotes"),
        strikes=_REQUEST_STRIKES,
        request_quotes=True,
    ),
    _data("TC-D30", "Trades", checks=("trades",), subscribe_trades=True),
    _data(
        "TC-D31",
        "Request of past trades",
        C.TRADE_HIST,
        checks=("answered_once", "past_trades"),
        strikes=_REQUEST_STRIKES,
        request_trades=True,
    ),
)


def _exec(
    id: str,  # noqa: A002
    title: str,
    *needs: C,
    sequences: tuple[str, ...],
    checks: tuple[str, ...] = (),
    unless: tuple[C, ...] = (),
    moves: tuple[int, ...] = (),
    on_stop: bool = False,
    active_s: int = 6,
    start: str = "",
    strikes: tuple[str, ...] = ("RESET", "ANSWER_LOST"),
    allows_refusals: bool = False,
    **parameters: Value,
) -> Case:
    return Case(
        id=id,
        title=title,
        side=Side.EXECUTION,
        needs=needs,
        unless=unless,
        parameters=parameters,
        moves=tuple(Move(ticks) for ticks in moves),
        sequences=sequences,
        checks=("ledger_terms", *checks),
        on_stop=on_stop,
        active_s=active_s,
        start=start,
        strikes=strikes,
        allows_refusals=allows_refusals,
    )


_MARKET_CASES: Final = (
    _exec(
        "TC-E01",
        "Market BUY opens a long position",
        C.MARKET,
        sequences=(TRADED,),
        checks=("entry_position", "average_price", "account_follows_fill"),
        open_position_on_start_lots=SWEEP,
    ),
    _exec(
        "TC-E02",
        "Market SELL opens a short position",
        C.MARKET,
        C.SHORT,
        sequences=(TRADED,),
        checks=("entry_position", "average_price", "account_follows_fill"),
        open_position_on_start_lots=-SWEEP,
    ),
    _exec(
        "TC-E03",
        "Market IOC",
        C.MARKET,
        C.IOC,
        sequences=(TRADED,),
        checks=("entry_position",),
        open_position_on_start_lots=2,
        open_position_time_in_force=IOC,
    ),
    _exec(
        "TC-E04",
        "Market FOK fills whole, at one instant",
        C.MARKET,
        C.FOK,
        sequences=(TRADED,),
        checks=("entry_position", "one_execution_group"),
        open_position_on_start_lots=SWEEP,
        open_position_time_in_force=FOK,
    ),
    _exec(
        "TC-E05",
        "Market order in quote quantity",
        C.MARKET,
        C.QUOTE_QTY,
        sequences=("I S U A? PF* F",),
        checks=("bought_for_the_amount",),
        open_position_on_start_lots=SWEEP,
        use_quote_quantity=True,
    ),
    _exec(
        "TC-E06",
        "Stop closes the position",
        C.MARKET,
        sequences=(TRADED, TRADED),
        checks=("flat_after_close",),
        on_stop=True,
        open_position_on_start_lots=2,
        close_positions_on_stop=True,
    ),
)

_LIMIT_CASES: Final = (
    _exec(
        "TC-E10",
        "Limit BUY below the bid rests",
        sequences=(RESTING,),
        checks=("prices_at_offset", "open_at_both"),
        enable_limit_buys=True,
    ),
    _exec(
        "TC-E11",
        "Limit SELL above the ask rests",
        sequences=(RESTING,),
        checks=("prices_at_offset", "open_at_both"),
        enable_limit_sells=True,
    ),
    _exec(
        "TC-E12",
        "Limit BUY and SELL rest together",
        sequences=(RESTING, RESTING),
        checks=("prices_at_offset", "open_at_both"),
        enable_limit_buys=True,
        enable_limit_sells=True,
    ),
    _exec(
        "TC-E13",
        "Aggressive limit IOC takes what is there",
        C.IOC,
        sequences=("I S A? PF* (F|PF X)",),
        checks=("took_something", "ioc_remainder"),
        enable_limit_buys=True,
        order_lots=SWEEP,
        limit_aggressive_ticks=2,
        limit_time_in_force=IOC,
    ),
    _exec(
        "TC-E14",
        "Passive limit IOC is canceled, not expired",
        C.IOC,
        sequences=("I S A X",),
        checks=("no_fill", "ioc_remainder"),
        enable_limit_buys=True,
        limit_time_in_force=IOC,
    ),
    _exec(
        "TC-E15",
        "Aggressive limit FOK fills at once",
        C.FOK,
        sequences=("I S A? F",),
        enable_limit_sells=True,
        limit_aggressive_ticks=2,
        limit_time_in_force=FOK,
    ),
    _exec(
        "TC-E16",
        "Passive limit FOK is canceled",
        C.FOK,
        sequences=("I S A X",),
        checks=("no_fill",),
        enable_limit_sells=True,
        limit_time_in_force=FOK,
    ),
    _exec(
        "TC-E17",
        "Limit GTD rests with its expiry",
        C.GTD,
        sequences=(RESTING,),
        checks=("open_at_both",),
        enable_limit_buys=True,
        limit_time_in_force=TimeInForce.GTD,
        order_expire_time_delta_s=3600,
    ),
    _exec(
        "TC-E18",
        "Limit GTD expires, and is said to have expired",
        C.GTD,
        sequences=("I S A E",),
        checks=("expires_in_time", "no_fill"),
        active_s=9,
        enable_limit_buys=True,
        limit_time_in_force=TimeInForce.GTD,
        order_expire_time_delta_s=4,
    ),
    _exec(
        "TC-E19",
        "Limit DAY ends with the session",
        C.DAY,
        sequences=("I S A (E|X)",),
        checks=("ends_with_the_day", "no_fill"),
        active_s=14,
        start="day_end",
        enable_limit_sells=True,
        limit_time_in_force=TimeInForce.DAY,
    ),
)

# One tick short of the trigger nothing may happen; the next tick triggers.
_TO_TRIGGER_UP: Final = (9, 1)
_TO_TRIGGER_DOWN: Final = (-9, -1)

_STOP_CASES: Final = (
    _exec(
        "TC-E20",
        "Stop-market BUY above the ask rests, then triggers",
        C.STOP_MARKET,
        sequences=(TRADED,),
        checks=("triggers_at_its_tick",),
        moves=_TO_TRIGGER_UP,
        enable_stop_buys=True,
    ),
    _exec(
        "TC-E21",
        "Stop-market SELL below the bid rests, then triggers",
        C.STOP_MARKET,
        sequences=(TRADED,),
        checks=("triggers_at_its_tick",),
        moves=_TO_TRIGGER_DOWN,
        enable_stop_sells=True,
    ),
    _exec(
        "TC-E22",
        "Stop-limit BUY above the ask rests, then triggers",
        C.STOP_LIMIT,
        sequences=("I S A T PF* F",),
        checks=("triggers_at_its_tick",),
        moves=_TO_TRIGGER_UP,
        enable_stop_buys=True,
        stop_order_type=STOP_LIMIT,
    ),
    _exec(
        "TC-E23",
        "Stop-limit SELL below the bid rests, then triggers",
        C.STOP_LIMIT,
        sequences=("I S A T PF* F",),
        checks=("triggers_at_its_tick",),
        moves=_TO_TRIGGER_DOWN,
        enable_stop_sells=True,
        stop_order_type=STOP_LIMIT,
    ),
    _exec(
        "TC-E24",
        "Market-if-touched BUY below the bid",
        C.MIT,
        sequences=(TRADED,),
        moves=_TO_TRIGGER_DOWN,
        enable_stop_buys=True,
        stop_order_type="MARKET_IF_TOUCHED",
    ),
    _exec(
        "TC-E25",
        "Market-if-touched SELL above the ask",
        C.MIT,
        sequences=(TRADED,),
        moves=_TO_TRIGGER_UP,
        enable_stop_sells=True,
        stop_order_type="MARKET_IF_TOUCHED",
    ),
    _exec(
        "TC-E26",
        "Limit-if-touched BUY below the bid",
        C.LIT,
        sequences=("I S A T PF* F",),
        moves=_TO_TRIGGER_DOWN,
        enable_stop_buys=True,
        stop_order_type="LIMIT_IF_TOUCHED",
    ),
    _exec(
        "TC-E27",
        "Limit-if-touched SELL above the ask",
        C.LIT,
        sequences=("I S A T PF* F",),
        moves=_TO_TRIGGER_UP,
        enable_stop_sells=True,
        stop_order_type="LIMIT_IF_TOUCHED",
    ),
)

# Buys follow the market up only, sells down only: so it moves that way.
_MODIFY_CASES: Final = (
    _exec(
        "TC-E30",
        "A limit BUY follows the market by amendment",
        C.MODIFY,
        sequences=("I S A PU U",),
        checks=("one_amend", "open_at_both"),
        moves=(20,),
        enable_limit_buys=True,
        modify_orders_to_maintain_tob_offset=True,
    ),
    _exec(
        "TC-E31",
        "A limit SELL follows the market by amendment",
        C.MODIFY,
        sequences=("I S A PU U",),
        checks=("one_amend", "open_at_both"),
        moves=(-20,),
        enable_limit_sells=True,
        modify_orders_to_maintain_tob_offset=True,
    ),
    _exec(
        "TC-E32",
        "A limit BUY follows the market by cancel and replace",
        sequences=(CANCELED, RESTING),
        checks=("never_two_live", "open_at_both"),
        moves=(20,),
        enable_limit_buys=True,
        cancel_replace_orders_to_maintain_tob_offset=True,
    ),
    _exec(
        "TC-E33",
        "A limit SELL follows the market by cancel and replace",
        sequences=(CANCELED, RESTING),
        checks=("never_two_live", "open_at_both"),
        moves=(-20,),
        enable_limit_sells=True,
        cancel_replace_orders_to_maintain_tob_offset=True,
    ),
    _exec(
        "TC-E34",
        "A stop follows the market by amendment",
        C.STOP_MARKET,
        C.MODIFY_STOP,
        sequences=("I S A PU U",),
        checks=("one_amend", "open_at_both"),
        moves=(-20,),
        enable_stop_buys=True,
        modify_stop_orders_to_maintain_offset=True,
    ),
    _exec(
        "TC-E35",
        "A stop follows the market by cancel and replace",
        C.STOP_MARKET,
        sequences=(CANCELED, RESTING),
        checks=("never_two_live", "open_at_both"),
        moves=(20,),
        enable_stop_sells=True,
        cancel_replace_stop_orders_to_maintain_offset=True,
    ),
    _exec(
        "TC-E36",
        "An amendment that the adapter cannot make is rejected",
        unless=(C.MODIFY,),
        sequences=("I S A (PU MR)+",),
        checks=("no_amend", "open_at_both"),
        moves=(20,),
        enable_limit_buys=True,
        modify_orders_to_maintain_tob_offset=True,
    ),
)

_CANCEL_CASES: Final = (
    _exec(
        "TC-E40",
        "Cancel of one resting limit",
        sequences=(CANCELED,),
        checks=("one_cancel_each", "nothing_open"),
        enable_limit_buys=True,
        cancel_after_s=2,
    ),
    _exec(
        "TC-E41",
        "Stop cancels every order",
        sequences=(CANCELED, CANCELED),
        checks=("nothing_open",),
        on_stop=True,
        enable_limit_buys=True,
        enable_limit_sells=True,
    ),
    _exec(
        "TC-E42",
        "Stop cancels every order, one request each",
        sequences=(CANCELED, CANCELED),
        checks=("nothing_open", "one_cancel_each"),
        on_stop=True,
        enable_limit_buys=True,
        enable_limit_sells=True,
        use_individual_cancels_on_stop=True,
    ),
    _exec(
        "TC-E43",
        "Stop cancels every order in one batch",
        C.BATCH_CANCEL,
        sequences=(CANCELED, CANCELED),
        checks=("nothing_open", "one_batch_of_all"),
        on_stop=True,
        enable_limit_buys=True,
        enable_limit_sells=True,
        use_batch_cancel_on_stop=True,
    ),
    _exec(
        "TC-E44",
        "Cancel of a canceled order changes nothing",
        sequences=("I S A PX X CR?",),
        checks=("second_cancel_is_answered", "one_cancel_each", "nothing_open"),
        allows_refusals=True,
        enable_limit_buys=True,
        cancel_after_s=1,
        cancel_again=True,
    ),
)

EXECUTION_CASES: Final = (
    *_MARKET_CASES,
    *_LIMIT_CASES,
    *_STOP_CASES,
    *_MODIFY_CASES,
    *_CANCEL_CASES,
)
CASES: Final[Mapping[str, Case]] = {case.id: case for case in (*DATA_CASES, *EXECUTION_CASES)}

if len(CASES) != len(DATA_CASES) + len(EXECUTION_CASES):
    raise ValueError("two cases share an id")
