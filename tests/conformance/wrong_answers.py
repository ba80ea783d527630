"""Mistakes of clients about what is asked for once or published seldom: requests for the past,
depth images, definitions, amounts of quote currency, batches. One small mistake each.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from engine.model.commands import (
    BatchCancelOrders,
    RequestBookDeltas,
    RequestBookSnapshot,
    RequestQuoteTicks,
    RequestTradeTicks,
    SubmitOrder,
)
from engine.model.enums import AnswerStatus
from simulation.client import NativeClient
from simulation.client_history import Past
from simulation.venue import protocol as wire

replace = msgspec.structs.replace
RANGES = (RequestQuoteTicks, RequestTradeTicks, RequestBookDeltas)


def asking(kind: type[Past]) -> type[NativeClient]:
    """The client with another way to ask for the past."""

    class Changed(NativeClient):
        def __init__(self, *args: Any) -> None:
            super().__init__(*args)
            past = kind(
                self._scheduler,
                self._requests,
                self.mapper,
                self._post,
                self.client_id,
                self._config.page,
            )
            self._commands = {
                **self._commands,
                **dict.fromkeys(RANGES, past.history),
                RequestBookSnapshot: past.snapshot,
            }

    return Changed


def telling(change: Callable[[AnswerStatus, tuple[Any, ...]], Any]) -> type[NativeClient]:
    """Changes the status and the data of every answer."""

    class Changed(Past):
        __slots__ = ()

        def _answer(self, command: Any, status: AnswerStatus, data: tuple[Any, ...]) -> None:
            super()._answer(command, *change(status, data))

    return asking(Changed)


class _AnswersTwice(Past):
    __slots__ = ()

    def _answer(self, command: Any, status: AnswerStatus, data: tuple[Any, ...]) -> None:
        super()._answer(command, status, data)
        super()._answer(command, status, data)


class _NeverAnswersFailure(Past):
    __slots__ = ()

    def _answer(self, command: Any, status: AnswerStatus, data: tuple[Any, ...]) -> None:
        if status is AnswerStatus.OK:
            super()._answer(command, status, data)


class _NewestPageOnly(Past):
    __slots__ = ()

    def _on_page(self, *args: Any) -> None:
        *front, answer, sent_ns, late = args
        if isinstance(answer, wire.HistoryAnswer):
            answer = replace(answer, more=False)
        super()._on_page(*front, answer, sent_ns, late)


class _RepeatsTheBoundary(Past):
    """The next page begins with the frame that the last one ended with."""

    __slots__ = ()

    def _ask_page(self, command: Any, request_id: str, before: int, so_far: Any) -> None:
        super()._ask_page(command, request_id, before + 1 if before else 0, so_far)


class _MissesTheBoundary(Past):
    __slots__ = ()

    def _ask_page(self, command: Any, request_id: str, before: int, so_far: Any) -> None:
        super()._ask_page(command, request_id, before - 1 if before else 0, so_far)


class _LeavesTheNewestOut(Past):
    """Of a limited request, what lies before what was asked for."""

    __slots__ = ()

    def history(self, command: Any) -> None:
        super().history(replace(command, end_ns=command.end_ns - 10**9))


class _ShallowPicture(Past):
    __slots__ = ()

    def _picture(self, command: Any, answer: Any) -> Any:
        return super()._picture(command, replace(answer, asks=answer.asks[:-1]))


class _AsDeepAsThereIs(Past):
    __slots__ = ()

    def _picture(self, command: Any, answer: Any) -> Any:
        return super()._picture(replace(command, limit=0), answer)


class _OldPicture(NativeClient):
    """It keeps the picture that came when it connected, and gives it to whoever asks."""

    def on_live(self) -> None:
        super().on_live()
        self._kept: list[wire.DepthAnswer] = []
        request = wire.DepthQuery("early", "BTC/USDT")
        self._requests.send_in_turn(
            "early",
            wire.encode(request),
            lambda status, answer, sent_ns, late: self._kept.append(answer),
            lambda why, sent_ns: None,
        )

    def send(self, command: Any) -> None:
        if not isinstance(command, RequestBookSnapshot):
            super().send(command)
            return
        past = Past(self._scheduler, self._requests, self.mapper, self._post, self.client_id, 100)
        if command.instrument_id.symbol != "BTC/USDT":
            past.unsupported(command)
            return
        data = past._picture(command, self._kept[0])
        self._soon(lambda: past._answer(command, AnswerStatus.OK, data))


class TellsTheFirstDefinition(NativeClient):
    """A cache of its own, that nobody clears, stands before every definition."""

    def _instrument(self, frame: wire.InstrumentFrame, now_ns: int) -> Any:
        first = self.__dict__.setdefault("_first", frame.instrument)
        return super()._instrument(replace(frame, instrument=first), now_ns)


class ConvertsItself(NativeClient):
    """An amount of quote currency leaves as the size that it was worth at the best price."""

    def _request_body(self, command: Any) -> bytes:
        body = super()._request_body(command)
        if not isinstance(command, SubmitOrder) or not command.order.quote_quantity:
            return body
        request = wire.decode_request(body)
        plain = wire.SubmitRequest(**msgspec.structs.asdict(request))
        return wire.encode(replace(plain, quantity=1200))


class ForgetsThatItIsMoney(NativeClient):
    def _request_body(self, command: Any) -> bytes:
        if isinstance(command, SubmitOrder):
            command = replace(command, order=replace(command.order, quote_quantity=False))
        return super()._request_body(command)


class SaysNoConversion(NativeClient):
    def _tell_conversion(self, command: Any, order: Any) -> None:
        pass

    def on_frame(self, frame: Any) -> None:
        if not (isinstance(frame, wire.OrderFrame) and frame.event == "UPDATED"):
            super().on_frame(frame)


class TakesNoBatches(NativeClient):
    takes_batches = False


class CancelsAllForABatch(NativeClient):
    """There is one request that cancels several orders: it is sent, whoever else has some."""

    def _cancel_batch(self, command: BatchCancelOrders) -> None:
        request = wire.CancelAllRequest(
            self._config.key,
            command.command_id,
            self._scheduler.now_ns + self.request_lifetime_ns,
            command.instrument_id.symbol,
            None,
        )
        self._requests.send_now(
            command.command_id, wire.encode(request), lambda *a: None, lambda *a: None
        )


class LeavesTheLastOut(NativeClient):
    def _send_batch(self, request_id: str, cancels: Any) -> None:
        super()._send_batch(request_id, cancels[:-1])


def lost(frame: Any) -> None:
    return None


def shallow(frame: wire.DepthFrame) -> wire.DepthFrame:
    return replace(frame, bids=frame.bids[:5])


def renumbered(frame: wire.DepthFrame) -> wire.DepthFrame:
    return replace(frame, update=frame.update + 1)


def without_fees(frame: wire.InstrumentFrame) -> wire.InstrumentFrame:
    return replace(frame, instrument=replace(frame.instrument, maker_fee="0", taker_fee="0"))


def ok_for_all(status: AnswerStatus, data: tuple[Any, ...]) -> Any:
    return AnswerStatus.OK, data


def mistakes(frames: Callable[..., type[NativeClient]]) -> list[tuple[str, Any, str, str]]:
    """What is wrong, the client that does it, the case meant for it, the rule that must say so."""
    page = (
        ("the newest page only", _NewestPageOnly),
        ("a boundary told twice", _RepeatsTheBoundary),
        ("a boundary lost", _MissesTheBoundary),
        ("the end left out", _LeavesTheNewestOut),
    )
    past = (
        ("TC-D15", "past_book_changes"),
        ("TC-D21", "past_quotes"),
        ("TC-D31", "past_trades"),
    )
    return [
        *[(f"{what}", asking(kind), case, rule) for what, kind in page for case, rule in past],
        ("answers given twice", asking(_AnswersTwice), "TC-D13", "answered_once"),
        ("answers given twice", asking(_AnswersTwice), "TC-D21", "G5"),
        ("failures kept quiet", asking(_NeverAnswersFailure), "TC-D31", "answered_once"),
        ("failures told as nothing", telling(ok_for_all), "TC-D21", "answered_once"),
        ("newest first", telling(lambda s, d: (s, d[::-1])), "TC-D15", "answered_once"),
        ("a picture without its end", asking(_ShallowPicture), "TC-D13", "snapshots"),
        ("a picture too deep", asking(_AsDeepAsThereIs), "TC-D13", "snapshots"),
        ("an old picture", _OldPicture, "TC-D13", "snapshots"),
        ("definitions lost", frames(wire.InstrumentFrame, lost), "TC-D02", "instrument_updates"),
        ("an old definition", TellsTheFirstDefinition, "TC-D02", "instrument_updates"),
        ("no fees", frames(wire.InstrumentFrame, without_fees), "TC-D02", "instrument_updates"),
        ("five levels of ten", frames(wire.DepthFrame, shallow), "TC-D12", "depth_images"),
        ("another number", frames(wire.DepthFrame, renumbered), "TC-D12", "depth_images"),
        ("an amount converted here", ConvertsItself, "TC-E05", "bought_for_the_amount"),
        ("an amount sent as a size", ForgetsThatItIsMoney, "TC-E05", "bought_for_the_amount"),
        ("a conversion not told", SaysNoConversion, "TC-E05", "SEQUENCE"),
        ("cancels one by one", TakesNoBatches, "TC-E43", "one_batch_of_all"),
        ("all canceled for a batch", CancelsAllForABatch, "TC-E43", "one_batch_of_all"),
        ("one order left out", LeavesTheLastOut, "TC-E43", "nothing_open"),
    ]
