"""What a user may choose about market data."""

import msgspec

from engine.data.bar_builder import IntervalType
from engine.model.bars import TIME_AGGREGATIONS


class DataEngineConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    Attributes:
        time_bars_interval_type: which bar a tick stamped on an edge belongs to.
        time_bars_timestamp_on_close: left-open bars carry their close in `ts_event`, else their
            open; right-open bars always carry their open.
        time_bars_skip_first_non_full_bar: drop the bar of the interval it was subscribed in.
        time_bars_build_with_no_updates: flat bars for intervals without ticks.
        time_bars_origin_offset_ns: aggregation name ("DAY") to how much later its boundaries lie.
        trade_ids_remembered: per instrument, at least this many of the latest trade ids are
            known; a trade that repeats one is refused. 0 accepts repeats.
        request_timeout_ns: after this long a request for data is answered with TIMEOUT.
        cache_history: what requests bring is put behind what the cache holds.
    """

    time_bars_interval_type: IntervalType = IntervalType.LEFT_OPEN
    time_bars_timestamp_on_close: bool = True
    time_bars_skip_first_non_full_bar: bool = False
    time_bars_build_with_no_updates: bool = True
    time_bars_origin_offset_ns: dict[str, int] = {}
    trade_ids_remembered: int = 1_000
    request_timeout_ns: int = 60_000_000_000
    cache_history: bool = True

    def __post_init__(self) -> None:
        if self.trade_ids_remembered < 0:
            raise ValueError(f"trade_ids_remembered {self.trade_ids_remembered} is negative")
        if self.request_timeout_ns <= 0:
            raise ValueError(f"request_timeout_ns {self.request_timeout_ns} is not positive")
        for name, offset_ns in self.time_bars_origin_offset_ns.items():
            if name not in TIME_AGGREGATIONS:
                raise ValueError(f"no time aggregation {name!r} to offset")
            if offset_ns < 0:
                raise ValueError(f"origin offset of {name} is negative: {offset_ns}")
