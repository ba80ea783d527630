"""Settings of the execution engine. Times are nanoseconds."""

import msgspec

SECOND_NS = 1_000_000_000


class ExecutionEngineConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the execution engine treats overfills, silence and disagreement.

    Attributes:
        allow_overfills: an overfill is always applied; unless allowed it also alerts and halts.
        inflight_threshold_ns: a request without an outcome for this long is asked about.
        query_retry_initial_ns, query_retry_max_ns: wait before asking again after a query that
            proved nothing; doubles from the first to the second.
        query_alert_after: queries that proved nothing before a person is told.
        fills_overlap_ns: how far before the last fill seen a reconcile pass asks for fills: at
            least as long as a dead stream can go unnoticed.
        balance_recheck_ns: a difference of balances is looked at again after this long, and
            announced only if it is still the same.
    """

    allow_overfills: bool = False
    inflight_threshold_ns: int = 5 * SECOND_NS
    query_retry_initial_ns: int = SECOND_NS // 2
    query_retry_max_ns: int = 8 * SECOND_NS
    query_alert_after: int = 5
    fills_overlap_ns: int = 60 * SECOND_NS
    balance_recheck_ns: int = SECOND_NS

    def __post_init__(self) -> None:
        for name in (
            "inflight_threshold_ns",
            "query_retry_initial_ns",
            "query_retry_max_ns",
            "query_alert_after",
            "balance_recheck_ns",
        ):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} {getattr(self, name)} is not positive")
        if self.fills_overlap_ns < 0:
            raise ValueError(f"fills_overlap_ns {self.fills_overlap_ns} is negative")
        if self.query_retry_max_ns < self.query_retry_initial_ns:
            raise ValueError("query_retry_max_ns is below query_retry_initial_ns")

    def retry_after_ns(self, attempts: int) -> int:
        """The wait after the `attempts`-th query (from 1) that proved nothing."""
        doublings = min(attempts - 1, 40)  # far beyond any maximum, and the shift stays small
        return min(self.query_retry_initial_ns << doublings, self.query_retry_max_ns)
