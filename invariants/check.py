"""What judges one property during one run."""

from collections.abc import Callable
from typing import Any, ClassVar

from engine.actor import Actor
from engine.model.native import mypyc_attr
from invariants.evidence import Evidence
from invariants.venue_watch import VenueWatcher
from invariants.violation import Finding

Kinds = tuple[type, ...]  # of messages


@mypyc_attr(allow_interpreted_subclasses=True)
class Check:
    """A property's memory during one run. Override what the property needs.

    The monitor calls only what a subclass overrides, so an idle check costs nothing.

    Attributes:
        patterns: bus patterns that `delivered` subscribes to, behind every other subscriber.
        facts: `turn` is called only when a fact of one of these types was applied; empty: when
            any was, or a command was sent.
        inputs: `turn` is called when the turn began with one of these types, whatever it did.
        sends: `turn` is called when a command was sent; with `facts` or `inputs`: then, too.
        taps: whether `tapped` wants the bus tapped.
        samples: only sampled runs are judged; in any other nothing calls the check.
    """

    patterns: ClassVar[tuple[str, ...]] = ()
    facts: ClassVar[Kinds] = ()
    inputs: ClassVar[Kinds] = ()
    sends: ClassVar[bool] = False
    taps: ClassVar[bool] = False
    samples: ClassVar[bool] = False

    def wants(self) -> "type[Check]":
        """The class that says, by its attributes and by what it overrides, which calls the check
        gets: its own, mostly."""
        return type(self)

    def actor(self) -> Actor | None:
        """An actor to take aboard, for what can only be seen from inside a component."""
        return None

    def listener(
        self, pattern: str, evidence: Evidence, note: Callable[[Finding], None]
    ) -> Callable[[Any], None] | None:
        """A subscriber of the check's own for `pattern`, instead of `delivered`: for one that
        hears much and seldom has anything to say, which it says to `note`."""
        return None

    def log(self, evidence: Evidence) -> list[Any] | None:
        """What is written to when there is something to look at: `logged` is called after the
        turn that finds something in it, behind every `turn`, and it is emptied then."""
        return None

    def watcher(self, venue: str) -> VenueWatcher | None:
        """Who is to hear what happens at this venue, from before the first turn on."""
        return None

    def turn(self, evidence: Evidence) -> Finding:
        """After every turn that applied an event or sent a command; see `facts` and `inputs`."""
        return None

    def every_turn(self, evidence: Evidence) -> Finding:
        """After every turn, market data included: keep it to a few comparisons."""
        return None

    def tapped(self, evidence: Evidence) -> Finding:
        """After a turn in which the tap heard anything but what the bus told, as it told it."""
        return None

    def logged(self, evidence: Evidence) -> Finding:
        """After a turn that found something in `log`."""
        return None

    def dispatched(self, topic: str, message: object, evidence: Evidence) -> Finding:
        """As the bus begins to tell the subscribers of `topic`."""
        return None

    def delivered(self, pattern: str, message: object, evidence: Evidence) -> Finding:
        """As a subscriber of `pattern` hears `message`."""
        return None

    def end(self, evidence: Evidence) -> Finding:
        """Once, after the quiet period; for *eventually* this is the check."""
        return None

    def stopped(self, evidence: Evidence) -> Finding:
        """Once, when a kernel that was asked to stop, or that could not start, has had its time;
        behind `end`, where there was a quiet period."""
        return None
