"""`seatrial` is the face: what it lists is what there is, and nothing slips in beside it."""

from enum import EnumMeta
from types import ModuleType

import seatrial


def test_every_public_name_is_there() -> None:
    missing = [name for name in seatrial.__all__ if not hasattr(seatrial, name)]
    assert not missing, f"listed and not there: {missing}"


def test_public_names_are_listed_once_and_in_order() -> None:
    listed = list(seatrial.__all__)
    assert len(set(listed)) == len(listed)
    # constants, then classes, then functions, each by name: the order the linter keeps
    assert listed == sorted(listed, key=_rank)


def test_nothing_else_is_public() -> None:
    """Submodules appear as attributes once imported; everything else is listed or private."""
    beside = [
        name
        for name, value in vars(seatrial).items()
        if not name.startswith("_")
        and not isinstance(value, ModuleType)
        and name not in seatrial.__all__
    ]
    assert not beside, f"public and not listed: {beside}"


def test_a_star_import_gives_exactly_the_list() -> None:
    names: dict[str, object] = {}
    exec("from seatrial import *", names)
    names.pop("__builtins__")
    assert sorted(names) == sorted(seatrial.__all__)


def test_every_public_class_and_function_says_what_it_is() -> None:
    """Enums aside: their members say it."""
    silent = [
        name
        for name in seatrial.__all__
        if callable(value := getattr(seatrial, name))
        and not isinstance(value, EnumMeta)
        and not (value.__doc__ or "").strip()
    ]
    assert not silent, f"without a docstring: {silent}"


def _rank(name: str) -> tuple[int, str]:
    if name.isupper():
        return (0, name)
    return (1 if name[0].isupper() else 2, name)
