"""The name of one run: `scenario[faults=...,market=hash12,bug=ID,schedule=...,near=N.N]@seed#code`.

`code` hashes what decides the outcome beside the seed: our packages as they are on disk (before
any patch), the user's modules that are loaded, and the versions of the packages we run on. A
token typed on another machine with the same code names the same run, byte for byte.
"""

import hashlib
import re
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import msgspec

_PACKAGES: Final = ("engine", "invariants", "simulation")
_DEPENDENCIES: Final = ("msgspec",)
_NEVER_USERS: Final = (*_PACKAGES, "conformance", "zoo", "fuzz", "seatrial", "__main__")
_OURS_AT_HOME: Final = ("tests", "benchmarks")  # a user may well have these
_TOKEN: Final = re.compile(
    r"(?P<scenario>[A-Za-z_][\w.]*(?::[A-Za-z_]\w*)?)"
    r"(?:\[(?P<options>[^\[\]]*)\])?"
    r"@(?P<seed>[0-9]+)"
    r"(?:#(?P<code>[0-9a-f]{12}))?"
)
_VALUES: Final = {  # what an option may hold
    "faults": re.compile(r"[\w.-]+"),
    "market": re.compile(r"[0-9a-f]{12}"),
    "bug": re.compile(r"[\w.-]+"),
    "schedule": re.compile(r"[a-z]+"),
    "near": re.compile(r"[1-9][0-9]{0,2}(\.[1-9][0-9]{0,2}){0,7}"),
}
_CHANGES_SHOWN: Final = 6  # files of one package
SEED_LIMIT: Final = 1 << 63
_SEED_DIGITS: Final = len(str(SEED_LIMIT))


class TokenError(ValueError):
    """A text that is no token; says which part is wrong."""


class Token(msgspec.Struct, frozen=True):
    """Everything that names one run.

    Attributes:
        scenario: built-in name or MODULE:FUNCTION.
        seed: 0 .. 2**63 - 1.
        code: hex digest of the code (12 digits), or "" when unknown.
        faults: profile name that overrides the scenario's, or "".
        market: first 12 hex digits of the recordings' SHA-256, or "".
        bug: zoo id, or "".
        schedule: of the ties, overriding the scenario's, or "".
        near: which neighbour of the seed, or "".
    """

    scenario: str
    seed: int
    code: str = ""
    faults: str = ""
    market: str = ""
    bug: str = ""
    schedule: str = ""
    near: str = ""

    @classmethod
    def parse(cls, text: str) -> "Token":
        """The token in `text`.

        Raises:
            TokenError: it is none.
        """
        match = _TOKEN.fullmatch(text)
        if match is None:
            raise TokenError(f"not a token: {text[:80]!r} (expected SCENARIO@SEED#CODE)")
        digits = match["seed"].lstrip("0") or "0"
        if len(digits) > _SEED_DIGITS or int(digits) >= SEED_LIMIT:
            raise TokenError(f"seed {digits[:24]} is too large: seeds are below 2**63")
        seed = int(digits)
        options: dict[str, str] = {}
        for part in filter(None, (match["options"] or "").split(",")):
            key, sign, value = part.partition("=")
            if not sign or key not in _VALUES or key in options:
                *known, last = _VALUES
                listed = f"{'=, '.join(known)}= or {last}="
                raise TokenError(f"token option {part!r}: use {listed}, once each")
            if not _VALUES[key].fullmatch(value):
                raise TokenError(f"token option {part!r}: {value!r} cannot be right")
            options[key] = value
        return cls(match["scenario"], seed, match["code"] or "", **options)

    def __str__(self) -> str:
        named = (
            ("faults", self.faults),
            ("market", self.market),
            ("bug", self.bug),
            ("schedule", self.schedule),
            ("near", self.near),
        )
        options = ",".join(f"{key}={value}" for key, value in named if value)
        bracket = f"[{options}]" if options else ""
        code = f"#{self.code}" if self.code else ""
        return f"{self.scenario}{bracket}@{self.seed}{code}"


def code_hash() -> str:
    """Twelve hex digits over the code on disk that the loaded scenario runs."""
    from importlib.metadata import version  # dear, and a token is often only read

    digest = hashlib.sha256()
    files = _files()
    for name in sorted(files):
        digest.update(name.encode())
        digest.update(b"\0")
        digest.update(_text(files[name]))
        digest.update(b"\0")
    for name in _DEPENDENCIES:
        digest.update(f"{name}={version(name)}\0".encode())
    return digest.hexdigest()[:12]


def code_parts() -> dict[str, str]:
    """What `code_hash` is made of, by part, sorted: per file the first 8 hex digits of its own
    hash, per dependency the version. Two of them tell what has changed between two codes."""
    from importlib.metadata import version

    files = _files()
    parts = {name: hashlib.sha256(_text(files[name])).hexdigest()[:8] for name in sorted(files)}
    return parts | {name: version(name) for name in _DEPENDENCIES}


def changed_parts(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """A line per package, user's module or dependency that is not what it was."""
    changed: dict[str, list[str]] = {}
    lines: list[str] = []
    for name in sorted({**before, **now}):
        was, is_ = before.get(name, ""), now.get(name, "")
        if was == is_:
            continue
        package, sign, file = name.partition("/")
        if not sign:
            lines.append(f"{name} {was or 'none'} -> {is_ or 'none'}")
            continue
        how = "" if was and is_ else " (new)" if is_ else " (gone)"
        changed.setdefault(package, []).append(file + how)
    for package, files in changed.items():
        shown = ", ".join(files[:_CHANGES_SHOWN])
        rest = len(files) - _CHANGES_SHOWN
        lines.append(f"{package}: {shown}" + (f" and {rest} more" if rest > 0 else ""))
    return lines


def _text(path: Path) -> bytes:
    return path.read_bytes().replace(b"\r\n", b"\n")


def _files() -> dict[str, Path]:
    """The code on disk that the loaded scenario runs, by "package/path" or "user/module"."""
    files: dict[str, Path] = {}
    for package in _PACKAGES:
        spec = find_spec(package)
        for root in (spec and spec.submodule_search_locations) or ():
            for path in Path(root).rglob("*.py"):
                files[f"{package}/{path.relative_to(root).as_posix()}"] = path
    for name, path in _user_modules():
        files[f"user/{name}"] = path
    return files


def _user_modules() -> list[tuple[str, Path]]:
    """The user's loaded modules: files under the working directory that are not ours, nor
    installed."""
    here = Path.cwd().resolve()
    home = Path(__file__).resolve().parent.parent
    found: dict[str, Path] = {}
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        top = name.partition(".")[0]
        if not file or not file.endswith(".py") or top in _NEVER_USERS:
            continue
        path = Path(file).resolve()
        if top in _OURS_AT_HOME and path.is_relative_to(home):
            continue
        if path.is_relative_to(here) and "site-packages" not in path.parts:
            found[name] = path
    return sorted(found.items())
