"""The judge: every case against an adapter, in a fresh small world per seed.

A case passes when every one of its runs does: each seed, with risk bypassed and with risk on (data
cases have nothing to do with risk). A checker that crashes proves nothing, so that is ERROR and
never a pass; what the adapter itself raises is the adapter's failure.
"""

from collections.abc import Callable, Sequence
from enum import StrEnum
from types import TracebackType
from typing import Final

from conformance import checks, oracles
from conformance.capabilities import NOT_IN_MODEL, Capabilities
from conformance.cases import CASES, Case, Side, matches
from conformance.evidence import Finding, symbols
from conformance.native import factory as native_factory
from conformance.oracles import SAME_AGAIN
from conformance.report import CaseResult, Failure, Report, Verdict
from conformance.world import BadMessage, CaseWorld, Factory, FactoryRaised, wants_margin
from engine.kernel import KernelFault
from engine.model.enums import KernelState
from simulation import fences
from simulation.entropy import SeededEntropy
from simulation.scenario import ScenarioError, load_name

DEFAULT_SEEDS: Final = 20
_FAILURES_KEPT: Final = 5


class Level(StrEnum):
    """`baseline`: every seed calm. `faults`: every seed calm, and again with FLAKY and the strikes
    of the case, so that the higher level holds the lower one."""

    BASELINE = "baseline"
    FAULTS = "faults"


class CertifyError(ValueError):
    """What was asked for cannot be certified; the text says what to change."""


def certify(
    factory: Factory | None = None,
    level: Level | str = Level.FAULTS,
    seeds: int = DEFAULT_SEEDS,
    *,
    first_seed: int = 0,
    cases: Sequence[str] = (),
    tell: Callable[[CaseResult], None] | None = None,
) -> Report:
    """Judge an adapter.

    Args:
        factory: makes the adapter for a target, anew for every run; None: the native client.
        seeds: how many worlds each case is run in, >= 1.
        cases: ids; none means all.
        tell: hears of each case when it is decided.
    Raises:
        CertifyError: no such case or level, no seeds, or a factory that makes no adapter.
    """
    make = native_factory if factory is None else factory
    if seeds < 1:
        raise CertifyError(f"{seeds} seeds judge nothing: at least 1")
    if level not in list(Level):
        raise CertifyError(f"no level {level!r}: one of {', '.join(Level)}")
    unknown = [name for name in cases if name not in CASES]
    if unknown:
        raise CertifyError(f"no case {unknown[0]!r}: see `conformance.cases`")
    capabilities = declared(make)
    results: list[CaseResult] = []
    for case in CASES.values():
        if cases and case.id not in cases:
            continue
        why = skips(case, capabilities)
        if why:
            result = CaseResult(case.id, case.title, case.side.value, Verdict.SKIP, why)
        else:
            result = _judge_case(
                case, make, capabilities, Level(level), range(first_seed, first_seed + seeds)
            )
        results.append(result)
        if tell is not None:
            tell(result)
    return Report(str(Level(level)), seeds, first_seed, capabilities, tuple(results))


def certify_named(
    adapter: str, level: str, seeds: int, *, cases: Sequence[str] = (), first_seed: int = 0
) -> Report:
    """`certify` for the factory at "module:function"; "" is the native client.

    Raises:
        CertifyError: it cannot be imported or is not there, or as `certify` does.
    """
    if not adapter:
        return certify(None, level, seeds, first_seed=first_seed, cases=cases)
    try:
        found = load_name(adapter, "adapter")
    except ScenarioError as error:
        raise CertifyError(str(error)) from None
    factory: Factory = found  # type: ignore[assignment]  # what it returns is looked at when called
    return certify(factory, level, seeds, first_seed=first_seed, cases=cases)


def declared(factory: Factory) -> Capabilities:
    """What the adapter says it can do, asked of one that is made for that alone.

    Raises:
        CertifyError: the factory raises, or makes no adapter.
    """
    first = next(iter(CASES.values()))
    try:
        world = CaseWorld(first, factory, 0, faults=False, with_risk=False, margin=False)
    except FactoryRaised as error:
        raise CertifyError(f"the factory: {error}") from error
    return world.adapter.capabilities


def skips(case: Case, capabilities: Capabilities) -> str:
    """Why the case does not apply, from what is declared alone; empty when it does."""
    for need in case.needs:
        if need in NOT_IN_MODEL:
            return f"{need}: {NOT_IN_MODEL[need]}"
    missing = [need for need in case.needs if not capabilities.has(need)]
    if missing:
        return f"not declared: {', '.join(missing)}"
    if any(capabilities.has(other) for other in case.unless):
        return f"declared: {', '.join(case.unless)}"
    return ""


# --- one case ------------------------------------------------------------------------------


def _judge_case(
    case: Case, factory: Factory, capabilities: Capabilities, level: Level, seeds: range
) -> CaseResult:
    failures: list[Failure] = []
    failed = runs = 0
    verdict = Verdict.PASS
    digest = ""
    for seed in seeds:
        margin = wants_margin(case, capabilities, seed)
        for faults, with_risk in _ways(case, level):
            runs += 1
            found, is_error, digest_now = _run(case, factory, seed, faults, with_risk, margin)
            if not digest:
                digest = digest_now
                again = _run(case, factory, seed, faults, with_risk, margin)[2]
                if again != digest_now:
                    found.append(Finding(SAME_AGAIN, "the same seed took another course"))
            if not found:
                continue
            failed += 1
            verdict = Verdict.ERROR if is_error or verdict is Verdict.ERROR else Verdict.FAIL
            if len(failures) < _FAILURES_KEPT:
                findings = tuple((finding.rule, finding.detail) for finding in found)
                failures.append(Failure(seed, faults, with_risk, findings))
    return CaseResult(
        case.id, case.title, case.side.value, verdict, "", runs, failed, tuple(failures), digest
    )


def _ways(case: Case, level: Level) -> list[tuple[bool, bool]]:
    """How each seed is run: (faults, risk on). Data has nothing to do with risk."""
    risks = (False,) if case.side is Side.DATA else (False, True)
    hurts = (False,) if level is Level.BASELINE else (False, True)
    return [(faults, with_risk) for faults in hurts for with_risk in risks]


def _run(
    case: Case, factory: Factory, seed: int, faults: bool, with_risk: bool, margin: bool
) -> tuple[list[Finding], bool, str]:
    """One run: what was found, whether the harness broke, and the digest of S."""
    user_stream = SeededEntropy(seed, keep_tape=False).stream("user.ambient")
    world: CaseWorld | None = None
    try:
        world = CaseWorld(
            case,
            factory,
            seed,
            faults=faults,
            with_risk=with_risk,
            margin=margin,
        )
        with fences.fenced(world.now_ns, user_stream, fences.OUR_PACKAGES):
            world.run_until_quiet()
            found = _judge_quiet(world)
            if not found or found[0].rule != "START":
                world.run_to_the_end()
                found += _judge_end(world, found)
    except KernelFault as fault:
        detail = f"{fault.cause!r} while handling {fault.input_type or 'durable'}"
        if fault.component_id is not None:  # the tester is ours
            return [Finding("HARNESS", f"{fault.component_id} raised {detail}")], True, ""
        return [Finding("KERNEL_FAULT", detail)], False, ""
    except FactoryRaised as error:
        return [Finding("ADAPTER_RAISED", str(error))], False, ""
    except BadMessage as error:
        return [Finding("BAD_MESSAGE", str(error))], False, ""
    except Exception as error:  # the judge goes on; the case does not
        name = f"{type(error).__name__}: {error}"
        if world is not None and _is_the_adapters(error.__traceback__, world):
            return [Finding("ADAPTER_RAISED", name)], False, ""
        return [Finding("HARNESS", name)], True, ""
    return found, False, world.digest()


def _judge_quiet(world: CaseWorld) -> list[Finding]:
    exhibit = world.exhibit
    if world.state is not KernelState.RUNNING:
        return [Finding("START", f"the kernel is {world.state.name}: {world.failure}")]
    found = oracles.judge(exhibit, while_running=True)
    if not exhibit.case.on_stop:
        found += _judge_sequences(world) + checks.judge(exhibit)
    return found


def _judge_end(world: CaseWorld, already: list[Finding]) -> list[Finding]:
    exhibit = world.exhibit
    found = oracles.judge(exhibit, while_running=False)
    if exhibit.case.on_stop:
        found += _judge_sequences(world) + checks.judge(exhibit)
    if world.state is not KernelState.STOPPED:
        found.append(Finding("STOP", f"the kernel is {world.state.name} after the stop"))
    return [finding for finding in found if finding not in already]


def _judge_sequences(world: CaseWorld) -> list[Finding]:
    """Each order against its pattern. Faults may turn an order away, or change its course; what
    they may not do, the global oracles and the steady checks say."""
    exhibit = world.exhibit
    case = exhibit.case
    lives = [symbols(events) for events in exhibit.events_by_order().values()]
    if not exhibit.calm:
        idle = bool(case.sequences) and not lives
        return [Finding("SEQUENCE", "no order was made")] if idle else []
    found = [
        Finding("SEQUENCE", f"order {number} went {' '.join(life)}, expected {pattern}")
        for number, (pattern, life) in enumerate(zip(case.sequences, lives, strict=False), 1)
        if not matches(pattern, life)
    ]
    if len(lives) != len(case.sequences):
        found.append(Finding("SEQUENCE", f"{len(lives)} orders, expected {len(case.sequences)}"))
    return found


def _is_the_adapters(trace: TracebackType | None, world: CaseWorld) -> bool:
    """Whether the exception passed through code that belongs to the adapter: its package, or
    its modules when it lives in one of ours."""
    homes = []
    for client in world.adapter.clients():
        module = type(client).__module__
        package = module.partition(".")[0]
        homes.append(module if package in fences.OUR_PACKAGES else package)
    while trace is not None:
        name = str(trace.tb_frame.f_globals.get("__name__"))
        if any(name == home or name.startswith((f"{home}.", f"{home}_")) for home in homes):
            return True
        trace = trace.tb_next
    return False
