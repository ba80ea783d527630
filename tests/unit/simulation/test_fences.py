# ruff: noqa: DTZ001, DTZ005, DTZ011 - naive dates are what this file is about
import contextlib
import datetime
import os
import random
import secrets
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import datetime as captured_datetime
from time import monotonic_ns as captured_monotonic_ns
from types import CodeType

import pytest

from simulation.entropy import SeededEntropy
from simulation.fences import AmbientAccess, Fence, fenced, uninstall

NOW_NS = 1_700_000_000_123_456_789
ORIGINALS = (time.time, random.random, os.urandom, uuid.uuid4, threading.Thread.start)


@pytest.fixture(autouse=True)
def _no_fence_left() -> Iterator[None]:
    yield
    uninstall()


def up(strict: bool = False, seed: int = 1) -> contextlib.AbstractContextManager[Fence]:
    stream = SeededEntropy(seed).stream("user")
    return fenced(lambda: NOW_NS, stream, ("engine", "simulation"), strict)


def as_ours(source: str) -> object:
    """Evaluate `source` as if it stood in a module of ours."""
    code: CodeType = compile(source, "engine/somewhere.py", "eval")
    names = {
        "__name__": "engine.somewhere",
        "time": time,
        "random": random,
        "uuid": uuid,
        "os": os,
        "secrets": secrets,
        "datetime": datetime,
    }
    return eval(code, names)


SOURCES = [
    "time.time()",
    "time.time_ns()",
    "time.monotonic()",
    "time.perf_counter_ns()",
    "datetime.datetime.now()",
    "datetime.datetime.utcnow()",
    "datetime.datetime.today()",
    "datetime.date.today()",
    "random.random()",
    "random.randint(1, 6)",
    "random.shuffle([1, 2])",
    "random.seed(1)",
    "random.Random()",
    "uuid.uuid1()",
    "uuid.uuid4()",
    "os.urandom(8)",
    "secrets.token_hex(8)",
    "secrets.randbelow(9)",
]


@pytest.mark.parametrize("source", SOURCES)
def test_ambient_source_called_from_our_packages_raises_and_names_the_caller(source: str) -> None:
    with up() as fence, pytest.raises(AmbientAccess) as caught:
        as_ours(source)
    assert caught.value.where == "engine/somewhere.py:1"
    assert fence.notes == {}


@pytest.mark.parametrize("source", SOURCES)
def test_ambient_source_called_from_user_code_raises_when_strict(source: str) -> None:
    with up(strict=True), pytest.raises(AmbientAccess) as caught:
        eval(source)
    assert caught.value.where.endswith(":1")


def test_user_code_gets_virtual_time() -> None:
    utc = datetime.datetime(2023, 11, 14, 22, 13, 20, 123456, tzinfo=datetime.UTC)
    with up():
        assert time.time_ns() == time.monotonic_ns() == time.perf_counter_ns() == NOW_NS
        assert time.time() == NOW_NS / 1_000_000_000
        assert captured_monotonic_ns() == NOW_NS
        assert datetime.datetime.now(datetime.UTC) == utc
        assert captured_datetime.now() == utc.replace(tzinfo=None)
        assert datetime.date.today() == utc.date()


def _user_draws() -> list[object]:
    cards = list(range(20))
    random.shuffle(cards)
    return [
        random.random(),
        random.randint(1, 10**9),
        random.choice("abc"),
        random.Random().random(),
        cards,
        uuid.uuid4(),
        uuid.uuid1(),
        os.urandom(8),
        secrets.token_hex(8),
    ]


def test_user_code_draws_from_the_user_stream() -> None:
    with up():
        first = _user_draws()
    with up():
        random.seed()  # must not matter
        assert _user_draws() == first
    with up(seed=2):
        assert _user_draws() != first


def test_user_calls_are_noted_by_what_and_where() -> None:
    with up() as fence:
        for _ in range(3):
            time.time()
    ((what, where),) = fence.notes
    assert what == "time.time"
    assert where.startswith(f"{__name__}:")
    assert list(fence.notes.values()) == [3]


REFUSED: list[Callable[[], object]] = [
    lambda: socket.socket(),  # noqa: PLW0108
    lambda: socket.create_connection(("localhost", 1)),
    lambda: threading.Thread(target=print).start(),
    lambda: subprocess.run(["true"], check=False),
    lambda: os.fork(),  # noqa: PLW0108 - looked up when called
    lambda: os.system("true"),
]


@pytest.mark.parametrize("act", REFUSED)
def test_sockets_threads_and_processes_raise_whoever_asks(act: Callable[[], object]) -> None:
    with up(), pytest.raises(AmbientAccess) as caught:
        act()
    assert __file__ in caught.value.where


def test_seeded_generator_of_the_users_own_is_left_alone() -> None:
    expected = random.Random(5).random()
    with up() as fence:
        assert random.Random(5).random() == expected
    assert fence.notes == {}


def test_other_threads_notice_nothing() -> None:
    seen: list[object] = []
    ready, done = threading.Event(), threading.Event()

    def other() -> None:
        ready.wait(5)
        seen.extend((time.time(), datetime.datetime.now().year, socket.socket().close()))
        done.set()

    thread = threading.Thread(target=other)
    thread.start()
    with up():
        ready.set()
        done.wait(5)
    thread.join(5)
    assert isinstance(seen[0], float)
    assert seen[0] != NOW_NS / 1_000_000_000
    assert seen[2] is None


def test_dates_stay_dates_under_a_fence() -> None:
    before = datetime.datetime(2020, 1, 1)
    with up():
        made = datetime.datetime(2020, 1, 1)
        assert made == before
        assert isinstance(made, captured_datetime)
        assert isinstance(before, datetime.datetime)
        assert isinstance(before, datetime.date)
        assert not isinstance(before.date(), datetime.datetime)
        assert issubclass(type(made), datetime.datetime)
        assert datetime.datetime.fromisoformat("2020-01-01") == before
    assert type(made) is captured_datetime


def test_fence_ends_with_its_block_even_when_that_raises() -> None:
    with pytest.raises(KeyError), up():
        raise KeyError("x")
    assert time.time() != NOW_NS / 1_000_000_000
    assert as_ours("time.time()")
    assert datetime.datetime is captured_datetime
    socket.socket().close()


def test_inner_fence_holds_and_the_outer_one_comes_back() -> None:
    stream = SeededEntropy(1).stream("user")
    with up() as outer:
        with fenced(lambda: 5, stream, ("engine",)) as inner:
            assert time.time_ns() == 5
        assert time.time_ns() == NOW_NS
    assert len(inner.notes) == len(outer.notes) == 1


def test_uninstall_restores_every_original() -> None:
    with up(), pytest.raises(RuntimeError, match="still fenced"):
        uninstall()
    uninstall()
    assert (time.time, random.random, os.urandom, uuid.uuid4, threading.Thread.start) == ORIGINALS
    assert captured_monotonic_ns is time.monotonic_ns
    assert sys.modules["random"]._urandom is os.urandom  # type: ignore[attr-defined]
