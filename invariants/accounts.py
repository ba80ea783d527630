"""Accounts: parts add up to the whole, and the whole is the venue's."""

from collections.abc import Iterator
from typing import Any, ClassVar, cast

from engine.model.events import AccountState
from engine.model.identifiers import AccountId
from invariants.check import Check, Kinds
from invariants.evidence import Evidence
from invariants.violation import Violation


class PartsAddUp(Check):
    facts: ClassVar[Kinds] = (AccountState,)

    def turn(self, evidence: Evidence) -> Iterator[Violation] | None:
        balance: Any  # a compiler leaves its numbers as they are, which may be large
        for state in evidence.account_states:
            for balance in state.balances:
                total, free, locked = balance.total_raw, balance.free_raw, balance.locked_raw
                if total != free + locked:
                    told = f"total {total} is not free {free} + locked {locked} raw"
                    return iter([Violation(state.account_id, told)])
        return None


class BalancesEqualTheVenues(Check):
    def end(self, evidence: Evidence) -> list[Violation] | None:
        wrong: list[Violation] = []
        for truth in evidence.truths():
            account = evidence.view.cache.account(cast(AccountId, truth.account))
            if account is None:
                wrong.append(Violation(truth.account, "the kernel has no such account"))
                continue
            for true in truth.balances:
                balance = account.balances.get(true.currency)
                ours = (balance.total_raw, balance.locked_raw) if balance is not None else (0, 0)
                theirs = (true.total_raw, true.locked_raw)
                if ours != theirs:
                    told = f"total and locked raw {ours}, the venue has {theirs}"
                    wrong.append(Violation(f"{truth.account} {true.currency}", told))
        return wrong or None
