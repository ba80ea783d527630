"""An adapter's bad habits: all that it says is true, and it says it badly.

It stands between a client and the kernel. Each seed gives it some of these habits and not others:

* it leaves out what the contract of the reports lets it leave out: our name of an order that it
  has told the venue's of, what an ended order's size was, which request an update answers;
* it says a thing again, seconds later; it is slow with fills, triggers and amendments;
* of some orders it says nothing at all for up to twelve seconds;
* it speaks before it has looked up the venue's name of an order, and then once more;
* it takes cancels one by one;
* the venue's orders are asked of a replica that lags, which may not know an order yet. Such an
  adapter says that absence is not final;
* questions about the account fail for seconds on end;
* it states a balance as total and free, total and locked, or all three.

When the world heals it pulls itself together.
"""

from collections.abc import Callable
from functools import partial
from typing import Final, TypeGuard

import msgspec

from engine.clients import Post
from engine.model.balances import AccountBalance
from engine.model.enums import AnswerStatus
from engine.model.identifiers import ClientOrderId, VenueOrderId
from engine.model.reports import (
    AcceptedReport,
    AccountReport,
    CanceledReport,
    ClientMessage,
    ExecutionReport,
    ExpiredReport,
    FillReport,
    FillsAnswer,
    OpenOrdersAnswer,
    OrderAnswer,
    TriggeredReport,
    UpdatedReport,
)
from simulation.entropy import Stream
from simulation.handling_config import Odds
from simulation.scheduler import Scheduler

_MS: Final = 1_000_000
_SLOW_NS_MAX: Final = 2_500 * _MS
_AGAIN_NS_MAX: Final = 5_000 * _MS
_DEAF_NS_MAX: Final = 12_000 * _MS
_SILENT_NS_MAX: Final = 12_000 * _MS  # less than any request may take to end

_NAMES: Final = "leaves names out"
_SIZES: Final = "leaves sizes out"
_ANSWERED: Final = "leaves requests out"
_REPEATS: Final = "repeats itself"
_SLOW: Final = "is slow"
_EARLY: Final = "speaks too early"
_SINGLY: Final = "takes no batches"
_LAGS: Final = "asks a replica"
_DEAF: Final = "gets no answers"
_SILENT: Final = "is silent about some orders"
_SHAPES: Final = "states balances its own way"
HABITS: Final = (
    *(_NAMES, _SIZES, _ANSWERED, _REPEATS, _SLOW),
    *(_LAGS, _DEAF, _SHAPES, _EARLY, _SINGLY, _SILENT),
)
_TELLING: Final = (FillReport, UpdatedReport, TriggeredReport)  # what it may be slow with


class SloppyAdapter:
    """
    Args:
        stream: decides which habits it has, and when it follows them.
        odds: that it has a given habit.
        hurts: whether the world is hurting now.
        post: takes what the kernel shall hear.

    Attributes:
        habits: those of this seed.
    """

    def __init__(
        self,
        stream: Stream,
        odds: Odds,
        scheduler: Scheduler,
        hurts: Callable[[], bool],
        post: Post,
    ) -> None:
        self._stream = stream
        self._scheduler = scheduler
        self._hurts = hurts
        self._post = post
        self.habits = tuple([habit for habit in HABITS if stream.chance(*odds, habit)])
        self._named: dict[VenueOrderId, ClientOrderId] = {}  # orders it has told by both names
        self._silent: dict[str, bool] = {}
        self._deaf_until_ns = 0
        self._ways: dict[str, Callable[[ClientMessage], ClientMessage]] = {
            _NAMES: self._leave_out_name,
            _SIZES: self._leave_out_size,
            _ANSWERED: self._leave_out_request,
            _LAGS: self._ask_replica,
            _DEAF: self._get_no_answer,
            _SHAPES: self._state_balances,
        }

    @property
    def absence_is_final(self) -> bool:
        """Whether it can say that an order it does not find will never be there."""
        return _LAGS not in self.habits

    @property
    def takes_batches(self) -> bool:
        return _SINGLY not in self.habits

    def post(self, message: ClientMessage) -> None:
        """Tell the kernel, in its way."""
        if not self._hurts():
            self._post(message)
            return
        stream = self._stream
        told = message
        for habit, way in self._ways.items():
            if habit in self.habits:
                told = way(told)
        if isinstance(told, ExecutionReport) and self._is_silent_about(told):
            self._later(told, 1 + stream.below(_SILENT_NS_MAX, "silent_ns"))
        elif isinstance(told, _TELLING) and _SLOW in self.habits and stream.chance(1, 2, "slow"):
            self._later(told, 1 + stream.below(_SLOW_NS_MAX, "slow_ns"))
        else:
            if self._speaks_early(told):
                self._post(msgspec.structs.replace(told, venue_order_id=None))
            self._post(told)
            self._note_names(told)
        if (
            isinstance(told, ExecutionReport)
            and _REPEATS in self.habits
            and stream.chance(1, 6, "again")
        ):
            self._later(told, 1 + stream.below(_AGAIN_NS_MAX, "again_ns"))

    def _speaks_early(self, told: ClientMessage) -> TypeGuard[AcceptedReport | FillReport]:
        return (
            isinstance(told, AcceptedReport | FillReport)
            and _EARLY in self.habits
            and self._stream.chance(1, 3, "early")
        )

    def _note_names(self, told: ClientMessage) -> None:
        if isinstance(told, AcceptedReport) and told.client_order_id and told.venue_order_id:
            self._named[told.venue_order_id] = told.client_order_id

    def _is_silent_about(self, report: ExecutionReport) -> bool:
        if _SILENT not in self.habits:
            return False
        name = report.client_order_id or report.venue_order_id or ""
        is_silent = self._silent.get(name)
        if is_silent is None:
            is_silent = self._silent[name] = self._stream.chance(1, 4, "silent")
        return is_silent

    def _later(self, report: ExecutionReport, delay_ns: int) -> None:
        at_ns = self._scheduler.now_ns + delay_ns
        # received when it is told: the kernel never hears of a time before its own
        late = msgspec.structs.replace(report, ts_init=at_ns)
        self._scheduler.post(at_ns, partial(self._post, late))

    # --- habits ----------------------------------------------------------------------------

    def _leave_out_name(self, message: ClientMessage) -> ClientMessage:
        """Reports that end no request: those answer what was asked by our name."""
        if isinstance(message, FillReport | TriggeredReport):
            venue_order_id = message.venue_order_id
            if venue_order_id is not None and venue_order_id in self._named:
                return msgspec.structs.replace(message, client_order_id=None)
        return message

    def _leave_out_size(self, message: ClientMessage) -> ClientMessage:
        if isinstance(message, CanceledReport | ExpiredReport):
            return msgspec.structs.replace(message, quantity=None)
        return message

    def _leave_out_request(self, message: ClientMessage) -> ClientMessage:
        if isinstance(message, UpdatedReport) and self._stream.chance(1, 2, "unnamed"):
            return msgspec.structs.replace(message, request_id=None)
        return message

    def _ask_replica(self, message: ClientMessage) -> ClientMessage:
        """It lacks only orders that the kernel has been told of, so that all it proves is that
        it lags."""
        if (
            isinstance(message, OrderAnswer)
            and message.order is not None
            and message.order.venue_order_id in self._named
            and self._stream.chance(1, 2, "lag")
        ):
            fills = message.fills if self._stream.chance(1, 2, "fills") else ()
            return msgspec.structs.replace(message, order=None, fills=fills)
        return message

    def _get_no_answer(self, message: ClientMessage) -> ClientMessage:
        if not isinstance(message, OpenOrdersAnswer | FillsAnswer | AccountReport | OrderAnswer):
            return message
        now_ns = self._scheduler.now_ns
        if now_ns >= self._deaf_until_ns and self._stream.chance(1, 8, "deaf"):
            self._deaf_until_ns = now_ns + 1 + self._stream.below(_DEAF_NS_MAX, "deaf_ns")
        if now_ns >= self._deaf_until_ns:
            return message
        failed = AnswerStatus.FAILED
        if isinstance(message, OpenOrdersAnswer):
            return msgspec.structs.replace(message, status=failed, orders=())
        if isinstance(message, AccountReport):
            if message.correlation_id is None:
                return message  # pushed: nobody asked
            return msgspec.structs.replace(message, status=failed, balances=())
        if isinstance(message, OrderAnswer):
            return msgspec.structs.replace(message, status=failed, order=None, fills=())
        return msgspec.structs.replace(message, status=failed, fills=())

    def _state_balances(self, message: ClientMessage) -> ClientMessage:
        if not isinstance(message, AccountReport):
            return message
        way = _STATED[self._stream.below(len(_STATED), "shape")]
        stated = tuple([way(balance) for balance in message.balances])
        return msgspec.structs.replace(message, balances=stated)


_STATED: Final[tuple[Callable[[AccountBalance], AccountBalance], ...]] = (
    lambda of: AccountBalance(of.total, of.locked, of.free),
    lambda of: AccountBalance.from_total_and_locked(of.total, of.locked),
    lambda of: AccountBalance.from_total_and_free(of.total, of.free),
)
