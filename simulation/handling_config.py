"""How roughly a run is handled, beside its faults."""

import msgspec

Odds = tuple[int, int]  # numerator, denominator


class Handling(msgspec.Struct, frozen=True):
    """What goes on around the kernel that no venue and no network does.

    Attributes:
        hearsay_ms: mean virtual time between two words that say nothing true, or nothing new.
        sloppy: odds that an adapter has a given habit: it leaves out what it may leave out, says
            things twice or late, asks a replica that lags.
        stops_early: odds that a seed's kernel is asked to stop while it is being hurt. Every
            other one is asked when the quiet has been judged.
        closed: odds that no venue of a seed opens before the kernel has given up its start.
    """

    hearsay_ms: int = 800
    sloppy: Odds = (1, 2)
    stops_early: Odds = (1, 8)
    closed: Odds = (1, 16)

    def __post_init__(self) -> None:
        if self.hearsay_ms < 1:
            raise ValueError(f"hearsay_ms {self.hearsay_ms} is no time between two words")
        for name in ("sloppy", "stops_early", "closed"):
            numerator, denominator = getattr(self, name)
            if not 0 <= numerator <= denominator or denominator < 1:
                raise ValueError(f"{name}: {numerator} in {denominator} are no odds")
