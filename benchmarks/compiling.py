"""`python -m benchmarks.compiling`: build the compiled modules that `seatrial.compiled` serves.

Twice. The first build counts what is taken, while it sails seeds and backtests; the second lays
the code out by these counts, which is worth a tenth: a seed walks through much code once, and
what it pays for is fetching it. Needs mypyc (it comes with mypy) and gcc; another C compiler
builds once.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

from benchmarks.compiled_modules import MODULES
from benchmarks.quickened import remember
from seatrial.compiled import BUILT, HOME, MANIFEST, CompiledFinder, source_hashes

GROUP: Final = "seatrial"
SUFFIX: Final = str(sysconfig.get_config_var("EXT_SUFFIX"))
FILES: Final = {name: name.replace(".", "/") + SUFFIX for name in MODULES} | {
    f"{GROUP}__mypyc": f"{GROUP}__mypyc{SUFFIX}"
}
_LEARNT_FROM: Final = range(1_000_000, 1_000_020)  # seeds of each scenario; no benchmark's
_COUNTING: Final = "-fprofile-generate"
# a count torn by nothing worse than an exit is still a count
_COUNTED: Final = ("-fprofile-use", "-fprofile-correction", "-Wno-missing-profile")
# the modules are one library that nobody else looks into: calls between them go straight, and
# the linker may inline them and leave out what is never called (a tenth of the code)
_CLOSED: Final = ("-fvisibility=hidden", "-fno-semantic-interposition")
_WHOLE: Final = ("-flto=auto",)
# but for the compiler's own library: what all call stays in one place, where it is warm
_SHARED: Final = ("-fno-lto",)
# counts make a compiler double what is taken often, for loops that run long: here nothing runs
# long, and what is larger pushes more out of the cache
_SMALL: Final = (
    "-fno-tracer",
    "-fno-unroll-loops",
    "-fno-peel-loops",
    "-fno-split-loops",
    "-fno-unswitch-loops",
    "-fno-ipa-cp-clone",
    "-fno-tree-vectorize",
    "-fno-tree-loop-distribute-patterns",
    "-fno-gcse-after-reload",
    "-fno-align-functions",
    "-fno-align-loops",
    "-fno-align-jumps",
)


def main() -> int:
    """Returns 0; 2 when a tool is missing or a source changed meanwhile."""
    compiler = str(sysconfig.get_config_var("CC") or "cc").split()[0]
    if shutil.which(compiler) is None:
        print(f"seatrial: there is no C compiler ({compiler}) on the path", file=sys.stderr)
        return 2
    made_of = {"sources": source_hashes(), "tool": _own_hash()}
    if MANIFEST.is_file() and made_of.items() <= json.loads(MANIFEST.read_bytes()).items():
        print(f"{len(MODULES)} modules are compiled already")
        return 0
    with tempfile.TemporaryDirectory() as scratch:
        library = _build(Path(scratch), _is_gcc(compiler))
        if source_hashes() != made_of["sources"]:
            print("seatrial: a source changed while it was compiled: again", file=sys.stderr)
            return 2
        shutil.rmtree(BUILT, ignore_errors=True)
        shutil.copytree(library, BUILT)
        MANIFEST.write_text(json.dumps({"modules": FILES, **made_of}, indent=1))
    print(f"{len(MODULES)} modules compiled into {BUILT.relative_to(HOME)}")
    return 0


def _own_hash() -> str:
    """Of the files that say what is compiled, and how."""
    files = ("compiled_modules.py", "compiling.py", "quickened.py")
    text = b"".join((HOME / "benchmarks" / name).read_bytes() for name in files)
    return hashlib.sha256(text).hexdigest()


def _is_gcc(compiler: str) -> bool:
    done = subprocess.run([compiler, "--version"], capture_output=True, text=True, check=False)
    return "Free Software Foundation" in done.stdout


def _build(scratch: Path, learns: bool) -> Path:
    from mypyc.build import mypycify

    os.chdir(HOME)
    paths = [name.replace(".", "/") + ".py" for name in MODULES]
    extensions = mypycify(
        paths,
        only_compile_paths=paths,
        opt_level="2" if learns else "1",  # without counts, more is larger and no faster
        debug_level="0",
        multi_file=True,
        group_name=GROUP,
        target_dir=str(scratch / "c"),
    )
    remember(scratch / "c")
    if not learns:
        return _compile(extensions, scratch, ())
    library = _compile(extensions, scratch, (_COUNTING, *_CLOSED))
    subprocess.run([sys.executable, "-m", "benchmarks.compiling", str(library)], check=True)
    return _compile(extensions, scratch, (*_COUNTED, *_CLOSED, *_WHOLE, *_SMALL))


def _compile(extensions: list[Any], scratch: Path, flags: tuple[str, ...]) -> Path:
    """One C compiler per core: a group is one extension of many C files."""
    from setuptools import Distribution  # type: ignore[import-untyped]
    from setuptools.command.build_ext import build_ext  # type: ignore[import-untyped]

    class SideBySide(build_ext):  # type: ignore[misc]
        def build_extension(self, ext: Any) -> None:
            compile_some = self.compiler.compile

            def compile_one(source: str, options: dict[str, Any]) -> list[str]:
                if not Path(source).name.startswith("__native"):
                    options = {**options, "extra_postargs": [*options["extra_postargs"], *_SHARED]}
                made: list[str] = compile_some([source], **options)
                return made

            def compile_all(sources: list[str], **options: Any) -> list[str]:
                with ThreadPoolExecutor(os.cpu_count()) as pool:
                    done = pool.map(lambda source: compile_one(source, options), sources)
                    return [name for names in done for name in names]

            self.compiler.compile = compile_all
            try:
                super().build_extension(ext)
            finally:
                self.compiler.compile = compile_some

    plain = [(list(ext.extra_compile_args), list(ext.extra_link_args)) for ext in extensions]
    for ext in extensions:
        ext.extra_compile_args.extend(flags)
        ext.extra_link_args.extend(("-O2", *flags) if flags else ())
    command = SideBySide(Distribution({"name": GROUP, "ext_modules": extensions}))
    command.build_lib = str(scratch / "lib")
    command.build_temp = str(scratch / "o")  # the counts lie here, each beside its object
    command.force = True
    command.ensure_finalized()
    command.run()
    for ext, (compile_args, link_args) in zip(extensions, plain, strict=True):
        ext.extra_compile_args, ext.extra_link_args = compile_args, link_args
    return scratch / "lib"


def learn(library: Path) -> None:
    """Sail on the modules in `library`, so that they count."""
    sys.meta_path.insert(0, CompiledFinder({name: library / file for name, file in FILES.items()}))
    from benchmarks.backtests import (
        backtest_orders,
        backtest_quotes_noop,
        backtest_small_runs,
        matching_l2,
    )
    from simulation.run import simulate
    from simulation.scenario import load_scenario
    from simulation.scenarios import BUILT_IN

    for name in BUILT_IN:
        scenario = load_scenario(name, BUILT_IN)
        for seed in _LEARNT_FROM:
            simulate(scenario, seed)
    for benchmark in (backtest_quotes_noop, backtest_orders, backtest_small_runs, matching_l2):
        benchmark(1, 0.05)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        learn(Path(sys.argv[1]))
    else:
        sys.exit(main())
