"""A token names one run and survives being written down; whatever is no token is refused."""

import sys
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulation.token import SEED_LIMIT, Token, TokenError, code_hash

CODE = "0123456789ab"


@pytest.mark.parametrize(
    ("text", "token"),
    [
        ("default@0", Token("default", 0)),
        (f"default@7#{CODE}", Token("default", 7, CODE)),
        ("my.module:storm@12", Token("my.module:storm", 12)),
        ("default[faults=calm]@1", Token("default", 1, faults="calm")),
        (
            f"a:b[faults=flaky,market=ba9876543210,bug=some-bug]@9#{CODE}",
            Token("a:b", 9, CODE, "flaky", "ba9876543210", "some-bug"),
        ),
        (f"default@{SEED_LIMIT - 1}", Token("default", SEED_LIMIT - 1)),
    ],
)
def test_a_token_reads_and_writes_the_same_text(text: str, token: Token) -> None:
    assert Token.parse(text) == token
    assert str(token) == text


@given(
    st.builds(
        Token,
        st.from_regex(r"[a-z]{1,8}(\.[a-z]{1,8})?(:[a-z]{1,8})?", fullmatch=True),
        st.integers(0, SEED_LIMIT - 1),
        st.sampled_from(["", CODE]),
        st.from_regex(r"[a-z]{0,6}", fullmatch=True),
        st.sampled_from(["", CODE]),
        st.from_regex(r"[a-z]{0,3}(-[a-z]{1,3})?", fullmatch=True),
    )
)
def test_every_token_is_read_back_from_what_it_writes(token: Token) -> None:
    assert Token.parse(str(token)) == token


@pytest.mark.parametrize(
    "text",
    [
        "",
        "default",
        "default@",
        "@1",
        "default@1 ",
        " default@1",
        "default@-1",
        "default@1.0",
        "default@\u0661",  # a digit, and not one of ours
        "default@1#",
        "default@1#0123",
        "default@1#0123456789AB",
        "default@1@2",
        "de fault@1",
        "1default@1",
        "a:b:c@1",
        "a:@1",
        ":a@1",
        "default[@1",
        "default[]]@1",
        "default[faults=calm]x@1",
        "default@1\n",
    ],
)
def test_what_is_no_token_is_refused(text: str) -> None:
    with pytest.raises(TokenError, match="not a token"):
        Token.parse(text)


@pytest.mark.parametrize("seed", [str(SEED_LIMIT), "9" * 5000])
def test_a_seed_that_is_too_large_is_refused(seed: str) -> None:
    with pytest.raises(TokenError, match="seeds are below"):
        Token.parse(f"default@{seed}")


@pytest.mark.parametrize(
    "options", ["faults", "colour=red", "faults=calm,faults=calm", "faults=calm,x=1"]
)
def test_an_option_that_is_unknown_or_given_twice_is_named(options: str) -> None:
    with pytest.raises(TokenError, match="schedule= or near=, once each"):
        Token.parse(f"default[{options}]@1")


@pytest.mark.parametrize("option", ["faults=", "market=123", "market=xyzxyzxyzxyz", "bug=a b"])
def test_an_option_whose_value_cannot_be_is_named(option: str) -> None:
    with pytest.raises(TokenError, match="cannot be right"):
        Token.parse(f"default[{option}]@1")


def test_leading_zeros_of_a_seed_mean_nothing() -> None:
    assert Token.parse("default@007") == Token("default", 7)


def test_the_code_hash_covers_the_users_modules_below_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    without = code_hash()
    module = ModuleType("tests_of_mine")
    module.__file__ = str(tmp_path / "tests_of_mine.py")
    (tmp_path / "tests_of_mine.py").write_text("X = 1\n")
    monkeypatch.setitem(sys.modules, "tests_of_mine", module)
    one = code_hash()
    assert one != without
    assert code_hash() == one
    (tmp_path / "tests_of_mine.py").write_text("X = 2\n")
    assert code_hash() != one
    (tmp_path / "tests_of_mine.py").write_bytes(b"X = 1\r\n")
    assert code_hash() == one  # the line ends of another system are no other code


def test_the_code_hash_leaves_out_what_is_installed_or_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "here"
    installed = here / ".venv" / "site-packages"
    installed.mkdir(parents=True)
    monkeypatch.chdir(here)
    without = code_hash()
    for name, folder in (("one_installed", installed), ("one_elsewhere", tmp_path)):
        (folder / f"{name}.py").write_text("")
        module = ModuleType(name)
        module.__file__ = str(folder / f"{name}.py")
        monkeypatch.setitem(sys.modules, name, module)
    assert code_hash() == without
