"""One seed, one outcome: `simulate(scenario, seed)` is the whole core; all else repeats it."""

import gc
import traceback
from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Final

import msgspec

from engine.kernel import KernelFault
from engine.strategy import Strategy
from simulation import fences
from simulation.cut import Cut
from simulation.entropy import Entropy, SeededEntropy
from simulation.faults import PROFILES
from simulation.injection import Heard
from simulation.market.readers import file_hash
from simulation.options import RunOptions
from simulation.outcome import Outcome, Verdict
from simulation.scenario import Scenario, ScenarioError, load_scenario, place_of
from simulation.scenario_market import read_market, with_recording
from simulation.scenarios import BUILT_IN
from simulation.token import SEED_LIMIT, code_hash
from simulation.trace import Trace
from simulation.world import START_NS, World

if TYPE_CHECKING:
    from simulation.scribe import Scribe

_MONITOR: Final = "invariants.monitor"
SAMPLED_OF: Final = 32  # of so many seeds, 0 first, one run is judged as a whole once more
OUR_PACKAGES: Final = ("engine", "invariants", "simulation")


def prepare(options: RunOptions, cut: Cut | None = None) -> Scenario:
    """The scenario with the options applied, and without what `cut` leaves out.

    Raises:
        ScenarioError: unknown scenario or profile, or one that makes no sense.
        RecordingError: a recording that cannot be read to its end.
    """
    scenario = load_scenario(options.scenario, BUILT_IN)
    if options.faults:
        profile = PROFILES.get(options.faults)
        if profile is None:
            known = ", ".join(PROFILES)
            raise ScenarioError(f"no fault profile {options.faults!r}: use one of {known}")
        scenario = msgspec.structs.replace(scenario, faults=profile)
    if options.market_files:
        scenario = with_recording(scenario, read_market(options.market_files))
    if options.schedule:
        scenario = msgspec.structs.replace(scenario, schedule=options.schedule).checked()
    return scenario if cut is None else without(scenario, cut)


def without(scenario: Scenario, cut: Cut) -> Scenario:
    """The scenario without the instruments and strategies that `cut` names; a venue that lists
    nothing any more goes too. Times and traders are the run's to cut."""
    venues = []
    for venue in scenario.venues:
        listed = [each for each in venue.instruments if str(each.id) not in cut.instruments]
        if len(listed) == len(venue.instruments):
            venues.append(venue)
        elif listed:
            venues.append(msgspec.structs.replace(venue, instruments=listed))
    strategies = [
        make for number, make in enumerate(scenario.strategies, 1) if number not in cut.strategies
    ]
    return msgspec.structs.replace(scenario, venues=venues, strategies=strategies)


def named(options: RunOptions) -> RunOptions:
    """The options with the hashes that a token needs, taken from what is on disk now.

    Raises:
        ScenarioError, RecordingError: as `prepare`; or its parts do not go together; or the
            recordings are not those that `options.market` already names.
    """
    market = file_hash(options.market_files) if options.market_files else ""
    if options.market and options.market != market:
        raise ScenarioError(
            f"the recordings have the hash {market or 'none'}, the run was made on "
            f"{options.market}: give the same files, in the same order"
        )
    scenario = prepare(options)  # loads the user's modules, so that the code hash covers them
    _rehearse(scenario)
    return msgspec.structs.replace(options, market=market, code=code_hash())


def _rehearse(scenario: Scenario) -> None:
    """Put the scenario's parts together once, so that a mistake in them is the author's to hear
    of, in one line, before any seed runs."""
    try:
        for make in scenario.strategies:
            made = make()
            if not isinstance(made, Strategy):
                raise TypeError(f"a maker of strategies made {made!r}")
        World(scenario, SeededEntropy(0, keep_tape=False), keep_trace=False)
    except Exception as error:
        raise ScenarioError(
            f"scenario {scenario.name!r} cannot be put together: "
            f"{type(error).__name__}: {error} ({place_of(error)})"
        ) from error


def simulate(
    scenario: Scenario,
    seed: int,
    options: RunOptions | None = None,
    *,
    entropy: Entropy | None = None,
    keep_trace: bool = False,
    sampled: bool | None = None,
) -> Outcome:
    """Run one seed to its end, or to its first violation.

    Args:
        scenario: what to run.
        seed: 0 .. 2**63 - 1.
        options: names the run in its token; the scenario's own name when absent.
        entropy: another source of choices (a tape, an enumeration) instead of the seed's.
        sampled: whether the whole run is judged once more when it is over, by what is too dear
            for each; None: one seed in `SAMPLED_OF`.
    Returns:
        The outcome. Same scenario, seed and code: same digest, bit for bit.
    Raises:
        ValueError: the seed is out of range.
        Whatever the harness itself raises when it is broken, a property included; never what a
        kernel or a user's strategy raises, which is a violation of KRN-1.
    """
    collecting = gc.isenabled()
    gc.disable()
    try:  # the world is dropped before the collector may look: it finds garbage, not a world
        outcome, world = run_world(
            scenario, seed, options, entropy=entropy, keep_trace=keep_trace, sampled=sampled
        )
        world.let_go()
        del world
        return outcome
    finally:
        if collecting:
            gc.enable()


def run_world(
    scenario: Scenario,
    seed: int,
    options: RunOptions | None = None,
    *,
    entropy: Entropy | None = None,
    keep_trace: bool = False,
    cut: Cut | None = None,
    trace: Trace | None = None,
    scribe: "Scribe | None" = None,
    sampled: bool | None = None,
    heard: Heard | None = None,
) -> tuple[Outcome, World]:
    """`simulate`, with the world it happened in (for bundles, replay and debugging).

    Args:
        cut: what to leave out of the scenario; `scenario` is one that `prepare` was given it for.
        trace: instead of a new one.
        scribe: keeps a logbook; the outcome is the same with and without one.
        sampled: as `simulate` takes it.
        heard: gets a note of every message that a fault could strike.
    """
    if not 0 <= seed < SEED_LIMIT:
        raise ValueError(f"seed {seed} is outside 0..2**63 - 1")
    options = options or RunOptions(scenario.name or "default")
    collecting = gc.isenabled()
    gc.disable()  # when it runs depends on what else the process did
    world: World | None = None
    try:
        choices = entropy or SeededEntropy(seed, keep_tape=keep_trace)
        with fences.fenced(
            lambda: START_NS if world is None else world.now_ns,
            choices.stream("user.ambient"),
            OUR_PACKAGES,
        ) as fence:
            world = World(
                scenario,
                choices,
                keep_trace=keep_trace,
                cut=cut,
                trace=trace,
                scribe=scribe,
                sampled=seed % SAMPLED_OF == 0 if sampled is None else sampled,
                heard=heard,
            )
            fault = _sail(world)
    finally:
        if collecting:
            gc.enable()
    return _outcome(world, options, seed, fault, _ambient_notes(fence)), world


def broken(options: RunOptions, seed: int, error: BaseException) -> Outcome:
    """The outcome of a seed on which the harness itself raised: never a pass, never silence."""
    return Outcome(
        options.scenario,
        seed,
        Verdict.ERROR,
        digest="",
        events=0,
        token=str(options.token(seed)),
        subject=place_of(error),
        detail=f"{type(error).__name__}: {error}",
        traceback="".join(traceback.format_exception(error)),
    )


def _sail(world: World) -> KernelFault | SystemExit | None:
    try:
        world.run()
    except KernelFault as fault:
        if _came_from_a_check(fault.cause.__traceback__):
            raise fault.cause from None  # the judge failed, not the judged
        return fault
    except SystemExit as leaving:  # a strategy that would end the process ends its run
        return leaving
    return None


def _came_from_a_check(trace: TracebackType | None) -> bool:
    # by name: a compiled module's frames name another file than the module does
    return any(frame.f_globals.get("__name__") == _MONITOR for frame, _ in traceback.walk_tb(trace))


def _outcome(
    world: World,
    options: RunOptions,
    seed: int,
    fault: KernelFault | SystemExit | None,
    notes: tuple[str, ...],
) -> Outcome:
    verdict, property_id, subject, detail, turn = Verdict.PASS, "", "", "", 0
    shown = ""
    found = world.monitor.violation
    if found is not None:
        verdict = Verdict.VIOLATION
        property_id, subject, detail, turn = (
            found.property_id,
            str(found.subject),  # an identifier; an outcome is plain text
            found.detail,
            found.turn,
        )
    elif fault is not None:
        verdict, property_id, subject = Verdict.VIOLATION, "KRN-1", "kernel"
        cause: BaseException = fault
        doing = "in a turn"
        if isinstance(fault, KernelFault):
            cause = fault.cause
            subject = str(fault.component_id or "kernel")
            doing = f"while handling {fault.input_type or 'what the journal promised'}"
        detail = f"{type(cause).__name__} {doing}"
        shown = _readable(cause)
        turn = world.turns + 1
    world.trace.record("verdict", world.now_ns, (str(verdict), property_id, subject, detail))
    return Outcome(
        options.scenario,
        seed,
        verdict,
        world.trace.digest,
        world.trace.count,
        str(options.token(seed)),
        property_id,
        subject,
        detail,
        turn,
        counts=world.counts(),
        faults=world.faults_by_kind(),
        fired_at=world.faults_by_channel(),
        probes=_sorted(world.probes),
        notes=notes,
        traceback=shown,
    )


def _readable(cause: BaseException) -> str:
    """The traceback from the first frame that is not ours on: how we came to call a user's
    handler is no news to its author. Whole, when every frame is ours."""
    trace = cause.__traceback__
    start = trace
    while start is not None and _is_ours(start):
        start = start.tb_next
    return "".join(traceback.format_exception(type(cause), cause, start or trace))


def _is_ours(trace: TracebackType) -> bool:
    module = str(trace.tb_frame.f_globals.get("__name__", ""))
    return module.partition(".")[0] in OUR_PACKAGES


def _ambient_notes(fence: fences.Fence) -> tuple[str, ...]:
    return tuple(
        f"{what} at {where} was answered with the run's own time and chance"
        for what, where in fence.notes
    )


def _sorted(counts: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted(counts.items()))
