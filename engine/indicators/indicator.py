"""What an actor asks of an indicator it feeds."""

from typing import Protocol

from engine.model.bars import Bar
from engine.model.data import QuoteTick, TradeTick


class Indicator(Protocol):
    """Updated before the callback that sees the same datum; state must hold no float."""

    @property
    def initialized(self) -> bool:
        """True once enough inputs have arrived for the value to mean what its name says."""
        ...

    def handle_quote_tick(self, tick: QuoteTick) -> None: ...

    def handle_trade_tick(self, tick: TradeTick) -> None: ...

    def handle_bar(self, bar: Bar) -> None: ...

    def reset(self) -> None: ...
