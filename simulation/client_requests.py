"""Requests under way: one ending each, within a bounded time, and no faster than allowed.

A request ends when its answer arrives, when the host refuses the connection, or when the client
has waited long enough. An answer after that is *late*: still news, no second ending.
"""

from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Final

from simulation.network import Network
from simulation.scheduler import Handle, Scheduler
from simulation.venue.protocol import (
    BANNED,
    NOT_A_MESSAGE,
    RATE_LIMITED,
    AnswerBody,
    Refusal,
    decode_answer,
)

SECOND: Final = 1_000_000_000

# why a request ended without a readable answer
TIMEOUT: Final = "TIMEOUT"
REFUSED_CONNECTION: Final = "REFUSED_CONNECTION"
UNREADABLE: Final = "UNREADABLE"

OnAnswer = Callable[[int, AnswerBody, int, bool], None]  # status, answer, sent_ns, late
OnSilence = Callable[[str, int], None]  # why, sent_ns


class Pace:
    """How fast requests may leave: so many per second with a burst, none during a ban.

    Args:
        per_second: requests per second in the long run, >= 1.
        burst: how many may leave at once after a rest, >= 1.
    """

    __slots__ = ("_burst_ns", "_due_ns", "_period_ns", "banned_until_ns")

    def __init__(self, per_second: int, burst: int) -> None:
        if per_second < 1 or burst < 1:
            raise ValueError(f"{per_second} per second in bursts of {burst} lets nothing through")
        self._period_ns = SECOND // per_second
        self._burst_ns = (burst - 1) * self._period_ns
        self._due_ns = 0  # when the next one would leave at an even pace
        self.banned_until_ns = 0

    def ready_ns(self, now_ns: int) -> int:
        """When the next request may leave; not after `now_ns` when it may leave at once."""
        return max(self.banned_until_ns, self._due_ns - self._burst_ns)

    def take(self, now_ns: int) -> bool:
        """Let one request leave now, if it may."""
        if self.ready_ns(now_ns) > now_ns:
            return False
        self._due_ns = max(self._due_ns, now_ns) + self._period_ns
        return True


class Requests:
    """Sends requests to one host and keeps those that have not ended.

    Args:
        timeout_ns: how long an answer is waited for.
    """

    __slots__ = (
        "_drain",
        "_host",
        "_is_abandoned",
        "_network",
        "_pending",
        "_scheduler",
        "_timeout_ns",
        "_waiting",
        "pace",
    )

    def __init__(
        self, scheduler: Scheduler, network: Network, host: str, timeout_ns: int, pace: Pace
    ) -> None:
        self._scheduler = scheduler
        self._network = network
        self._host = host
        self._timeout_ns = timeout_ns
        self.pace = pace
        self._pending: dict[str, _Pending] = {}
        self._waiting: deque[tuple[bytes, _Pending]] = deque()
        self._drain: Handle | None = None
        self._is_abandoned = False

    def __len__(self) -> int:
        """How many have not ended, those that wait for their turn included."""
        return len(self._pending) + len(self._waiting)

    def send_now(
        self, request_id: str, body: bytes, on_answer: OnAnswer, on_silence: OnSilence
    ) -> bool:
        """Send at once. False: the pace forbids it, nothing was sent and nothing follows."""
        if not self.pace.take(self._scheduler.now_ns):
            return False
        self._send(body, _Pending(request_id, on_answer, on_silence))
        return True

    def send_in_turn(
        self, request_id: str, body: bytes, on_answer: OnAnswer, on_silence: OnSilence
    ) -> None:
        """Send as soon as the pace allows, in the order asked for."""
        self._waiting.append((body, _Pending(request_id, on_answer, on_silence)))
        self._send_waiting()

    def ban(self, retry_after_ns: int) -> None:
        """The venue turned us away: send nothing for so long."""
        until_ns = self._scheduler.now_ns + max(retry_after_ns, 0)
        self.pace.banned_until_ns = max(self.pace.banned_until_ns, until_ns)

    def abandon(self) -> None:
        """Forget everything: nobody is called back any more."""
        self._is_abandoned = True
        for pending in self._pending.values():
            pending.cancel_timeout()
        self._pending = {}
        self._waiting.clear()
        if self._drain is not None:
            self._drain.cancel()
            self._drain = None

    def _send_waiting(self) -> None:
        waiting = self._waiting
        now_ns = self._scheduler.now_ns
        while waiting and self.pace.take(now_ns):
            body, pending = waiting.popleft()
            self._send(body, pending)
        if waiting and (self._drain is None or not self._drain.is_pending):
            self._drain = self._scheduler.at(self.pace.ready_ns(now_ns), self._send_waiting)

    def _send(self, body: bytes, pending: "_Pending") -> None:
        scheduler = self._scheduler
        pending.sent_ns = scheduler.now_ns
        self._pending[pending.request_id] = pending
        pending.timeout = scheduler.after(
            self._timeout_ns, partial(self._end_in_silence, pending, TIMEOUT)
        )
        self._network.request(
            self._host,
            body,
            partial(self._answered, pending),
            partial(self._failed, pending),
        )

    def _answered(self, pending: "_Pending", status: int, body: bytes) -> None:
        if self._is_abandoned:
            return
        try:
            answer = decode_answer(body)
        except NOT_A_MESSAGE:
            answer = None
        if answer is None or answer.request_id != pending.request_id:
            self._end_in_silence(pending, UNREADABLE)
            return
        if status in (BANNED, RATE_LIMITED) and isinstance(answer, Refusal):
            self.ban(answer.retry_after_ns)
        late = self._pending.pop(pending.request_id, None) is None
        pending.cancel_timeout()
        pending.on_answer(status, answer, pending.sent_ns, late)

    def _failed(self, pending: "_Pending", reason: str) -> None:
        if not self._is_abandoned:
            self._end_in_silence(pending, REFUSED_CONNECTION)

    def _end_in_silence(self, pending: "_Pending", why: str) -> None:
        if self._pending.pop(pending.request_id, None) is not None:
            pending.cancel_timeout()
            pending.on_silence(why, pending.sent_ns)


def reason_of(answer: AnswerBody) -> str:
    """Why the venue refused, in its own words; else the name of what it answered."""
    if isinstance(answer, Refusal):
        return f"{answer.code}: {answer.reason}" if answer.reason else answer.code
    return type(answer).__name__


class _Pending:
    __slots__ = ("on_answer", "on_silence", "request_id", "sent_ns", "timeout")

    def __init__(self, request_id: str, on_answer: OnAnswer, on_silence: OnSilence) -> None:
        self.request_id = request_id
        self.on_answer = on_answer
        self.on_silence = on_silence
        self.sent_ns = 0
        self.timeout: Handle | None = None

    def cancel_timeout(self) -> None:
        if self.timeout is not None:
            self.timeout.cancel()
