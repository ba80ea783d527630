"""The kernel's questions: one answer each, and only a complete one counts as OK.

Questions wait for the pace instead of being refused. An answer that comes after its timeout is
dropped: it was told as a timeout, and nobody waits for it.
"""

from collections.abc import Callable
from functools import partial

from engine.clients import Post
from engine.model.commands import QueryAccount, QueryFills, QueryOpenOrders, QueryOrder
from engine.model.enums import AnswerStatus
from engine.model.identifiers import ClientId
from engine.model.reports import (
    ClientMessage,
    FillReport,
    FillsAnswer,
    OpenOrdersAnswer,
    OrderAnswer,
    OrderStatusReport,
)
from simulation.client_mapping import Mapper, UnknownSymbol, Unreadable
from simulation.client_requests import TIMEOUT, Requests
from simulation.scheduler import Scheduler
from simulation.venue import protocol as wire

Query = QueryOrder | QueryOpenOrders | QueryFills | QueryAccount
Read = Callable[[Query, wire.AnswerBody, int], ClientMessage]


class Queries:
    """Asks the venue and tells what it said.

    Args:
        page: executions asked for at once, >= 1; pages are asked for until none is left.
    """

    __slots__ = ("_client_id", "_key", "_mapper", "_page", "_post", "_requests", "_scheduler")

    def __init__(
        self,
        scheduler: Scheduler,
        requests: Requests,
        mapper: Mapper,
        post: Post,
        client_id: ClientId,
        key: str,
        page: int,
    ) -> None:
        self._scheduler = scheduler
        self._requests = requests
        self._mapper = mapper
        self._post = post
        self._client_id = client_id
        self._key = key
        self._page = page

    def order(self, command: QueryOrder) -> None:
        request = wire.OrderQuery(self._key, command.command_id, command.client_order_id)
        self._ask(command, request, self._order_answer)

    def open_orders(self, command: QueryOpenOrders) -> None:
        request = wire.OpenOrdersQuery(self._key, command.command_id)
        self._ask(command, request, self._open_orders_answer)

    def account(self, command: QueryAccount) -> None:
        request = wire.AccountQuery(self._key, command.command_id)
        self._ask(command, request, self._account_answer)

    def _ask(
        self,
        command: Query,
        request: wire.Message,
        read: Read,
    ) -> None:
        self._requests.send_in_turn(
            command.command_id,
            wire.encode(request),
            partial(self._on_query_answer, command, read),
            partial(self._on_query_silence, command),
        )

    def _on_query_answer(
        self,
        command: Query,
        read: Read,
        status: int,
        answer: wire.AnswerBody,
        sent_ns: int,
        late: bool,
    ) -> None:
        if late:
            return  # it was told as a timeout, and a picture that old is no news
        try:
            if status != wire.OK:
                raise Unreadable(f"status {status}")
            message = read(command, answer, sent_ns)
        except Unreadable:
            message = self._no_answer(command, AnswerStatus.FAILED, sent_ns)
        self._post(message)

    def _on_query_silence(self, command: Query, why: str, sent_ns: int) -> None:
        self._post(self._no_answer(command, _failure(why), sent_ns))

    def _no_answer(self, command: Query, status: AnswerStatus, sent_ns: int) -> ClientMessage:
        now_ns = self._scheduler.now_ns
        client_id, correlation_id = self._client_id, command.command_id
        if isinstance(command, QueryOrder):
            coid = command.client_order_id
            return OrderAnswer(client_id, correlation_id, status, coid, None, (), sent_ns, now_ns)
        if isinstance(command, QueryOpenOrders):
            return OpenOrdersAnswer(client_id, correlation_id, status, (), sent_ns, now_ns)
        if isinstance(command, QueryFills):
            return FillsAnswer(client_id, correlation_id, status, (), now_ns)
        return self._mapper.no_account(correlation_id, status, now_ns)

    def _order_answer(self, command: Query, answer: wire.AnswerBody, sent_ns: int) -> ClientMessage:
        if not isinstance(answer, wire.OrderQueryAnswer) or not isinstance(command, QueryOrder):
            raise Unreadable(f"{type(answer).__name__} answers no order query")
        now_ns = self._scheduler.now_ns
        order = None if answer.order is None else self._status_report(answer.order)
        if answer.order is not None and order is None:
            raise Unreadable("the order is of an instrument that was never defined")
        return OrderAnswer(
            self._client_id,
            command.command_id,
            AnswerStatus.OK,
            command.client_order_id,
            order,
            self._fill_reports(answer.trades),
            sent_ns,
            now_ns,
        )

    def _open_orders_answer(
        self, command: Query, answer: wire.AnswerBody, sent_ns: int
    ) -> ClientMessage:
        if not isinstance(answer, wire.OpenOrdersAnswer):
            raise Unreadable(f"{type(answer).__name__} answers no open orders query")
        orders = tuple(
            report for order in answer.orders if (report := self._status_report(order)) is not None
        )
        return OpenOrdersAnswer(
            self._client_id,
            command.command_id,
            AnswerStatus.OK,
            orders,
            sent_ns,
            self._scheduler.now_ns,
        )

    def _account_answer(
        self, command: Query, answer: wire.AnswerBody, sent_ns: int
    ) -> ClientMessage:
        if not isinstance(answer, wire.AccountAnswer):
            raise Unreadable(f"{type(answer).__name__} answers no account query")
        self._mapper.check_account(answer)
        now_ns = self._scheduler.now_ns
        return self._mapper.account(answer.balances, command.command_id, now_ns, now_ns)

    def fills(self, command: QueryFills) -> None:
        self._ask_fills(command, command.command_id, 0, ())

    def _ask_fills(
        self, command: QueryFills, request_id: str, after: int, so_far: tuple[FillReport, ...]
    ) -> None:
        request = wire.TradesQuery(self._key, request_id, command.since_ns, after, self._page)
        self._requests.send_in_turn(
            request_id,
            wire.encode(request),
            partial(self._on_fills_page, command, so_far),
            partial(self._on_query_silence, command),
        )

    def _on_fills_page(
        self,
        command: QueryFills,
        so_far: tuple[FillReport, ...],
        status: int,
        answer: wire.AnswerBody,
        sent_ns: int,
        late: bool,
    ) -> None:
        if late:
            return
        try:
            if status != wire.OK or not isinstance(answer, wire.TradesAnswer):
                raise Unreadable(f"status {status} with {type(answer).__name__}")
            fills = so_far + self._fill_reports(answer.trades)
            if answer.more and not answer.trades:
                raise Unreadable("more trades after an empty page")
        except Unreadable:
            self._post(self._no_answer(command, AnswerStatus.FAILED, sent_ns))
            return
        if answer.more:
            after = answer.trades[-1].trade_no
            self._ask_fills(command, f"{command.command_id}+{after}", after, fills)
            return
        now_ns = self._scheduler.now_ns
        self._post(FillsAnswer(self._client_id, command.command_id, AnswerStatus.OK, fills, now_ns))

    def _fill_reports(self, trades: tuple[wire.TradeRecord, ...]) -> tuple[FillReport, ...]:
        reports: list[FillReport] = []
        for trade in trades:
            try:
                reports.append(self._mapper.fill(trade, self._scheduler.now_ns))
            except UnknownSymbol:  # one element never costs the others
                self._mapper.unknown_symbols += 1
        return tuple(reports)

    def _status_report(self, order: wire.OrderRecord) -> OrderStatusReport | None:
        try:
            return self._mapper.order_status(order, self._scheduler.now_ns)
        except UnknownSymbol:
            self._mapper.unknown_symbols += 1
            return None


def _failure(why: str) -> AnswerStatus:
    return AnswerStatus.TIMEOUT if why == TIMEOUT else AnswerStatus.FAILED
