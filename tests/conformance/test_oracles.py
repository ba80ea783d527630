"""Each oracle and check can fail: one small mistake per row trips the rule that is meant for it.

The mistakes are the native client's with one method changed. Rows that need no adapter at all are
further down.
"""

from collections.abc import Callable
from itertools import count
from typing import Any

import msgspec
import pytest
from wrong_answers import mistakes
from wrong_clients import WRONG

from conformance.capabilities import Capabilities
from conformance.cases import CASES, matches
from conformance.certify import certify
from conformance.checks import CHECKS
from conformance.checks import judge as judge_case
from conformance.evidence import Exhibit
from conformance.native import CAPABILITIES, native_config
from conformance.native import factory as native
from conformance.oracles import _LIFE, ORACLES, SAME_AGAIN, judge
from conformance.report import Verdict
from conformance.world import Adapter, CaseWorld, Factory, Target
from engine.model.commands import CancelOrder, Command, ModifyOrder, SubmitOrder
from engine.model.events import AccountState, OrderAccepted, Refused
from engine.model.identifiers import TradeId
from engine.model.reports import CanceledReport, FillReport
from engine.model.values import Quantity
from simulation.client import NativeClient
from simulation.venue import protocol as wire

replace = msgspec.structs.replace


def is_accepted(fact: object) -> bool:
    return isinstance(fact, OrderAccepted)


def adapter(kind: type[NativeClient]) -> Factory:
    def factory(target: Target) -> Adapter:
        client = kind(
            native_config(target), target.channel, target.clock, target.entropy, target.post
        )
        return Adapter(client, client, CAPABILITIES)

    return factory


class ByKind(NativeClient):
    """Hands each kind of frame to a method of its own, for a mistake to change."""

    def told(self, frame: Any) -> None:
        NativeClient.on_frame(self, frame)

    _on_quote = _on_trade = _on_order = _on_fill = told

    def on_frame(self, frame: Any) -> None:
        by_kind = {
            wire.QuoteFrame: self._on_quote,
            wire.TradeFrame: self._on_trade,
            wire.OrderFrame: self._on_order,
            wire.FillFrame: self._on_fill,
        }
        by_kind.get(type(frame), self.told)(frame)


class OnFrames(NativeClient):
    """Changes what the stream brings; None loses it."""

    def change(self, frame: Any) -> Any:
        return frame

    def on_frame(self, frame: Any) -> None:
        changed = self.change(frame)
        if changed is not None:
            super().on_frame(changed)


def frames(of: type, change: Callable[[Any], Any]) -> type[NativeClient]:
    class Changed(OnFrames):
        def change(self, frame: Any) -> Any:
            return change(frame) if isinstance(frame, of) else frame

    return Changed


def submits(change: Callable[[wire.SubmitRequest], wire.SubmitRequest]) -> type[NativeClient]:
    class Changed(NativeClient):
        def _request_body(self, command: Any) -> bytes:
            if not isinstance(command, SubmitOrder):
                return super()._request_body(command)
            request = self.mapper.submit_request(command, self._scheduler.now_ns + 10**9)
            return wire.encode(change(request))

    return Changed


def fills(change: Callable[[FillReport], list[FillReport]]) -> type[NativeClient]:
    class Changed(ByKind):
        def _on_fill(self, frame: wire.FillFrame) -> None:
            for report in change(self.mapper.fill(frame.trade, self._scheduler.now_ns)):
                self._post(report)

    return Changed


class CancelsTwice(NativeClient):
    def _release(self, command: Any) -> None:
        super()._release(command)
        if isinstance(command, CancelOrder):
            super()._release(replace(command, command_id=command.command_id + "+"))


class ModifiesTwice(NativeClient):
    def _release(self, command: Any) -> None:
        super()._release(command)
        if isinstance(command, ModifyOrder):
            super()._release(replace(command, command_id=command.command_id + "+"))


class SaysCanceledAndSendsNothing(NativeClient):
    def _release(self, command: Any) -> None:
        if not isinstance(command, CancelOrder):
            super()._release(command)
            return
        now_ns = self._scheduler.now_ns
        report = CanceledReport(
            self.account_id,
            command.instrument_id,
            command.client_order_id,
            command.venue_order_id,
            now_ns,
            now_ns,
            Quantity("0"),
        )
        self._soon(lambda: self._post(report))


class StaysConnected(NativeClient):
    def _disconnect(self, command: Any) -> None:
        pass


class NeverConnects(NativeClient):
    def _connect(self, command: Any) -> None:
        pass


class SendRaises(NativeClient):
    def send(self, command: Command) -> None:
        if isinstance(command, SubmitOrder):
            raise RuntimeError("out of paper")
        super().send(command)


class FrameRaises(ByKind):
    def _on_quote(self, frame: wire.QuoteFrame) -> None:
        raise RuntimeError("cannot read")


class StampsBack(ByKind):
    def _on_quote(self, frame: wire.QuoteFrame) -> None:
        self._post(self.mapper.quote(frame, frame.ts - 10**9))


class InventsCancel(ByKind):
    def _on_order(self, frame: wire.OrderFrame) -> None:
        super()._on_order(frame)
        if frame.event == "ACCEPTED":
            record = replace(frame.order, status="CANCELED")
            report = self.mapper.canceled(record, frame.ts, self._scheduler.now_ns)
            assert isinstance(report, CanceledReport)
            self._post(report)


class WrongFeeRate(NativeClient):
    def _on_instruments(self, status: int, answer: Any, sent_ns: int, late: bool) -> None:
        listed = tuple(replace(record, maker_fee="0.5") for record in answer.instruments)
        super()._on_instruments(status, replace(answer, instruments=listed), sent_ns, late)


class ForgetsInstrument(NativeClient):
    def _on_instruments(self, status: int, answer: Any, sent_ns: int, late: bool) -> None:
        first = answer.instruments[:1]
        super()._on_instruments(status, replace(answer, instruments=first), sent_ns, late)


class RepeatsTrades(ByKind):
    def _on_trade(self, frame: wire.TradeFrame) -> None:
        super()._on_trade(frame)
        super()._on_trade(frame)


class LosesQuotes(ByKind):
    seen = 0

    def _on_quote(self, frame: wire.QuoteFrame) -> None:
        self.seen += 1
        if self.seen % 4:
            super()._on_quote(frame)


_MADE = count()


class NeverTheSame(ByKind):
    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._loses_one = next(_MADE) % 2 == 0

    def _on_quote(self, frame: wire.QuoteFrame) -> None:
        if self._loses_one:
            self._loses_one = False
        else:
            super()._on_quote(frame)


FLIPPED = {"BUY": "SELL", "SELL": "BUY"}


def swap_sizes(frame: wire.QuoteFrame) -> wire.QuoteFrame:
    return replace(frame, bid_size=frame.ask_size, ask_size=frame.bid_size)


def flip(frame: wire.TradeFrame) -> wire.TradeFrame:
    return replace(frame, aggressor=FLIPPED[frame.aggressor])


def untold(event: str) -> type[NativeClient]:
    return frames(wire.OrderFrame, lambda frame: None if frame.event == event else frame)


def terms(**fields: Any) -> type[NativeClient]:
    return submits(lambda request: replace(request, **fields))


def higher(ticks: int) -> type[NativeClient]:
    """Prices sent so much higher; a tick is one mantissa of both instruments."""
    return submits(lambda r: r if r.price is None else replace(r, price=r.price + ticks))


def no_fee(report: FillReport) -> list[FillReport]:
    return [replace(report, commission=report.commission - report.commission)]


def twice_filled(report: FillReport) -> list[FillReport]:
    return [report, replace(report, trade_id=TradeId(f"{report.trade_id}x"))]


NEAR_TRIGGER = submits(
    lambda r: replace(r, trigger_price=None if r.trigger_price is None else r.trigger_price - 1)
)
LATE_EXPIRY = submits(lambda r: replace(r, expire_time_ns=r.expire_time_ns + 2 * 10**9))
HALF_A_CLOSE = submits(lambda r: replace(r, quantity=r.quantity // 2) if r.reduce_only else r)

# what is wrong, the client that does it, the case meant for it, the rule that must say so
MISTAKES: list[tuple[str, type[NativeClient], str, str]] = [
    ("quotes with swapped sizes", frames(wire.QuoteFrame, swap_sizes), "TC-D20", "quotes"),
    ("quotes lost", LosesQuotes, "TC-D20", "quotes"),
    ("another course each time", NeverTheSame, "TC-D20", "G10"),
    ("aggressors flipped", frames(wire.TradeFrame, flip), "TC-D30", "trades"),
    ("trades told twice", RepeatsTrades, "TC-D30", "G5"),
    ("asks lost", frames(wire.BookFrame, lambda f: replace(f, asks=())), "TC-D10", "deltas"),
    (
        "bids lost",
        frames(wire.BookFrame, lambda f: replace(f, bids=())),
        "TC-D11",
        "interval_books",
    ),
    ("a wrong fee rate", WrongFeeRate, "TC-D01", "instruments"),
    ("an instrument forgotten", ForgetsInstrument, "TC-D01", "instruments"),
    ("a wrong fee rate", WrongFeeRate, "TC-D03", "one_instrument"),
    ("market orders all GTC", terms(time_in_force="GTC"), "TC-E03", "ledger_terms"),
    ("limit orders all GTC", terms(time_in_force="GTC"), "TC-E14", "SEQUENCE"),
    ("the expiry lost", terms(expire_time_ns=2 * 10**18), "TC-E17", "ledger_terms"),
    ("the expiry too late", LATE_EXPIRY, "TC-E18", "expires_in_time"),
    ("DAY sent as GTC", terms(time_in_force="GTC"), "TC-E19", "ends_with_the_day"),
    ("IOC sent as FOK", terms(time_in_force="FOK"), "TC-E14", "ioc_remainder"),
    ("too small a size", terms(quantity=100), "TC-E01", "entry_position"),
    ("too small a size", terms(quantity=100), "TC-E01", "average_price"),
    ("half a position closed", HALF_A_CLOSE, "TC-E06", "flat_after_close"),
    ("a price into the market", higher(-20), "TC-E16", "no_fill"),
    ("a price out of the market", higher(-20), "TC-E13", "took_something"),
    ("a trigger one tick near", NEAR_TRIGGER, "TC-E20", "triggers_at_its_tick"),
    ("a trigger not told", untold("TRIGGERED"), "TC-E22", "SEQUENCE"),
    ("fees forgotten", fills(no_fee), "TC-E01", "G2"),
    ("fees forgotten", fills(no_fee), "TC-E02", "G7"),
    ("fills invented", fills(twice_filled), "TC-E15", "G3"),
    ("fills stamped anew", fills(lambda r: [replace(r, ts_event=r.ts_init)]), "TC-E13", "G9"),
    ("fills lost", frames(wire.FillFrame, lambda f: None), "TC-E06", "G9"),
    ("a cancel invented", InventsCancel, "TC-E10", "G4"),
    ("a cancel invented", InventsCancel, "TC-E12", "open_at_both"),
    ("amendments sent twice", ModifiesTwice, "TC-E30", "one_amend"),
    ("amendments sent twice", ModifiesTwice, "TC-E34", "one_amend"),
    ("cancels not sent", SaysCanceledAndSendsNothing, "TC-E32", "never_two_live"),
    ("cancels not sent", SaysCanceledAndSendsNothing, "TC-E41", "nothing_open"),
    ("cancels sent twice", CancelsTwice, "TC-E40", "one_cancel_each"),
    ("cancels sent twice", CancelsTwice, "TC-E42", "one_cancel_each"),
    ("the connection kept", StaysConnected, "TC-D20", "G8"),
    ("never connected", NeverConnects, "TC-D20", "START"),
    ("an exception while sending", SendRaises, "TC-E10", "KERNEL_FAULT"),
    ("an exception while reading", FrameRaises, "TC-D20", "ADAPTER_RAISED"),
    ("a stamp in the past", StampsBack, "TC-D20", "BAD_MESSAGE"),
    *mistakes(frames),
]

# What only a wrong kernel, tester or venue can trip; tried below on altered evidence.
NOT_THE_ADAPTERS = {
    "account_follows_fill",
    "managed_book",
    "one_execution_group",
    "prices_at_offset",
    "second_cancel_is_answered",
}


@pytest.mark.parametrize(
    ("kind", "case", "rule"),
    [mistake[1:] for mistake in MISTAKES],
    ids=[f"{what}, {rule} of {case}" for what, _, case, rule in MISTAKES],
)
def test_a_mistake_trips_the_rule_that_is_meant_for_it(
    kind: type[NativeClient], case: str, rule: str
) -> None:
    report = certify(adapter(kind), "baseline", 2, cases=[case])
    result = report.result(case)
    assert result.verdict is Verdict.FAIL, result.detail
    rules = {found for failure in result.failures for found, _ in failure.findings}
    assert rule in rules, rules


def test_an_amendment_in_spite_of_the_declaration_is_found() -> None:
    def factory(target: Target) -> Adapter:
        client = adapter(NativeClient)(target).execution
        return Adapter(client, client, Capabilities.of("market"))

    result = certify(factory, "baseline", 1, cases=["TC-E36"]).result("TC-E36")
    assert {rule for f in result.failures for rule, _ in f.findings} >= {"no_amend", "SEQUENCE"}


def exhibit_of(case: str) -> Exhibit:
    """A genuine run, judged right, whose evidence may be altered."""
    world = CaseWorld(CASES[case], native, 0, faults=False, with_risk=False, margin=False)
    world.run_until_quiet()
    exhibit = world.exhibit
    assert not judge(exhibit, while_running=False) and not judge_case(exhibit)
    return exhibit


def without(exhibit: Exhibit, kind: type) -> None:
    exhibit.records = [
        replace(record, facts=tuple(fact for fact in record.facts if not isinstance(fact, kind)))
        for record in exhibit.records
    ]


def rules_of(exhibit: Exhibit) -> set[str]:
    return {f.rule for f in (*judge(exhibit, while_running=False), *judge_case(exhibit))}


def test_an_event_applied_twice_is_no_legal_life() -> None:
    exhibit = exhibit_of("TC-E10")
    at = next(i for i, r in enumerate(exhibit.records) if any(map(is_accepted, r.facts)))
    record = exhibit.records[at]
    exhibit.records[at] = replace(record, facts=record.facts * 2)
    assert "G1" in rules_of(exhibit)


def test_trades_at_two_instants_are_no_group() -> None:
    exhibit = exhibit_of("TC-E04")
    first, *rest = exhibit.truth.fills
    exhibit.truth = replace(exhibit.truth, fills=(replace(first, ts=first.ts - 1), *rest))
    assert "one_execution_group" in rules_of(exhibit)


def test_a_fill_without_an_account_state_after_it_is_found() -> None:
    exhibit = exhibit_of("TC-E01")
    without(exhibit, AccountState)
    assert rules_of(exhibit) == {"account_follows_fill"}


def test_a_price_at_another_distance_is_found() -> None:
    exhibit = exhibit_of("TC-E10")
    placed = exhibit.execution.placed
    for name, tick in placed.items():
        placed[name] = replace(tick, bid_mantissa=tick.bid_mantissa + 1)
    assert rules_of(exhibit) == {"prices_at_offset"}


def test_a_second_cancel_that_nobody_answers_is_found() -> None:
    exhibit = exhibit_of("TC-E44")
    without(exhibit, Refused)
    assert rules_of(exhibit) == {"second_cancel_is_answered"}


def test_a_book_that_is_not_the_fold_is_found() -> None:
    exhibit = exhibit_of("TC-D14")
    ts, bids, asks = exhibit.data.managed[3]
    exhibit.data.managed[3] = (ts, bids[1:], asks)
    assert rules_of(exhibit) == {"managed_book"}


def test_every_rule_has_a_mistake_that_trips_it() -> None:
    tripped = {rule for *_, rule in MISTAKES} | {wrong.rule for wrong in WRONG.values()}
    oracles = {oracle.id for oracle in ORACLES} | {SAME_AGAIN}
    assert oracles - tripped == {"G1"}  # the kernel lets no adapter break it
    assert set(CHECKS) - tripped == NOT_THE_ADAPTERS | {"no_amend"}


@pytest.mark.parametrize(
    ("life", "is_legal"),
    [
        ("I", True),
        ("I D", True),
        ("I S R", True),
        ("I S A PU U PX X", True),
        ("I S A PX X F", True),  # a fill that crossed the cancel
        ("I S A F PF", True),  # more than was ordered
        ("S A", False),
        ("I A", False),
        ("I S A X E", False),
        ("I S R A", False),
        ("I S A F X", False),
        ("I D S", False),
    ],
)
def test_a_life_is_legal_or_not(life: str, is_legal: bool) -> None:
    assert matches(_LIFE, tuple(life.split())) is is_legal
