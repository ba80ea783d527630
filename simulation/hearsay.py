"""What reaches a kernel and must not move it: wrong words, old pictures, orders to a kernel that
cannot be given now.

Live kernels hear such things: from an adapter with a bug, from a line that was crossed, from a
desk that presses a button twice. Each word is chosen so that what the kernel knows is enough to
see through it, so nothing of it may take effect; what it may do is ask, refuse and tell a person.
The old pictures are true, and of a time before: they may bring news and never take any back.

Word n draws from a stream named by n alone, as the steps of a trader do. When the world heals it
falls silent.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final

import msgspec

from engine.clock import TimeWentBack
from engine.kernel import Input, Kernel, KernelClosed, TimerOverdue
from engine.model.accounts import CashAccount
from engine.model.balances import AccountBalance
from engine.model.commands import FireTimer, SetTradingState, StartKernel, StopKernel
from engine.model.enums import (
    BUY,
    SELL,
    AccountType,
    AnswerStatus,
    KernelState,
    LiquiditySide,
    OrderStatus,
    RequestKind,
)
from engine.model.events import OrderFilled
from engine.model.identifiers import (
    AccountId,
    ClientId,
    ClientOrderId,
    InstrumentId,
    TradeId,
    VenueOrderId,
)
from engine.model.money import Money
from engine.model.orders import Order
from engine.model.reports import (
    AcceptedReport,
    AccountReport,
    CanceledReport,
    CancelRejectedReport,
    ClientConnected,
    ClientDisconnected,
    ClientMessage,
    ExecutionReport,
    ExpiredReport,
    FillReport,
    FillsAnswer,
    ModifyRejectedReport,
    OpenOrdersAnswer,
    OrderAnswer,
    OutcomeUnknown,
    RejectedReport,
    SettlementReport,
    TriggeredReport,
    UpdatedReport,
)
from engine.model.values import Price, Quantity
from simulation.client import NativeClient
from simulation.client_mapping import UnknownSymbol
from simulation.entropy import Stream
from simulation.scheduler import Scheduler
from simulation.venue.exchange import Exchange

_MS: Final = 1_000_000
_PICTURE_NS_MAX: Final = 4_000 * _MS
STRANGER: Final = ClientId("STRANGER")  # speaks, and is no client of the kernel's
_ELSEWHERE: Final = AccountId("ELSEWHERE-001")
_NOWHERE: Final = InstrumentId("NOWHERE.ELSEWHERE")
_NO_ORDER: Final = ClientOrderId("O-NOBODYS")
_NO_VENUE_ORDER: Final = VenueOrderId("V-NOBODYS")
_LOCAL: Final = (OrderStatus.INITIALIZED, OrderStatus.DENIED)
_OVER: Final = (KernelState.STOPPED, KernelState.FAULTED, KernelState.FAILED_START)
_S: Final = OrderStatus

# The columns that every report of an order begins with.
_Head = tuple[AccountId, InstrumentId, ClientOrderId | None, VenueOrderId | None, int, int]


class KernelWasMoved(RuntimeError):
    """A kernel took what it has to refuse its caller."""


class Hearsay:
    """
    Args:
        mean_ns: between two words.
        until_ns: it says nothing after that.
        streams: makes the stream of a name.
        hear: takes what the kernel is to hear next.
        venues: of each venue the client that serves it and the exchange itself.

    Attributes:
        words: every sort of word, by name.
        said: how many of each sort it said.
    """

    def __init__(
        self,
        mean_ns: int,
        until_ns: int,
        streams: Callable[[str], Stream],
        scheduler: Scheduler,
        kernel: Kernel,
        hear: Callable[[Input], None],
        venues: Sequence[tuple[NativeClient, Exchange]],
    ) -> None:
        self._mean_ns = mean_ns
        self._until_ns = until_ns
        self._streams = streams
        self._scheduler = scheduler
        self._kernel = kernel
        self._cache = kernel.cache
        self._hear = hear
        self._venues = venues
        self._word = 0
        self.said: dict[str, int] = {}
        self.words: Mapping[str, Callable[[Stream], Input | None]] = {
            "picture": self._picture,
            "unknown client": self._unknown_client,
            "unknown order": self._unknown_order,
            "another account's": self._of_another_account,
            "of an order never sent": self._of_an_order_never_sent,
            "of an order that has ended": self._of_an_order_that_has_ended,
            "wrong fill": self._wrong_fill,
            "another name": self._another_name,
            "no name": self._no_name,
            "impossible": self._impossible,
            "unasked answer": self._unasked_answer,
            "no outcome": self._no_outcome,
            "less filled": self._less_filled,
            "settlement": self._settlement,
            "balances": self._balances,
            "start": self._start,
            "timer": self._timer,
            "misuse": self._misuse,
            "same state": self._same_state,
        }
        self._arm(streams("hearsay.start"))

    def _arm(self, stream: Stream) -> None:
        delay_ns = self._mean_ns // 4 + stream.below(self._mean_ns * 3 // 2, "gap")
        at_ns = self._scheduler.now_ns + delay_ns
        if at_ns < self._until_ns:
            self._scheduler.post(at_ns, self._speak)

    def _speak(self) -> None:
        if self._kernel.view.state in _OVER:
            self._refused(StopKernel("hearsay+over", None, self._scheduler.now_ns), KernelClosed)
            return
        stream = self._streams(f"hearsay.{self._word}")
        self._word += 1
        self._arm(stream)
        names = tuple(self.words)
        # the old pictures are the likeliest: few of them come at a moment that matters
        often = stream.chance(1, 3, "picture")
        name = "picture" if often else names[stream.below(len(names), "word")]
        said = self.words[name](stream)
        if said is not None:
            self._count(name)
            self._hear(said)

    def _count(self, name: str) -> None:
        self.said[name] = self.said.get(name, 0) + 1

    # --- what it speaks of -----------------------------------------------------------------

    def _pick(self, stream: Stream, fits: Callable[[Order], bool]) -> Order | None:
        """One of the youngest orders that fit, or none."""
        orders = [order for order in self._cache.orders()[-24:] if fits(order)]
        if not orders:
            return None
        return orders[-1 - stream.below(len(orders), "which order")]

    def _head(self, order: Order, account_id: AccountId | None = None) -> _Head:
        now_ns = self._scheduler.now_ns
        return (
            account_id or order.account_id or _ELSEWHERE,
            order.instrument_id,
            order.client_order_id,
            order.venue_order_id,
            now_ns,
            now_ns,
        )

    def _any_report(self, stream: Stream, head: _Head, order: Order | None) -> ExecutionReport:
        """A report of any sort that might be told of a working order."""
        size = Quantity.from_int(1) if order is None else order.quantity
        match stream.below(9, "report"):
            case 0:
                return AcceptedReport(*head)
            case 1:
                return RejectedReport(*head, "HEARSAY")
            case 2:
                return CanceledReport(*head, Quantity.from_int(0), size)
            case 3:
                return ExpiredReport(*head, Quantity.from_int(0), None)
            case 4:
                return TriggeredReport(*head)
            case 5:
                return UpdatedReport(*head, size, None, None, "hearsay")
            case 6:
                return ModifyRejectedReport(*head, "hearsay", "HEARSAY")
            case 7:
                return CancelRejectedReport(*head, "hearsay", "HEARSAY")
            case _:
                return self._some_fill(head, order)

    def _some_fill(self, head: _Head, order: Order | None) -> FillReport:
        """A fill of a trade that never was."""
        cache = self._cache
        instrument = cache.instrument(head[1]) or cache.instruments()[0]
        return FillReport(
            *head,
            TradeId(f"T-HEARSAY-{self._word}"),
            BUY if order is None else order.side,
            instrument.size_increment,
            instrument.price_increment,
            Money.zero(instrument.quote_currency),
            LiquiditySide.TAKER,
        )

    # --- words -----------------------------------------------------------------------------

    def _picture(self, stream: Stream) -> ClientMessage | None:
        """How an order stands at the venue now, told seconds later."""
        client, exchange = self._venues[stream.below(len(self._venues), "venue")]
        order = self._pick(stream, lambda order: order.instrument_id.venue == exchange.name)
        record = None if order is None else exchange.order_record(order.client_order_id)
        if record is None:
            return None
        at_ns = self._scheduler.now_ns + stream.below(_PICTURE_NS_MAX, "late_ns")
        try:
            picture = client.mapper.order_status(record, at_ns)
        except UnknownSymbol:
            return None
        self._count("picture")
        self._scheduler.post(at_ns, partial(self._hear, picture))
        return None

    def _unknown_client(self, stream: Stream) -> ClientMessage:
        now_ns = self._scheduler.now_ns
        if stream.chance(1, 2, "gone"):
            return ClientDisconnected(STRANGER, "hearsay", now_ns)
        return ClientConnected(STRANGER, now_ns)

    def _unknown_order(self, stream: Stream) -> ClientMessage | None:
        now_ns = self._scheduler.now_ns
        known = self._pick(stream, lambda order: order.account_id is not None)
        if known is None:
            return None
        names: tuple[tuple[ClientOrderId | None, VenueOrderId | None], ...] = (
            (_NO_ORDER, _NO_VENUE_ORDER),
            (_NO_ORDER, None),
            (None, _NO_VENUE_ORDER),
            (None, None),
        )
        own, venues = names[stream.below(len(names), "names")]
        account_id = known.account_id or _ELSEWHERE
        head = (account_id, known.instrument_id, own, venues, now_ns, now_ns)
        return self._any_report(stream, head, known)

    def _of_another_account(self, stream: Stream) -> ClientMessage | None:
        """Right name, wrong account or instrument."""
        order = self._pick(stream, lambda order: order.account_id is not None)
        if order is None:
            return None
        head = self._head(order)
        if stream.chance(1, 2, "instrument"):
            head = (head[0], _NOWHERE, *head[2:])
        else:
            head = (_ELSEWHERE, *head[1:])
        return self._any_report(stream, head, order)

    def _of_an_order_never_sent(self, stream: Stream) -> ClientMessage | None:
        order = self._pick(stream, lambda order: order.status in _LOCAL)
        return None if order is None else self._any_report(stream, self._head(order), order)

    def _of_an_order_that_has_ended(self, stream: Stream) -> ClientMessage | None:
        """Another end, an amendment, a refusal of what is over, less filled than was."""
        order = self._pick(
            stream, lambda order: order.is_closed and order.venue_order_id is not None
        )
        if order is None:
            return None
        head = self._head(order)
        match stream.below(6, "what"):
            case 0:
                less = Quantity.from_int(0)
                if order.status is _S.CANCELED:
                    return CanceledReport(*head, less, order.quantity)
                return ExpiredReport(*head, less) if order.status is _S.EXPIRED else None
            case 1:
                return UpdatedReport(*head, order.quantity, None, None, None)
            case 2:
                return TriggeredReport(*head)
            case 3:
                return ModifyRejectedReport(*head, "hearsay", "HEARSAY")
            case 4:
                return CancelRejectedReport(*head, "hearsay", "HEARSAY")
            case _:
                return RejectedReport(*head, "HEARSAY")

    def _less_filled(self, _: Stream) -> ClientMessage | None:
        """The end of an order once more, with less filled than it was."""
        for order in reversed(self._cache.orders_closed()):
            nothing = order.quantity - order.quantity
            if order.filled_raw and order.status is _S.CANCELED:
                return CanceledReport(*self._head(order), nothing, order.quantity)
            if order.filled_raw and order.status is _S.EXPIRED:
                return ExpiredReport(*self._head(order), nothing)
        return None

    def _wrong_fill(self, stream: Stream) -> ClientMessage | None:
        """A trade that is known, with other numbers; or one of the other side, or of nothing."""
        order = self._pick(stream, lambda order: bool(order.trade_ids))
        if order is None:
            return None
        fill = next(iter(order.trade_ids.values()))
        told = FillReport(
            *self._head(order),
            fill.trade_id,
            fill.side,
            fill.last_qty,
            fill.last_px,
            fill.commission,
            fill.liquidity_side,
        )
        new = TradeId(f"T-HEARSAY-{self._word}")
        change = msgspec.structs.replace
        match stream.below(5, "what"):
            case 0:
                return change(told, last_qty=fill.last_qty + fill.last_qty)
            case 1:
                return change(told, last_px=fill.last_px + fill.last_px)
            case 2:
                return change(told, commission=fill.commission + fill.commission + _unit(fill))
            case 3:
                other = SELL if fill.side is BUY else BUY
                return change(told, trade_id=new, side=other)
            case _:
                nothing = fill.last_qty - fill.last_qty
                return change(told, trade_id=new, last_qty=nothing)

    def _another_name(self, stream: Stream) -> ClientMessage | None:
        """It gives an order the venue's name of another one."""
        named = [order for order in self._cache.orders()[-24:] if order.venue_order_id is not None]
        if len(named) < 2:
            return None
        first = stream.below(len(named), "first")
        second = (first + 1 + stream.below(len(named) - 1, "second")) % len(named)
        order = named[first]
        head = self._head(order)
        head = (*head[:3], named[second].venue_order_id, *head[4:])
        match stream.below(5, "report"):
            case 0:
                return AcceptedReport(*head)
            case 1:
                return CanceledReport(*head, order.filled_qty, order.quantity)
            case 2:
                return ExpiredReport(*head, order.filled_qty, order.quantity)
            case 3:
                return UpdatedReport(*head, order.quantity + order.quantity, None, None, "hearsay")
            case _:
                return self._some_fill(head, order)

    def _no_name(self, stream: Stream) -> ClientMessage | None:
        """Accepted or filled under no name of the venue's, where none is known."""
        order = self._pick(stream, lambda order: order.status is _S.SUBMITTED)
        if order is None or order.venue_order_id is not None:
            return None
        if stream.chance(1, 2, "fill"):
            return self._some_fill(self._head(order), order)
        return AcceptedReport(*self._head(order))

    def _impossible(self, stream: Stream) -> ClientMessage | None:
        """What a working order of its type cannot become."""
        order = self._pick(stream, lambda order: order.is_open)
        if order is None:
            return None
        head = self._head(order)
        price = order.price or order.trigger_price
        match stream.below(4, "what"):
            case 0:
                nothing = order.quantity - order.quantity
                return UpdatedReport(*head, nothing, None, None, "hearsay")
            case 1 if order.price is None and price is not None:
                return UpdatedReport(*head, order.quantity, price, None, "hearsay")
            case 2 if order.trigger_price is None and price is not None:
                return UpdatedReport(*head, order.quantity, None, price, "hearsay")
            case 3 if order.trigger_price is None:
                return TriggeredReport(*head)
        return CancelRejectedReport(*head, "hearsay", "HEARSAY")

    def _unasked_answer(self, stream: Stream) -> ClientMessage:
        now_ns = self._scheduler.now_ns
        ok = AnswerStatus.OK
        match stream.below(4, "answer"):
            case 0:
                return OrderAnswer(STRANGER, "hearsay", ok, _NO_ORDER, None, (), now_ns, now_ns)
            case 1:
                return OpenOrdersAnswer(STRANGER, "hearsay", ok, (), now_ns, now_ns)
            case 2:
                return FillsAnswer(STRANGER, "hearsay", ok, (), now_ns)
            case _:
                return AccountReport(
                    STRANGER,
                    "hearsay",
                    ok,
                    _ELSEWHERE,
                    AccountType.CASH,
                    (),
                    (),
                    now_ns,
                    now_ns,
                )

    def _no_outcome(self, stream: Stream) -> ClientMessage | None:
        """Of an order that nobody made, or of a request that nobody made of one."""
        now_ns = self._scheduler.now_ns
        kinds = (RequestKind.SUBMIT, RequestKind.MODIFY, RequestKind.CANCEL)
        kind = kinds[stream.below(3, "kind")]
        name = _NO_ORDER
        if stream.chance(1, 2, "known"):
            order = self._pick(stream, lambda order: order.account_id is not None)
            if order is None:
                return None
            name = order.client_order_id
        request_id = f"hearsay-{self._word}"
        return OutcomeUnknown(STRANGER, name, kind, request_id, "hearsay", now_ns)

    def _settlement(self, stream: Stream) -> ClientMessage | None:
        """Of an instrument that nobody knows, or once more and otherwise."""
        now_ns = self._scheduler.now_ns
        if stream.chance(1, 2, "again"):
            for client, exchange in self._venues:
                for instrument_id in self._cache.instrument_ids():
                    if instrument_id.venue != exchange.name:
                        continue
                    account_id = client.account_id
                    price = self._kernel.portfolio.settlement(account_id, instrument_id)
                    if price is not None:
                        other = price + price
                        return SettlementReport(account_id, instrument_id, other, now_ns, now_ns)
        return SettlementReport(_ELSEWHERE, _NOWHERE, Price("1"), now_ns, now_ns)

    def _balances(self, stream: Stream) -> ClientMessage | None:
        """An account that is not ours; or ours as it is not, or with no word of what it holds."""
        now_ns = self._scheduler.now_ns
        client, _ = self._venues[stream.below(len(self._venues), "venue")]
        account = self._cache.account(client.account_id)
        if account is None:
            return None
        account_id, balances = client.account_id, tuple(account.balances.values())
        status = AnswerStatus.OK
        match stream.below(4, "what"):
            case 0:
                account_id = _ELSEWHERE
            case 1:
                balances = ()
            case 2:
                balances = tuple([_doubled(balance) for balance in balances])
            case _:
                status = AnswerStatus.FAILED
        kind = AccountType.CASH if isinstance(account, CashAccount) else AccountType.MARGIN
        return AccountReport(
            client.client_id, None, status, account_id, kind, balances, (), now_ns, now_ns
        )

    def _start(self, _: Stream) -> Input:
        return StartKernel(f"hearsay+{self._word}", None, self._scheduler.now_ns)

    def _timer(self, _: Stream) -> Input | None:
        now_ns = self._scheduler.now_ns
        return None if self._kernel.next_timer_ns() == now_ns else FireTimer(now_ns)

    def _same_state(self, stream: Stream) -> Input:
        """The desk orders what is in force already."""
        state = self._kernel.risk_engine.trading_state
        return SetTradingState(f"hearsay+{self._word}", None, self._scheduler.now_ns, state)

    def _misuse(self, stream: Stream) -> None:
        """A driver's mistakes, which are the driver's to hear of and no turn."""
        kernel, now_ns = self._kernel, self._scheduler.now_ns
        wrong: tuple[tuple[object, type[Exception]], ...] = (
            (FireTimer(kernel.view.now_ns - 1), TimeWentBack),
            (_Gibberish(now_ns), TypeError),
            (FireTimer((kernel.next_timer_ns() or now_ns) + 1), TimerOverdue),
        )
        self._refused(*wrong[stream.below(len(wrong), "which")])
        self._count("misuse")

    def _refused(self, message: object, refusal: type[Exception]) -> None:
        kernel = self._kernel
        turn = kernel.view.turn
        try:
            kernel.turn(message)  # type: ignore[arg-type]
        except refusal:
            if kernel.view.turn == turn:
                return
        raise KernelWasMoved(f"the kernel took {type(message).__name__}")


class _Gibberish(msgspec.Struct, frozen=True):
    """No input of a kernel."""

    ts_init: int


def _unit(fill: OrderFilled) -> Money:
    """The least amount of the currency that its fee was paid in."""
    currency = fill.commission.currency
    return Money.from_raw(currency.unit, currency)


def _doubled(balance: AccountBalance) -> AccountBalance:
    return AccountBalance.of_raw(2 * balance.total_raw, balance.locked_raw, balance.currency)
