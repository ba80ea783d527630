"""Lets the tests here import what stands beside them, and gives them a browser where there is one."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

import chromium


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[chromium.Browser]:
    program = chromium.found()
    if program is None:
        pytest.skip("no chromium on this machine (Debian: apt-get install chromium)")
    with chromium.Browser(program, tmp_path_factory.mktemp("profile")) as opened:
        yield opened
