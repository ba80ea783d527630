"""Positions: the signed sum of their fills, and a clean step through flat."""

from collections.abc import Iterator
from decimal import Decimal
from typing import ClassVar, Final

import msgspec

from engine.model.enums import BUY, PositionSide
from engine.model.events import OrderFilled, PositionClosed, PositionOpened, PositionSettled
from engine.model.identifiers import PositionId
from engine.model.instruments import CurrencyPair
from engine.model.positions import Position
from invariants.check import Check, Kinds
from invariants.evidence import Evidence
from invariants.truth import Truth
from invariants.violation import Violation

_FLAT: Final = PositionSide.FLAT
_LONG: Final = PositionSide.LONG
_SHORT: Final = PositionSide.SHORT

_Flip = tuple[int, OrderFilled, int]  # the place of a fill, the fill, what it leaves


def signed_raw(fill: OrderFilled, evidence: Evidence) -> int:
    """What a fill adds to its position, raw; a fee taken in the base asset takes some away."""
    signed: int = fill.last_qty.raw
    if fill.side is not BUY:
        signed = -signed
    instrument = evidence.view.cache.instrument(fill.instrument_id)
    if type(instrument) is CurrencyPair:
        commission = fill.commission
        if commission.currency.code == instrument.base_currency.code:
            signed -= commission.raw
    return signed


class OwnedRest:
    """A number of an instrument on an account of some strategy's."""

    __slots__ = ("account_id", "instrument_id", "raw")

    def __init__(self, instrument_id: str, account_id: str) -> None:
        self.instrument_id = instrument_id
        self.account_id = account_id
        self.raw = 0


def rest_of(
    rests: dict[str, list[OwnedRest]], strategy_id: str, what: OrderFilled | Position
) -> OwnedRest:
    """The one that a fill or a position of that strategy belongs to."""
    instrument_id: str = what.instrument_id
    account_id: str = what.account_id
    of_strategy = rests.get(strategy_id)
    if of_strategy is None:
        of_strategy = rests[strategy_id] = []
    for rest in of_strategy:
        if rest.instrument_id == instrument_id and rest.account_id == account_id:
            return rest
    rest = OwnedRest(instrument_id, account_id)
    of_strategy.append(rest)
    return rest


def _is_beyond(opened: PositionId, closed: PositionId) -> bool:
    """Whether a fill through `closed` may open `opened`: itself, but for a virtual one."""
    if not closed.is_virtual:
        return opened == closed
    return opened != closed and opened.rstrip("F") == closed.rstrip("F")


def _crosses(held: int, after: int) -> bool:
    """Whether a fill that leaves `after` of what was `held` went through flat."""
    return held != 0 and after != 0 and (held > 0) != (after > 0)


def _assign(sums: dict[str, int], position_id: PositionId, held: int, signed: int) -> None:
    """Add a fill to its position, which held so much; what goes through a virtual one belongs
    beyond it."""
    if not _crosses(held, held + signed) or not position_id.is_virtual:
        sums[position_id] = held + signed
        return
    sums[position_id] = 0
    beyond = f"{position_id}F"
    while beyond in sums:
        beyond += "F"
    sums[beyond] = held + signed


def _owner(fill: OrderFilled) -> PositionId | None:
    """The position a fill is assigned to, if it may be: where the venue keeps positions apart,
    the venue's or the one of a strategy that nets."""
    position_id, theirs = fill.position_id, fill.venue_position_id
    if (theirs is None or theirs == position_id) or position_id == (
        f"{fill.instrument_id}-{fill.account_id}-{fill.strategy_id}"
    ):
        return position_id
    return None


def _side(signed: int) -> PositionSide:
    if signed == 0:
        return _FLAT
    return _LONG if signed > 0 else _SHORT


class PositionIsTheSumOfItsFills(Check):
    """What a fee in the base asset leaves of a close, less than one step of the venue, is set aside
    as dust: it counts, and no more than one such rest with each fill is dust."""

    facts: ClassVar[Kinds] = (OrderFilled, PositionSettled)

    def __init__(self) -> None:
        self._sums: dict[str, int] = {}
        self._dust: dict[str, int] = {}

    def turn(self, evidence: Evidence) -> Iterator[Violation] | None:
        sums = self._sums
        wrong: tuple[Violation, ...] = ()
        for fact in evidence.record.facts:
            if type(fact) is OrderFilled:
                position_id = fact.position_id
                if _owner(fact) is None:
                    told = f"assigned to {position_id}, the venue's is {fact.venue_position_id}"
                    wrong += (Violation(fact.trade_id, told),)
                held = sums.get(position_id, 0)
                _assign(sums, position_id, held, signed_raw(fact, evidence))
            elif type(fact) is PositionSettled:
                held = sums.get(fact.position_id, 0)
                if abs(held) != fact.last_qty.raw:
                    told = f"settled {fact.last_qty}, its fills sum to {held} raw"
                    wrong += (Violation(fact.position_id, told),)
                sums[fact.position_id] = 0
        for position in evidence.view.positions_touched():
            expected, dust = sums.get(position.id, 0), position.dust_raw
            if position.signed_raw + dust != expected:
                told = f"holds {position.signed_raw} raw, its fills sum to {expected}"
                if dust:
                    told += f", {dust} is dust"
                wrong += (Violation(position.id, told),)
            if dust != self._dust.get(position.id, 0):
                wrong += tuple(self._more_dust(position, evidence))
            if position.side is not _side(expected - dust):
                told = f"is {position.side.name}, its fills sum to {expected - dust} raw"
                wrong += (Violation(position.id, told),)
        return iter(wrong) if wrong else None

    def _more_dust(self, position: Position, evidence: Evidence) -> Iterator[Violation]:
        before, now = self._dust.get(position.id, 0), position.dust_raw
        self._dust[position.id] = now
        instrument = evidence.view.cache.instrument(position.instrument_id)
        step = 0 if instrument is None else instrument.size_increment.raw
        fills = sum(fill.position_id == position.id for fill in evidence.fills)
        if abs(now - before) >= fills * step:
            yield Violation(position.id, f"set {now - before} raw aside, the step is {step}")

    def end(self, evidence: Evidence) -> list[Violation] | None:
        held: dict[str, int] = {}
        wrong: list[Violation] = []
        for position in evidence.view.positions():
            raw = held.get(position.instrument_id, 0) + position.signed_raw + position.dust_raw
            held[position.instrument_id] = raw
        for truth in evidence.truths():
            net = _net_of(truth)
            for instrument_id, raw in sorted(net.items()):
                if held.get(instrument_id, 0) != raw:
                    told = f"kernel holds {held.get(instrument_id, 0)} raw, the venue {raw}"
                    wrong.append(Violation(instrument_id, told))
        return wrong or None


def _net_of(truth: Truth) -> dict[str, int]:
    """What the account holds by the venue's word, raw by instrument."""
    net: dict[str, int] = {}
    of, base, raw = "", "", 0  # the instrument spoken of, what is traded in it, its net so far
    for fill in truth.fills:
        instrument_id = fill.instrument_id
        if instrument_id != of:
            if of:
                net[of] = raw
            of, base, raw = instrument_id, instrument_id.partition("/")[0], 0
            if of in net:
                raw = net[of]
        signed: int = fill.quantity_raw
        raw += signed if fill.side == "BUY" else -signed
        if fill.fee_currency == base:
            raw -= fill.fee_raw
    if of:
        net[of] = raw
    for settlement in truth.settlements:
        net[settlement.instrument_id] = 0
    return net


class NettingHoldsOnePosition(Check):
    facts: ClassVar[Kinds] = (OrderFilled,)

    def __init__(self) -> None:
        self._right: dict[PositionId, OrderFilled] = {}  # the last fill judged to belong there

    def turn(self, evidence: Evidence) -> Iterator[Violation] | None:
        hedging = evidence.hedging
        if not hedging:
            return None
        wrong: tuple[Violation, ...] = ()
        for fill in evidence.fills:
            position_id = fill.position_id
            right = self._right.get(position_id)
            if (
                right is not None
                and right.strategy_id == fill.strategy_id
                and right.account_id == fill.account_id
                and right.instrument_id == fill.instrument_id
            ):
                continue
            apart = hedging.get((fill.strategy_id, fill.instrument_id.venue))
            netted = f"{fill.instrument_id}-{fill.account_id}-{fill.strategy_id}"
            if apart is None:
                told = f"a fill of {fill.strategy_id}, and there is no such strategy"
                wrong += (Violation(fill.trade_id, told),)
            elif (position_id == netted) is apart:
                ask = "keeps positions apart" if apart else "nets"
                told = f"assigned to {position_id}, and {fill.strategy_id} {ask} there"
                wrong += (Violation(fill.trade_id, told),)
            else:
                self._right[position_id] = fill
        return iter(wrong) if wrong else None


class FlipClosesThenOpens(Check):
    """A fee in the instrument itself moves what is held by rules that are POS-1's to judge: a
    position that ever paid one is left to it."""

    facts: ClassVar[Kinds] = (OrderFilled, PositionSettled)

    def __init__(self) -> None:
        self._sums: dict[str, int] = {}
        self._paid_in_kind: dict[PositionId, None] = {}

    def turn(self, evidence: Evidence) -> Iterator[Violation] | None:
        flips: tuple[_Flip, ...] = ()
        sums = self._sums
        facts = evidence.record.facts
        for index, fact in enumerate(facts):
            if type(fact) is OrderFilled:
                position_id = fact.position_id
                signed, quantity = signed_raw(fact, evidence), fact.last_qty.raw
                if signed != quantity and signed != -quantity:
                    self._paid_in_kind[position_id] = None
                if self._paid_in_kind and position_id in self._paid_in_kind:
                    continue
                before = sums.get(position_id, 0)
                _assign(sums, position_id, before, signed)
                if _crosses(before, before + signed):
                    flips += ((index, fact, before + signed),)
            elif type(fact) is PositionSettled:
                sums[fact.position_id] = 0
        return self._check(facts, flips) if flips else None

    def _check(
        self, facts: tuple[msgspec.Struct, ...], flips: tuple[_Flip, ...]
    ) -> Iterator[Violation]:
        for index, fill, after in flips:
            steps = [
                fact
                for fact in facts[index + 1 :]
                if isinstance(fact, (PositionClosed, PositionOpened))
                and fact.position_id.rstrip("F") == fill.position_id.rstrip("F")
            ][:2]
            if [type(step) for step in steps] != [PositionClosed, PositionOpened]:
                shown = ", ".join(type(step).__name__ for step in steps) or "no position event"
                yield Violation(fill.position_id, f"a fill through flat gave {shown}")
                continue
            closed, opened = steps
            if closed.position_id != fill.position_id or not _is_beyond(
                opened.position_id, fill.position_id
            ):
                yield Violation(
                    fill.position_id, f"closed {closed.position_id}, opened {opened.position_id}"
                )
            if closed.quantity.raw != 0:
                yield Violation(fill.position_id, f"closed holding {closed.quantity}")
            if opened.quantity.raw != abs(after):
                yield Violation(
                    fill.position_id, f"opened with {opened.quantity}, expected raw {abs(after)}"
                )
            if Decimal(opened.avg_px_open) != fill.last_px.as_decimal():
                yield Violation(
                    fill.position_id,
                    f"opened at {opened.avg_px_open}, the fill was at {fill.last_px}",
                )
