"""The venue as a log heard it: what its reports and answers said, and nothing that they did not.

Where a run has the venue's own truth, a recorded session has only this. It is less: a trade that
nobody told of is not in it. But whatever the kernel holds to be so must have been said by somebody.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import msgspec

from engine.model.commands import SubmitOrder
from engine.model.enums import AnswerStatus
from engine.model.events import OrderInitialized, Refused
from engine.model.reports import (
    AcceptedReport,
    CanceledReport,
    ExecutionReport,
    ExpiredReport,
    FillReport,
    FillsAnswer,
    OpenOrdersAnswer,
    OrderAnswer,
    OrderStatusReport,
    RejectedReport,
    SettlementReport,
    TriggeredReport,
    UpdatedReport,
)
from engine.record import TurnRecord
from invariants.truth import (
    Queues,
    TrueFill,
    TrueOrder,
    TrueRequest,
    TrueSettlement,
    TrueStream,
    Truth,
)

HEARD: Final = "heard"  # its name where a venue has one
_ENDS: Final = ("REJECTED", "CANCELED", "EXPIRED", "FILLED")
_WORDS: Final[Mapping[type, str]] = {
    AcceptedReport: "ACCEPTED",
    TriggeredReport: "TRIGGERED",
    RejectedReport: "REJECTED",
    CanceledReport: "CANCELED",
    ExpiredReport: "EXPIRED",
}


def _was_refused(record: TurnRecord) -> bool:
    """Whether the kernel saw through the turn's report and refused it aloud. Whether it was right
    to is for who has the venue's own word."""
    return isinstance(record.input, ExecutionReport) and any(
        type(fact) is Refused for fact in record.facts
    )


class VenueHeard:
    """What all venues of one session said so far, to be asked as if it were a venue."""

    def __init__(self) -> None:
        self._orders: dict[str, TrueOrder] = {}  # of the orders that began in this session
        self._fills: dict[tuple[str, str], TrueFill] = {}  # by instrument and trade
        self._trades: dict[str, None] = {}
        self._names: dict[str, str] = {}  # ours, by the venue's, where a report told both
        self._requests: list[TrueRequest] = []
        self._settlements: dict[str, TrueSettlement] = {}
        self._ours: dict[str, OrderInitialized] = {}
        self._takes: dict[type, Callable[[Any], None]] = {
            **dict.fromkeys(_WORDS, self._word),
            UpdatedReport: self._updated,
            FillReport: self._fill,
            OrderStatusReport: self._status,
            OrderAnswer: self._order_answer,
            OpenOrdersAnswer: self._orders_answer,
            FillsAnswer: self._fills_answer,
            SettlementReport: self._settled,
        }

    def hear(self, record: TurnRecord) -> None:
        """Take what the turn began with, what orders it made and what it sent."""
        take = self._takes.get(type(record.input))
        if take is not None and not _was_refused(record):
            message = record.input
            if isinstance(message, ExecutionReport) and message.client_order_id is not None:
                self._names[message.venue_order_id or ""] = message.client_order_id
            take(message)
        for fact in record.facts:
            if type(fact) is OrderInitialized:
                self._ours[fact.client_order_id] = fact
        for command in record.commands:
            if type(command) is SubmitOrder:
                self._requests.append(
                    TrueRequest(
                        record.ts,
                        "SUBMIT",
                        command.command_id,
                        command.order.client_order_id,
                        acted=False,
                    )
                )

    # --- what a check may ask ----------------------------------------------------------------

    def truth(self) -> Truth:
        return Truth(
            venue=HEARD,
            account="",
            ts=0,
            orders=(),
            fills=tuple(self._fills.values()),
            balances=(),
            positions=(),
            subscriptions=(),
            books=(),
            requests=tuple(self._requests),
            settlements=tuple(self._settlements.values()),
        )

    def true_order(self, client_order_id: str) -> TrueOrder | None:
        return self._orders.get(client_order_id)

    def has_trade(self, trade_id: str) -> bool:
        return trade_id in self._trades

    def true_queues(self, instrument_id: str) -> tuple[Queues, Queues]:
        return (), ()

    def streams(self, after: int) -> Sequence[TrueStream]:
        return ()

    # --- reports -----------------------------------------------------------------------------

    def _word(self, report: ExecutionReport) -> None:
        self._say(report, _WORDS[type(report)])

    def _say(self, report: ExecutionReport, status: str) -> TrueOrder | None:
        name = report.client_order_id
        if name is None:
            return None
        known = self._orders.get(name)
        if known is None:
            known = self._first(name, report)
        elif known.status in _ENDS and status not in _ENDS:
            return known  # an older word, or one that overtook it
        told = msgspec.structs.replace(known, status=status)
        self._orders[name] = told
        return told

    def _first(self, name: str, report: ExecutionReport) -> TrueOrder:
        made = self._ours.get(name)
        return TrueOrder(
            client_order_id=name,
            venue_order_id=report.venue_order_id or "",
            instrument_id=report.instrument_id,
            side="" if made is None else made.side.name,
            status="ACCEPTED",
            quantity_raw=0 if made is None else made.quantity.raw,
            filled_raw=0,
            price_raw=None if made is None or made.price is None else made.price.raw,
            trigger_price_raw=None,
        )

    def _updated(self, report: UpdatedReport) -> None:
        name = report.client_order_id
        if name is not None and name not in self._orders:
            self._orders[name] = self._first(name, report)

    def _status(self, report: OrderStatusReport) -> None:
        self._say(report, report.status.name)

    def _fill(self, report: FillReport) -> None:
        self._trades[report.trade_id] = None
        name = report.client_order_id or self._names.get(report.venue_order_id or "")
        if name is None or name not in self._ours:
            return  # of an order that is not of this session
        self._fills[report.instrument_id, report.trade_id] = TrueFill(
            trade_id=report.trade_id,
            client_order_id=name,
            venue_order_id=report.venue_order_id or "",
            instrument_id=report.instrument_id,
            side=report.side.name,
            quantity_raw=report.last_qty.raw,
            price_raw=report.last_px.raw,
            fee_raw=report.commission.raw,
            fee_currency=report.commission.currency.code,
            ts=report.ts_event,
            position_id=report.venue_position_id or "",
        )
        if name not in self._orders:
            self._orders[name] = self._first(name, report)

    def _order_answer(self, answer: OrderAnswer) -> None:
        for fill in answer.fills:
            self._fill(fill)
        if answer.order is not None:
            self._status(answer.order)
        elif answer.status is AnswerStatus.OK and answer.client_order_id in self._orders:
            # gone without a word: where the adapter calls that final, it was canceled
            known = self._orders[answer.client_order_id]
            if known.status not in _ENDS:
                gone = msgspec.structs.replace(known, status="CANCELED")
                self._orders[answer.client_order_id] = gone

    def _orders_answer(self, answer: OpenOrdersAnswer) -> None:
        for report in answer.orders:
            self._status(report)

    def _fills_answer(self, answer: FillsAnswer) -> None:
        for fill in answer.fills:
            self._fill(fill)

    def _settled(self, report: SettlementReport) -> None:
        self._settlements[report.instrument_id] = TrueSettlement(
            report.instrument_id, report.price.raw, report.ts_event
        )
