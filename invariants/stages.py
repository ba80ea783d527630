"""How a kernel begins and what it has heard in the end: no stage too early, no last word missed."""

from collections.abc import Iterator
from typing import ClassVar, Final, cast

from engine.model.commands import Connect, StartKernel
from engine.model.data import QuoteTick
from engine.model.enums import AnswerStatus, KernelState
from engine.model.events import ComponentStateChanged
from engine.model.fixed import UNITS
from engine.model.identifiers import InstrumentId
from engine.model.reports import (
    ClientConnected,
    ClientDisconnected,
    FillsAnswer,
    OpenOrdersAnswer,
)
from invariants.check import Check, Kinds
from invariants.evidence import Evidence
from invariants.truth import Levels, TrueBook
from invariants.violation import Violation

_BEFORE: Final = (KernelState.READY, KernelState.CONNECTING)
_BOTH: Final = 2  # open orders and fills


class StagesFollow(Check):
    """Judged in the turn that changes the state (components start as trading does); which clients
    there are the first turn's commands say."""

    facts: ClassVar[Kinds] = (ComponentStateChanged,)
    inputs: ClassVar[Kinds] = (
        StartKernel,
        ClientConnected,
        ClientDisconnected,
        OpenOrdersAnswer,
        FillsAnswer,
    )

    def __init__(self) -> None:
        self._heard: dict[str, dict[type, None]] = {}  # answers of a client since it connected
        self._clients: list[str] = []
        self._was = KernelState.READY

    def turn(self, evidence: Evidence) -> Iterator[Violation] | None:
        was, now = self._was, evidence.view.state
        if was is KernelState.RUNNING:
            return None
        self._was = now
        message = evidence.record.input
        heard = self._heard
        if isinstance(message, StartKernel) and was is KernelState.READY:  # a second one is refused
            self._clients = [
                str(command.client_id)
                for command in evidence.record.commands
                if isinstance(command, Connect)
            ]
        elif isinstance(message, ClientConnected):
            heard[message.client_id] = {}
        elif isinstance(message, ClientDisconnected):
            heard.pop(message.client_id, None)
        elif isinstance(message, (OpenOrdersAnswer, FillsAnswer)):
            answers = heard.get(message.client_id)
            if answers is not None and message.status is AnswerStatus.OK:
                answers[type(message)] = None
        if now is was or not evidence.venues:
            return None
        wrong: list[Violation] = []
        if was in _BEFORE and now not in _BEFORE:
            for name in self._clients:
                if name not in heard:
                    wrong.append(Violation(name, f"is not connected, and the kernel {now.name}"))
        if now is KernelState.RUNNING:
            for name in evidence.venues:
                if len(heard.get(name, ())) < _BOTH:
                    told = "has not said what is open and what was filled, and the kernel RUNNING"
                    wrong.append(Violation(name, told))
        return iter(wrong) if wrong else None


class LastWordIsHeard(Check):
    """Once faults have stopped nothing is lost on a stream that is up: what the venue said last
    has come. The streams of a client that came back later begin anew."""

    inputs: ClassVar[Kinds] = (ClientConnected,)

    def __init__(self) -> None:
        self._since: dict[str, int] = {}  # when each client last came

    def turn(self, evidence: Evidence) -> None:
        message = evidence.record.input
        if isinstance(message, ClientConnected):
            self._since[message.client_id] = message.ts_init

    def end(self, evidence: Evidence) -> list[Violation] | None:
        cache = evidence.view.cache
        wanted = evidence.wanted()
        wrong: list[Violation] = []
        for truth in evidence.truths():
            asked = wanted.get(truth.venue, ())
            since: int = self._since.get(truth.venue, truth.ts)
            if since < evidence.healed_ns:
                since = evidence.healed_ns
            for book in truth.books:
                name = cast(InstrumentId, book.instrument_id)
                trade_id, at_ns = book.last_trade
                if ("trades", book.instrument_id) in asked and at_ns > since:
                    trade = cache.trade_tick(name)
                    heard = None if trade is None else trade.trade_id
                    if heard != trade_id:
                        told = f"the last trade is {trade_id}, heard was {heard}"
                        wrong.append(Violation(name, told))
                if ("quotes", book.instrument_id) in asked and (book.bids or book.asks):
                    heard_best = _best(cache.quote_tick(name))
                    best = (_first(book, book.bids), _first(book, book.asks))
                    if heard_best != best:
                        told = f"the best are {best} raw, heard were {heard_best}"
                        wrong.append(Violation(name, told))
        return wrong or None


def _first(book: TrueBook, levels: Levels) -> tuple[int, int]:
    """(price, size) of the best of a side, raw."""
    if not levels:
        return (0, 0)
    price, size = levels[0]
    return price * UNITS[book.price_precision], size * UNITS[book.size_precision]


def _best(quote: QuoteTick | None) -> tuple[tuple[int, int], tuple[int, int]] | None:
    """(price, size) of bid and ask, raw; what nobody offers has no price."""
    if quote is None:
        return None
    price, size = UNITS[quote.price_precision], UNITS[quote.size_precision]
    bid = quote.bid_mantissa * price, quote.bid_size_mantissa * size
    ask = quote.ask_mantissa * price, quote.ask_size_mantissa * size
    return (bid if bid[1] else (0, 0), ask if ask[1] else (0, 0))
