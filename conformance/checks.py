"""What single cases look for beside the global oracles, by the names that cases use.

Each check is a sentence (its docstring) and says what it found. `STEADY` ones hold under faults
too; the others describe the course of things when nothing is wrong.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from conformance import data_checks as data
from conformance import execution_checks as execution
from conformance import request_checks as requests
from conformance.evidence import Exhibit, Finding

Check = Callable[[Exhibit], Iterator[str]]


def judge(exhibit: Exhibit) -> list[Finding]:
    """What the case's own checks find."""
    return [
        Finding(name, detail)
        for name in exhibit.case.checks
        if exhibit.calm or name in STEADY
        for detail in CHECKS[name](exhibit)
    ]


_ALL: Final[tuple[Check, ...]] = (
    data.instruments,
    data.one_instrument,
    data.quotes,
    data.trades,
    data.deltas,
    data.managed_book,
    data.interval_books,
    data.instrument_updates,
    data.depth_images,
    requests.answered_once,
    requests.past_quotes,
    requests.past_trades,
    requests.past_book_changes,
    requests.snapshots,
    execution.ledger_terms,
    execution.prices_at_offset,
    execution.open_at_both,
    execution.nothing_open,
    execution.entry_position,
    execution.average_price,
    execution.account_follows_fill,
    execution.one_execution_group,
    execution.flat_after_close,
    execution.bought_for_the_amount,
    execution.took_something,
    execution.no_fill,
    execution.ioc_remainder,
    execution.expires_in_time,
    execution.ends_with_the_day,
    execution.triggers_at_its_tick,
    execution.one_amend,
    execution.no_amend,
    execution.never_two_live,
    execution.one_cancel_each,
    execution.one_batch_of_all,
    execution.second_cancel_is_answered,
)
CHECKS: Final[Mapping[str, Check]] = {check.__name__: check for check in _ALL}
STEADY: Final = (
    "instruments",
    "one_instrument",
    "quotes",
    "trades",
    "deltas",
    "managed_book",
    "interval_books",
    "instrument_updates",
    "depth_images",
    "answered_once",
    "past_quotes",
    "past_trades",
    "past_book_changes",
    "snapshots",
    "ledger_terms",
    "account_follows_fill",
    "no_fill",
    "ioc_remainder",
    "expires_in_time",
    "never_two_live",
)
