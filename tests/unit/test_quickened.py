"""Compiled code that remembers what it looked up answers as if it looked anew each time."""

import importlib
import os
import random
import shutil
import subprocess
import sys
import sysconfig
from collections import defaultdict
from collections.abc import Iterator
from enum import StrEnum
from functools import partial
from pathlib import Path
from types import ModuleType

import pytest

from benchmarks.quickened import remember

SOURCE = """
from typing import Any
import outside
from outside import LIMIT, Message, Odd, Virtual

def limit() -> object:
    return LIMIT

def bids(messages: list[Any]) -> list[object]:
    return [message.bid for message in messages]

def spoken(things: list[Any]) -> list[object]:
    return [thing.speak(2) for thing in things]

def joined(things: list[Any]) -> list[object]:
    return [outside.join(thing) for thing in things]

def of_kind(things: list[Any]) -> list[bool]:
    return [isinstance(thing, Message) for thing in things]

def of_virtual(things: list[Any]) -> list[bool]:
    return [isinstance(thing, Virtual) for thing in things]

def of_odd(things: list[Any]) -> list[bool]:
    return [isinstance(thing, Odd) for thing in things]

def read_each(thing: Any, names: tuple[str, ...]) -> list[object]:
    return [getattr(thing, name) for name in names]

def read_both(thing: Any) -> list[object]:
    return [getattr(thing, name) for name in ("bid", "ask")]

def read_either(thing: Any, which: bool) -> object:
    return getattr(thing, "bid" if which else "ask")

def kept(n: int) -> list[object]:
    return [n, -n]

def product(a: int, b: int) -> int:
    return a * b

def item(names: dict[Any, Any], key: Any) -> object:
    return names[key]

def item_or_none(names: dict[Any, Any], key: Any) -> object:
    return names.get(key)

def has(names: dict[Any, Any], key: Any) -> bool:
    return key in names

def call(called: Any, given: Any) -> object:
    return called(given)

def call_named(called: Any, given: Any) -> object:
    return called(given, times=given)

def twice(n: int) -> int:
    return 2 * n

class Compiled:
    def speak(self, times: int) -> str:
        return "compiled " * times
"""
OUTSIDE = """
import abc

LIMIT = 1

def join(thing):
    return f"<{thing}>"

class Message:
    __slots__ = ("ask", "bid")
    def __init__(self, bid):
        self.bid = bid
    def speak(self, times):
        return "message " * times

class Swapped:
    __slots__ = ("bid", "zest")  # they lie in alphabetical order
    def __init__(self, bid):
        self.bid = bid

class Special(Message):
    __slots__ = ()
    def speak(self, times):
        return "special " * times

class Open:
    bid = 7
    def speak(self, times):
        return "open " * times

class Twin:
    __slots__ = ("ask", "bid")

class Pretender:
    @property
    def __class__(self):
        return Message

class Virtual(abc.ABC):
    pass

class Judge(type):
    answer = False
    def __instancecheck__(cls, thing):
        return Judge.answer

class Odd(metaclass=Judge):
    pass

class Computed:
    @property
    def bid(self):
        return 8
"""
BUILD = """
import sys
from pathlib import Path
from mypyc.build import mypycify
from setuptools import Distribution
from setuptools.command.build_ext import build_ext
from benchmarks.quickened import remember
extensions = mypycify(
    ["quick.py"], opt_level="0", multi_file=True, group_name="quick", target_dir="c"
)
counts = remember(Path("c"))
assert all(counts) and counts[-1] == 4, counts  # each sort is in the source above
command = build_ext(Distribution({"name": "quick", "ext_modules": extensions}))
command.inplace = True
command.ensure_finalized()
command.run()
"""


@pytest.fixture(scope="module")
def outside_and_quick(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[ModuleType, ModuleType]]:
    compiler = str(sysconfig.get_config_var("CC") or "cc").split()[0]
    if shutil.which(compiler) is None:
        pytest.skip("there is no C compiler")
    home = tmp_path_factory.mktemp("quick")
    (home / "quick.py").write_text(SOURCE)
    (home / "outside.py").write_text(OUTSIDE)
    (home / "mypy.ini").write_text("[mypy]\ncheck_untyped_defs = False\n")
    root = str(Path(__file__).resolve().parents[2])
    subprocess.run(
        [sys.executable, "-c", BUILD],
        cwd=home,
        env=os.environ | {"PYTHONPATH": f"{root}{os.pathsep}{home}"},
        check=True,
        capture_output=True,
    )
    sys.path.insert(0, str(home))
    try:
        quick = importlib.import_module("quick")
        yield sys.modules["outside"], quick
    finally:
        sys.path.remove(str(home))
        for name in ("outside", "quick", "quick__mypyc"):
            sys.modules.pop(name, None)


def test_a_global_that_is_set_anew_is_seen(outside_and_quick) -> None:
    _, quick = outside_and_quick
    assert [quick.limit(), quick.limit()] == [1, 1]
    quick.LIMIT = 2
    assert quick.limit() == 2
    del quick.LIMIT
    with pytest.raises(KeyError, match="LIMIT"):
        quick.limit()
    quick.LIMIT = 1


def test_a_field_is_read_wherever_its_type_keeps_it(outside_and_quick) -> None:
    outside, quick = outside_and_quick
    kinds = (outside.Message, outside.Swapped, outside.Special)
    messages = [kind(number) for number, kind in enumerate(kinds * 4)]
    assert quick.bids(messages) == list(range(12))


def test_a_field_without_a_value_is_refused_after_many_that_had_one(outside_and_quick) -> None:
    outside, quick = outside_and_quick
    assert quick.bids([outside.Message(1)] * 9) == [1] * 9
    empty = outside.Message(1)
    del empty.bid
    with pytest.raises(AttributeError, match="bid"):
        quick.bids([empty])


def test_a_field_whose_name_is_not_the_same_each_time_is_that_of_the_name(
    outside_and_quick,
) -> None:
    outside, quick = outside_and_quick
    message = outside.Message(1)
    message.ask = 2
    for _ in range(3):
        assert quick.read_each(message, ("ask", "bid", "ask")) == [2, 1, 2]
        assert quick.read_both(message) == [1, 2]
        assert [quick.read_either(message, which) for which in (True, False, True)] == [1, 2, 1]


def test_what_is_no_slot_is_read_by_the_general_rule(outside_and_quick) -> None:
    outside, quick = outside_and_quick
    opened = outside.Open()
    things = [outside.Computed(), opened, outside.Message(1)] * 6
    assert quick.bids(things) == [8, 7, 1] * 6
    opened.bid = 9
    assert quick.bids(things) == [8, 9, 1] * 6


def test_a_class_that_is_changed_is_looked_at_anew(outside_and_quick) -> None:
    outside, quick = outside_and_quick
    message = outside.Message(1)
    slot = outside.Message.__dict__["bid"]
    assert quick.bids([message] * 3) == [1] * 3
    outside.Message.bid = property(lambda self: 5)
    try:
        assert quick.bids([message] * 3) == [5] * 3
    finally:
        outside.Message.bid = slot
    assert quick.bids([message] * 3) == [1] * 3


def test_a_method_is_that_of_the_objects_own_class(outside_and_quick) -> None:
    outside, quick = outside_and_quick
    things = [quick.Compiled(), outside.Message(1), outside.Special(2), outside.Open()] * 3
    said = [f"{kind} " * 2 for kind in ("compiled", "message", "special", "open")] * 3
    assert quick.spoken(things) == said


def test_a_method_that_is_replaced_in_class_or_object_is_called(outside_and_quick) -> None:
    outside, quick = outside_and_quick
    things = [outside.Message(1), outside.Open()]
    assert quick.spoken(things * 3) == ["message message ", "open open "] * 3
    was = outside.Message.speak
    outside.Message.speak = lambda self, times: times
    things[1].speak = lambda times: -times
    try:
        assert quick.spoken(things) == [2, -2]
    finally:
        outside.Message.speak = was


def test_a_wrong_call_of_a_remembered_method_is_refused(outside_and_quick) -> None:
    _, quick = outside_and_quick
    assert quick.spoken([quick.Compiled()] * 2) == ["compiled compiled "] * 2
    with pytest.raises(AttributeError, match="speak"):
        quick.spoken([object()])


def test_a_name_of_another_module_that_is_replaced_there_is_seen(outside_and_quick) -> None:
    outside, quick = outside_and_quick
    assert quick.joined([1, 2]) == ["<1>", "<2>"]
    was = outside.join
    outside.join = lambda thing: thing
    try:
        assert quick.joined([1, 2]) == [1, 2]
    finally:
        outside.join = was


def test_the_class_of_an_object_is_asked_of_the_object(outside_and_quick) -> None:
    outside, quick = outside_and_quick
    things = [outside.Message(1), outside.Special(1), outside.Open(), outside.Pretender(), 1, "x"]
    assert quick.of_kind(things * 4) == [True, True, False, True, False, False] * 4


def test_a_class_that_answers_for_itself_is_asked_each_time(outside_and_quick) -> None:
    outside, quick = outside_and_quick
    things = [outside.Open(), 1]
    assert quick.of_virtual(things * 2) == [False] * 4
    outside.Virtual.register(outside.Open)
    assert quick.of_virtual(things * 2) == [True, False] * 2
    assert quick.of_odd(things) == [False, False]
    outside.Judge.answer = True
    assert quick.of_odd(things) == [True, True]


def test_an_object_that_gets_another_class_is_of_that(outside_and_quick) -> None:
    outside, quick = outside_and_quick
    thing = outside.Twin()
    assert quick.of_kind([thing] * 3) == [False] * 3
    thing.__class__ = outside.Message
    assert quick.of_kind([thing, outside.Twin()] * 3) == [True, False] * 3


EDGES = [0, 1, 2, 5, 6, 256, 257, 2**15, 2**29, 2**30 - 1, 2**30, 2**31, 10**9, 10**18]
EDGES += [2**32, 2**59, 2**60 - 1, 2**60, 2**61, 2**62 - 1, 2**62, 2**62 + 1, 2**63, 2**64, 10**30]


def test_integers_that_are_kept_are_equal_whatever_their_size(outside_and_quick) -> None:
    _, quick = outside_and_quick
    for edge in EDGES:
        for n in (edge, -edge):
            kept = quick.kept(n)
            assert kept == [n, -n]
            assert [str(each) for each in kept] == [str(n), str(-n)]
            assert [hash(each) for each in kept] == [hash(n), hash(-n)]


def test_small_integers_are_the_interpreters_own(outside_and_quick) -> None:
    _, quick = outside_and_quick
    for n in range(-5, 257):
        assert quick.kept(n)[0] is n


def test_products_are_exact_whatever_their_size(outside_and_quick) -> None:
    _, quick = outside_and_quick
    signed = [sign * edge for edge in EDGES for sign in (1, -1)]
    for a in signed:
        for b in signed:
            found = quick.product(a, b)
            assert found == a * b
            assert str(found) == str(a * b)


class Name(str):
    __slots__ = ()


class Loud(str):
    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return str(self).upper() == str(other).upper()

    def __hash__(self) -> int:
        return hash(str(self).upper())


class Tone(StrEnum):
    LOW = "1"
    HIGH = "key 2"


KEYS: list[object] = [f"key {n}" for n in range(40)] + [Name(f"key {n}") for n in range(20, 60)]
KEYS += [*range(-7, 60), 2**30 - 1, 2**30, 2**60 - 1, 2**60, 2**61 - 2, 2**61 - 1, 2**64]
KEYS += [True, 1.0, 2.5, None, (1, "key 2"), Loud("key 3"), Loud("KEY 4"), *Tone, "ä", "日", ""]


def _answers(quick: ModuleType, names: dict[object, object], key: object) -> None:
    expected = names.get(key)
    assert quick.has(names, key) is (key in names)
    assert quick.item_or_none(names, key) is expected
    if key in names:
        assert quick.item(names, key) is expected
    else:
        with pytest.raises(KeyError):
            quick.item(names, key)


def test_a_dictionary_answers_for_any_key_as_it_is_filled_and_emptied(outside_and_quick) -> None:
    _, quick = outside_and_quick
    chance = random.Random(7)
    for _ in range(40):
        names: dict[object, object] = {}
        for _ in range(chance.choice((3, 30, 300))):
            key = chance.choice(KEYS)
            if chance.random() < 0.3:
                names.pop(key, None)
            else:
                names[key] = object()
        for key in KEYS:
            _answers(quick, names, key)


def test_equal_keys_that_are_not_the_same_object_are_found(outside_and_quick) -> None:
    _, quick = outside_and_quick
    names: dict[object, object] = {"".join(("key ", str(n))): n for n in range(9)}
    numbers: dict[object, object] = {n * 10**9: n for n in range(300)}
    for n in range(9):
        assert quick.item(names, f"key {n}") == quick.item(names, Name(f"key {n}")) == n
    for n in range(300):
        assert quick.item(numbers, n * 10**9) == quick.item(numbers, float(n * 10**9)) == n


@pytest.mark.parametrize("size", [200, 300, 50_000, 70_000])
def test_a_large_dictionary_is_searched_to_its_end(outside_and_quick, size: int) -> None:
    _, quick = outside_and_quick
    for names in ({n: n for n in range(size)}, {f"{n}": n for n in range(size)}):
        keys = list(names)
        assert all(quick.item(names, key) == names[key] for key in keys)
        for key in keys[::3]:
            del names[key]
        assert all(quick.has(names, key) == (key in names) for key in keys)


def test_the_names_of_an_object_are_a_dictionary_too(outside_and_quick) -> None:
    outside, quick = outside_and_quick
    things = [outside.Open(), outside.Open()]
    for n, thing in enumerate(things):
        thing.first, thing.second = n, -n
        _answers(quick, vars(thing), "first")
        _answers(quick, vars(thing), "third")
    assert quick.item_or_none(vars(things[1]), "second") == -1


def test_a_dictionary_with_a_rule_for_what_is_missing_keeps_it(outside_and_quick) -> None:
    _, quick = outside_and_quick
    names = defaultdict(int, {"there": 1})
    assert quick.item(names, "there") == 1
    assert quick.item(names, "missing") == 0


def test_whatever_can_be_called_is_called(outside_and_quick) -> None:
    outside, quick = outside_and_quick
    kinds = [abs, str, quick.twice, quick.Compiled().speak, lambda given: given, Name]
    kinds += [partial(pow, 2), outside.Message(1).speak, outside.Message, [3, 1, 2].count]
    for called in kinds * 2:
        found, expected = quick.call(called, 2), called(2)
        assert type(found) is type(expected)
        assert isinstance(expected, outside.Message) or found == expected
    assert quick.call_named(lambda given, times: given * times, 3) == 9
    assert quick.call(quick.Compiled.speak.__get__(quick.Compiled()), 1) == "compiled "


def test_a_call_that_fails_fails_as_it_would_anyway(outside_and_quick) -> None:
    _, quick = outside_and_quick
    with pytest.raises(TypeError, match="not callable"):
        quick.call(7, 1)
    with pytest.raises(TypeError):
        quick.call(quick.twice, "text")
    with pytest.raises(TypeError, match="at most 1 argument"):
        quick.call_named(quick.twice, 1)
    with pytest.raises(ZeroDivisionError):
        quick.call(lambda given: 1 // (given - given), 1)


def test_text_without_look_ups_stays_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "__native_some.c"
    text = "    cpy_r_r1 = CPyDict_GetItem(cpy_r_levels, cpy_r_price);\n"
    file.write_text(text)
    assert remember(tmp_path) == [0] * 8
    assert file.read_text().startswith(text)
