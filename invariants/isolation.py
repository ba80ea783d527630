"""Isolation: what belongs to one strategy, instrument and account moves nothing of another's."""

from collections.abc import Iterator
from typing import Any

from engine.model.commands import CancelOrder, ModifyOrder, SubmitOrder
from engine.model.events import OrderFilled, OrderInitialized
from engine.model.native import i64
from invariants.check import Check
from invariants.evidence import Evidence
from invariants.positions import OwnedRest, rest_of, signed_raw
from invariants.violation import Violation

_Owner = tuple[str, str, str]  # strategy, instrument, account


class NobodyTouchesAnothers(Check):
    def __init__(self) -> None:
        self._strategy: dict[str, str] = {}  # of each order, as it was made
        self._fills: list[OrderFilled] = []
        self._wrong: list[Violation] = []  # what the running turn did

    def turn(self, evidence: Evidence) -> Iterator[Violation] | None:
        strategy_of, wrong = self._strategy, self._wrong
        for fact in evidence.order_events:
            name = fact.client_order_id
            if type(fact) is OrderInitialized:
                strategy_of[name] = fact.strategy_id
                continue
            owner, strategy_id = strategy_of.get(name), fact.strategy_id
            if owner is not strategy_id and owner != strategy_id:
                told = f"{type(fact).__name__} of {strategy_id}, it is {owner}'s"
                wrong.append(Violation(name, told))
        for command in evidence.record.commands:
            if type(command) is SubmitOrder:
                name = command.order.client_order_id
                if command.position_id is not None:
                    position = evidence.view.cache.position(command.position_id)
                    if position is None or position.strategy_id != command.strategy_id:
                        told = f"is for {command.position_id}, no position of {command.strategy_id}"
                        wrong.append(Violation(name, told))
            elif type(command) is CancelOrder or type(command) is ModifyOrder:
                name = command.client_order_id
            else:
                continue
            owner, strategy_id = strategy_of.get(name), command.strategy_id
            if owner is not strategy_id and owner != strategy_id:
                kind = type(command).__name__
                wrong.append(Violation(name, f"{kind} by {strategy_id}, it is {owner}'s"))
        tap = evidence.tap
        topics, messages = tap.topics, tap.messages
        place: i64
        for place in range(tap.before, len(topics)):
            topic = topics[place]
            addressee = topic.addressee
            if addressee:
                event: Any = messages[place]
                strategy_id = event.strategy_id
                if strategy_id is not addressee:
                    if strategy_id == addressee:
                        topic.addressee = strategy_id  # the same text: is told by a look from now
                        continue
                    told = f"{type(event).__name__} of {strategy_id} was told on {topic.name}"
                    wrong.append(Violation(strategy_id, told))
        if evidence.fills:
            self._fills.extend(evidence.fills)
        if not wrong:
            return None
        self._wrong = []
        return iter(wrong)

    def end(self, evidence: Evidence) -> Iterator[Violation] | None:
        return None if self._adds_up(evidence) else self._judge(evidence)

    def _adds_up(self, evidence: Evidence) -> bool:
        """Whether `_judge` finds nothing: asked without its words and sums."""
        rests: dict[str, list[OwnedRest]] = {}  # by strategy: what is filled and not held
        strategy_of = self._strategy
        for fill in self._fills:
            rest = rest_of(rests, strategy_of.get(fill.client_order_id, ""), fill)
            rest.raw += signed_raw(fill, evidence)
        for position in evidence.view.positions():
            rest = rest_of(rests, position.strategy_id, position)
            rest.raw -= position.signed_raw + position.dust_raw + position.settled_raw
        for of_strategy in rests.values():
            for rest in of_strategy:
                if rest.raw:
                    return False
        return True

    def _judge(self, evidence: Evidence) -> Iterator[Violation]:
        held: dict[_Owner, int] = {}
        sums: dict[_Owner, int] = {}
        owner: _Owner
        for fill in self._fills:
            strategy_id = self._strategy.get(fill.client_order_id, "")
            owner = strategy_id, fill.instrument_id, fill.account_id
            sums[owner] = sums.get(owner, 0) + signed_raw(fill, evidence)
        for position in evidence.view.positions():
            owner = position.strategy_id, position.instrument_id, position.account_id
            # dust and what was settled came by its fills, too
            raw = position.signed_raw + position.dust_raw + position.settled_raw
            held[owner] = held.get(owner, 0) + raw
        for owner in sorted({**held, **sums}):
            if held.get(owner, 0) != sums.get(owner, 0):
                told = f"holds {held.get(owner, 0)} raw, its fills sum to {sums.get(owner, 0)}"
                yield Violation(" ".join(owner), told)
