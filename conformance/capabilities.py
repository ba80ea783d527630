"""What an adapter says it can do. The certificate asks for all of it, and for nothing else.

An adapter declares a `Capabilities`; a case names what it needs. A case whose needs are not
declared is skipped, and the skip names what was missing. What this kernel itself has no words for
yet stands in `NOT_IN_MODEL`: such a case is skipped too, whatever the adapter declares, because a
pass would be made up.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

import msgspec


class Capability(StrEnum):
    # execution
    MARKET = "market"
    SHORT = "short"
    IOC = "ioc"
    FOK = "fok"
    GTD = "gtd"
    DAY = "day"
    QUOTE_QTY = "quote_qty"
    STOP_MARKET = "stop_market"
    STOP_LIMIT = "stop_limit"
    MIT = "mit"
    LIT = "lit"
    MODIFY = "modify"
    MODIFY_STOP = "modify_stop"
    BATCH_CANCEL = "batch_cancel"
    BRACKET = "bracket"
    POST_ONLY = "post_only"
    REDUCE_ONLY = "reduce_only"
    DISPLAY_QTY = "display_qty"
    # data
    INSTRUMENT_SUB = "instrument_sub"
    BOOK = "book"
    BOOK_DEPTH = "book_depth"
    BOOK_SNAPSHOT = "book_snapshot"
    BOOK_HIST = "book_hist"
    QUOTE_HIST = "quote_hist"
    TRADE_HIST = "trade_hist"
    BARS = "bars"
    BARS_HIST = "bars_hist"
    DERIVATIVE = "derivative"
    PERPETUAL = "perpetual"
    STATUS = "status"
    CLOSE = "close"
    UNSUB = "unsub"


C = Capability

# What no adapter can be asked for through this kernel yet, and the word that is missing.
NOT_IN_MODEL: Final[Mapping[Capability, str]] = {
    C.MIT: "there is no order type MARKET_IF_TOUCHED",
    C.LIT: "there is no order type LIMIT_IF_TOUCHED",
    C.BRACKET: "there are no order lists",
    C.DISPLAY_QTY: "an order has no display quantity",
}


class Capabilities(msgspec.Struct, frozen=True):
    """What one adapter declares.

    Attributes:
        declared: each once, in the order of `Capability`.
    """

    declared: tuple[Capability, ...] = ()

    @classmethod
    def of(cls, *names: str) -> "Capabilities":
        """
        Raises:
            ValueError: a word that is no capability, or one said twice.
        """
        declared = [Capability(name) for name in names]
        if len(dict.fromkeys(declared)) != len(declared):
            raise ValueError(f"a capability is declared twice in {', '.join(names)}")
        return cls(tuple(capability for capability in Capability if capability in declared))

    def has(self, capability: Capability) -> bool:
        return capability in self.declared
