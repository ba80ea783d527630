"""Fences around a run: ambient time, chance and I/O cannot leak in unseen.

While a thread is fenced, a call to an ambient source is judged by who made it: the innermost
caller outside the standard library. One of our packages: `AmbientAccess`. A user's code: virtual time
and the seeded user stream answer, and the fence notes it (`strict`: `AmbientAccess` too).
Sockets, threads and processes raise whoever asks. Other threads notice nothing.

The stand-ins are installed in the interpreter once, at the first fence, and pass every call on
when the calling thread is not fenced; entering a fence only says so. This is the one place in
`simulation` with process-wide state, because what it guards is process-wide.

Not reachable from here: sources that an installed library took by name (`from time import time`)
before the first fence, and what C code asks of the machine by itself.
"""

import datetime as datetime_module
import os
import random
import socket
import subprocess
import sys
import sysconfig
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from types import BuiltinFunctionType, FrameType, FunctionType, MethodType, ModuleType
from typing import Any, Final

from simulation.entropy import Stream

OUR_PACKAGES: Final = ("engine", "invariants", "simulation", "conformance", "zoo", "seatrial")

_TIMES: Final = (
    "time",
    "time_ns",
    "monotonic",
    "monotonic_ns",
    "perf_counter",
    "perf_counter_ns",
    "process_time",
    "process_time_ns",
)
_RANDOM_FUNCTIONS: Final = (
    "betavariate",
    "choice",
    "choices",
    "expovariate",
    "gammavariate",
    "gauss",
    "getrandbits",
    "lognormvariate",
    "normalvariate",
    "paretovariate",
    "randbytes",
    "randint",
    "random",
    "randrange",
    "sample",
    "shuffle",
    "triangular",
    "uniform",
    "vonmisesvariate",
    "weibullvariate",
)
_FORKS: Final = ("fork", "forkpty", "posix_spawn", "posix_spawnp", "system")
_FUNCTION_TYPES: Final = (BuiltinFunctionType, FunctionType, MethodType)
_REAL_DATE: Final = datetime_module.date
_REAL_DATETIME: Final = datetime_module.datetime


class AmbientAccess(Exception):
    """Code under a fence reached for something that is not of the run.

    Attributes:
        what: the source: "time.time", "random.choice", "socket", ...
        where: file:line of the caller.
    """

    def __init__(self, what: str, where: str) -> None:
        super().__init__(f"{what} called at {where}")
        self.what = what
        self.where = where


class Fence:
    """One fenced thread.

    Attributes:
        notes: (what, module:line of the caller) -> how often user code was answered.
    """

    __slots__ = ("_packages", "_random", "_strict", "_user_stream", "clock_ns", "notes")

    def __init__(
        self,
        clock_ns: Callable[[], int],
        user_stream: Stream,
        packages: tuple[str, ...],
        strict: bool,
    ) -> None:
        self.clock_ns = clock_ns
        self.notes: dict[tuple[str, str], int] = {}
        self._user_stream = user_stream
        self._random: _UserRandom | None = None
        self._packages = packages
        self._strict = strict

    @property
    def random(self) -> "_UserRandom":
        if self._random is None:
            self._random = _UserRandom(self._user_stream)
        return self._random

    def judge(self, what: str) -> None:
        """Note a call that user code made; raise for one that ours made."""
        frame = _caller()
        module = str(frame.f_globals.get("__name__", "?"))
        if self._strict or module.partition(".")[0] in self._packages:
            raise AmbientAccess(what, f"{frame.f_code.co_filename}:{frame.f_lineno}")
        key = (what, f"{module}:{frame.f_lineno}")  # no path: notes are part of an outcome
        self.notes[key] = self.notes.get(key, 0) + 1

    def refuse(self, what: str) -> None:
        frame = _caller()
        raise AmbientAccess(what, f"{frame.f_code.co_filename}:{frame.f_lineno}")

    def random_bytes(self, size: int) -> bytes:
        below = self._user_stream.below
        return bytes([below(256, "byte") for _ in range(size)])


@contextmanager
def fenced(
    clock_ns: Callable[[], int],
    user_stream: Stream,
    packages: tuple[str, ...] = OUR_PACKAGES,
    strict: bool = False,
) -> Iterator[Fence]:
    """Fence the calling thread. Fences nest; the innermost holds.

    Args:
        clock_ns: Virtual time, nanoseconds since 1970.
        user_stream: What user code's chance is drawn from.
        packages: Top-level packages whose calls raise.
        strict: A user's calls raise too.
    """
    fence = Fence(clock_ns, user_stream, packages, strict)
    thread = threading.get_ident()
    outer = _STATE.fences.get(thread)
    _STATE.install()
    _STATE.fences[thread] = fence
    _STATE.swap_datetimes()
    try:
        yield fence
    finally:
        if outer is None:
            del _STATE.fences[thread]
        else:
            _STATE.fences[thread] = outer
        if not _STATE.fences:
            _STATE.restore_datetimes()


def uninstall() -> None:
    """Take the stand-ins out of the interpreter again.

    Raises:
        RuntimeError: a thread is still fenced.
    """
    if _STATE.fences:
        raise RuntimeError("a thread is still fenced")
    _STATE.uninstall()


class _State:
    """What is installed, and which threads are fenced."""

    __slots__ = ("_dated", "_installed", "_modules_seen", "_swapped", "fences")

    def __init__(self) -> None:
        self.fences: dict[int, Fence] = {}
        self._installed: list[tuple[object, str, Any, Any]] = []  # owner, name, was, is
        self._dated: list[tuple[ModuleType, str, type, type]] = []  # module, name, was, is
        self._modules_seen = 0
        self._swapped = False

    def install(self) -> None:
        if self._installed:
            return
        for owner, name, stand_in in _stand_ins():
            was = getattr(owner, name)
            setattr(owner, name, stand_in)
            self._installed.append((owner, name, was, stand_in))
        self._replace_captured()

    def uninstall(self) -> None:
        for owner, name, was, stand_in in reversed(self._installed):
            if getattr(owner, name, None) is stand_in:  # else somebody patched over us
                setattr(owner, name, was)
        self._installed = []
        self._dated = []
        self._modules_seen = 0

    def _replace_captured(self) -> None:
        """`from time import time` made before the first fence: give those names ours too."""
        stand_ins = {
            was: stand_in
            for owner, _, was, stand_in in self._installed
            if isinstance(owner, ModuleType)
        }
        for module in tuple(sys.modules.values()):
            if _is_library_module(module):
                continue
            for name, value in tuple(vars(module).items()):
                if isinstance(value, _FUNCTION_TYPES) and value in stand_ins:
                    stand_in = stand_ins[value]
                    setattr(module, name, stand_in)
                    self._installed.append((module, name, value, stand_in))

    def swap_datetimes(self) -> None:
        # Only while a fence is up: a subclass in the place of a built-in class is felt more
        # widely (pickling, annotations) than a function in the place of a function.
        if self._swapped and len(sys.modules) == self._modules_seen:
            return
        if len(sys.modules) != self._modules_seen:
            self._modules_seen = len(sys.modules)
            self._dated = list(_date_names())
        for module, name, was, stand_in in self._dated:
            if vars(module).get(name) is was:
                setattr(module, name, stand_in)
        self._swapped = True

    def restore_datetimes(self) -> None:
        for module, name, was, stand_in in self._dated:
            if vars(module).get(name) is stand_in:
                setattr(module, name, was)
        self._swapped = False


_STATE: Final = _State()


# --- who called -------------------------------------------------------------------------------


def _roots(*names: str) -> tuple[str, ...]:
    paths = sysconfig.get_paths()
    return tuple(paths[name].rstrip(os.sep) + os.sep for name in names)


_STANDARD_ROOTS: Final = (*_roots("stdlib", "platstdlib"), "<frozen ")
_INSTALLED_ROOTS: Final = _roots("purelib", "platlib")


def _is_library_module(module: ModuleType) -> bool:
    file: str | None = getattr(module, "__file__", None)
    if file is None:
        return module.__name__ != "__main__"
    if module.__name__.partition(".")[0] in OUR_PACKAGES:
        return False
    return file.startswith(_STANDARD_ROOTS) or file.startswith(_INSTALLED_ROOTS)


def _caller() -> FrameType:
    """The innermost frame outside the standard library and this module.

    Installed packages count as the user's: a strategy may well be one.
    """
    last = sys._getframe(1)
    frame: FrameType | None = last
    while frame is not None:
        last = frame
        file = frame.f_code.co_filename
        if file.startswith(_INSTALLED_ROOTS):
            return frame
        if file != __file__ and not file.startswith(_STANDARD_ROOTS):
            return frame
        frame = frame.f_back
    return last


# --- what stands in for what ------------------------------------------------------------------


def _stand_ins() -> Iterator[tuple[object, str, object]]:
    for name in _TIMES:
        yield time, name, _time(name)
    for name in _RANDOM_FUNCTIONS:
        yield random, name, _random_function(name)
    yield random, "seed", _random_seed()
    yield random.Random, "__init__", _random_init()
    urandom = _urandom()
    yield os, "urandom", urandom
    yield random, "_urandom", urandom  # what SystemRandom, and so `secrets`, draws from
    yield uuid, "uuid1", _uuid(1)
    yield uuid, "uuid4", _uuid(4)
    yield socket.socket, "__init__", _refusing(socket.socket.__init__, "socket")
    yield threading.Thread, "start", _refusing(threading.Thread.start, "threading.Thread.start")
    yield subprocess.Popen, "__init__", _refusing(subprocess.Popen.__init__, "subprocess")
    for name in _FORKS:
        if hasattr(os, name):
            yield os, name, _refusing(getattr(os, name), f"os.{name}")


def _fence() -> Fence | None:
    return _STATE.fences.get(threading.get_ident())


def _time(name: str) -> Callable[[], int | float]:
    original: Callable[[], int | float] = getattr(time, name)
    what = f"time.{name}"
    in_ns = name.endswith("_ns")

    @wraps(original)
    def stand_in() -> int | float:
        fence = _fence()
        if fence is None:
            return original()
        fence.judge(what)
        now_ns = fence.clock_ns()
        return now_ns if in_ns else now_ns / 1_000_000_000

    return stand_in


def _random_function(name: str) -> Callable[..., object]:
    original: Callable[..., object] = getattr(random, name)
    what = f"random.{name}"

    @wraps(original)
    def stand_in(*args: Any, **kwargs: Any) -> object:
        fence = _fence()
        if fence is None:
            return original(*args, **kwargs)
        fence.judge(what)
        result: object = getattr(fence.random, name)(*args, **kwargs)
        return result

    return stand_in


def _random_seed() -> Callable[..., None]:
    original = random.seed

    @wraps(original)
    def stand_in(*args: Any, **kwargs: Any) -> None:
        fence = _fence()
        if fence is None:
            original(*args, **kwargs)
            return
        fence.judge("random.seed")  # the user stream is seeded already, and stays so

    return stand_in


def _random_init() -> Callable[..., None]:
    original = random.Random.__init__

    @wraps(original)
    def stand_in(self: random.Random, x: Any = None) -> None:
        if x is None and type(self) is random.Random:
            fence = _fence()
            if fence is not None:
                fence.judge("random.Random()")
                x = fence.random.getrandbits(64)
        original(self, x)

    return stand_in


def _urandom() -> Callable[[int], bytes]:
    original = os.urandom

    @wraps(original)
    def stand_in(size: int, /) -> bytes:
        fence = _fence()
        if fence is None:
            return original(size)
        fence.judge("os.urandom")
        return fence.random_bytes(size)

    return stand_in


def _uuid(version: int) -> Callable[..., uuid.UUID]:
    original: Callable[..., uuid.UUID] = getattr(uuid, f"uuid{version}")
    what = f"uuid.uuid{version}"

    @wraps(original)
    def stand_in(*args: Any, **kwargs: Any) -> uuid.UUID:
        fence = _fence()
        if fence is None:
            return original(*args, **kwargs)
        fence.judge(what)
        return uuid.UUID(bytes=fence.random_bytes(16), version=version)

    return stand_in


def _refusing(original: Callable[..., Any], what: str) -> Callable[..., Any]:
    @wraps(original)
    def stand_in(*args: Any, **kwargs: Any) -> Any:
        fence = _fence()
        if fence is not None:
            fence.refuse(what)
        return original(*args, **kwargs)

    return stand_in


class _UserRandom(random.Random):
    """The `random` functions of user code, drawn from the user stream."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        super().__init__(0)

    def random(self) -> float:
        return self._stream.below(1 << 53, "random") / (1 << 53)

    def getrandbits(self, k: int, /) -> int:
        if k < 0:
            raise ValueError("number of bits must be non-negative")
        return self._stream.below(1 << k, "bits")


def _date_names() -> Iterator[tuple[ModuleType, str, type, type]]:
    """Every name under which a module that is no library holds the two classes, and theirs."""
    yield datetime_module, "date", _REAL_DATE, _Date
    yield datetime_module, "datetime", _REAL_DATETIME, _Datetime
    for module in tuple(sys.modules.values()):
        if _is_library_module(module) or module.__name__ == __name__:
            continue
        for name, value in tuple(vars(module).items()):
            if value is _REAL_DATETIME:
                yield module, name, _REAL_DATETIME, _Datetime
            elif value is _REAL_DATE:
                yield module, name, _REAL_DATE, _Date


class _DateType(type):
    """Makes the stand-in classes agree with the real ones about who is an instance."""

    def __instancecheck__(cls, instance: object) -> bool:
        real = _REAL_DATETIME if cls.__name__ == "_Datetime" else _REAL_DATE
        return isinstance(instance, real)

    def __subclasscheck__(cls, subclass: type) -> bool:
        real = _REAL_DATETIME if cls.__name__ == "_Datetime" else _REAL_DATE
        return issubclass(subclass, real)


class _Date(datetime_module.date, metaclass=_DateType):
    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        return _REAL_DATE(*args, **kwargs)

    @classmethod
    def today(cls) -> Any:
        fence = _fence()
        if fence is None:
            return _REAL_DATE.today()
        fence.judge("date.today")
        return _utc(fence.clock_ns()).date()


class _Datetime(datetime_module.datetime, metaclass=_DateType):
    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        return _REAL_DATETIME(*args, **kwargs)

    @classmethod
    def now(cls, tz: datetime_module.tzinfo | None = None) -> Any:
        fence = _fence()
        if fence is None:
            return _REAL_DATETIME.now(tz)
        fence.judge("datetime.now")
        utc = _utc(fence.clock_ns())
        # local time is of the machine, so without a zone it is UTC under a fence
        return utc.replace(tzinfo=None) if tz is None else utc.astimezone(tz)

    @classmethod
    def utcnow(cls) -> Any:
        fence = _fence()
        if fence is None:
            return _REAL_DATETIME.now(datetime_module.UTC).replace(tzinfo=None)
        fence.judge("datetime.utcnow")
        return _utc(fence.clock_ns()).replace(tzinfo=None)

    @classmethod
    def today(cls) -> Any:
        fence = _fence()
        if fence is None:
            return _REAL_DATETIME.today()
        fence.judge("datetime.today")
        return _utc(fence.clock_ns()).replace(tzinfo=None)


def _utc(now_ns: int) -> datetime_module.datetime:
    epoch = _REAL_DATETIME(1970, 1, 1, tzinfo=datetime_module.UTC)
    return epoch + datetime_module.timedelta(microseconds=now_ns // 1000)
