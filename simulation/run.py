"""One seed, one outcome: `simulate(scenario, seed)` is the whole core; all else repeats it."""

import gc
from collections.abc import Mapping
from typing import Final

import msgspec

from engine.kernel import KernelFault
from simulation import fences
from simulation.entropy import Entropy, SeededEntropy
from simulation.faults import PROFILES
from simulation.market.recorded import RecordedMarket
from simulation.outcome import Outcome, Verdict
from simulation.scenario import Scenario, ScenarioError, load_scenario
from simulation.scenarios import BUILT_IN
from simulation.token import SEED_LIMIT, Token, code_hash
from simulation.world import World

OUR_PACKAGES: Final = ("engine", "invariants", "simulation")


class RunOptions(msgspec.Struct, frozen=True):
    """What a command line adds to a scenario, and the code it runs on.

    Attributes:
        scenario: built-in name or MODULE:FUNCTION.
        faults: profile name that overrides the scenario's, or "".
        market_files: recordings to put behind the venue instead of the scenario's market.
        market: first 12 hex digits of their hash, or "".
        bug: zoo id of the patch the process runs under, or "".
        code: hash of the code, see `simulation.token`.
    """

    scenario: str = "default"
    faults: str = ""
    market_files: tuple[str, ...] = ()
    market: str = ""
    bug: str = ""
    code: str = ""

    def token(self, seed: int) -> Token:
        return Token(self.scenario, seed, self.code, self.faults, self.market, self.bug)


def prepare(options: RunOptions) -> Scenario:
    """The scenario with the options applied.

    Raises:
        ScenarioError: unknown scenario or profile.
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
        market = RecordedMarket.read(options.market_files)
        scenario = with_recording(scenario, market)
    return scenario


def with_recording(scenario: Scenario, market: RecordedMarket) -> Scenario:
    """The scenario on recorded data: the venue lists what was recorded, time is the recording's."""
    venue = scenario.venues[0]
    instrument = market.instrument(venue.name)
    venue = msgspec.structs.replace(venue, instruments=[instrument], balances=None)
    return msgspec.structs.replace(scenario, venues=[venue], market=market)


def named(options: RunOptions) -> RunOptions:
    """The options with the hashes that a token needs, taken from what is on disk now."""
    prepare(options)  # loads the user's modules, so that the code hash covers them
    market = RecordedMarket.hash(options.market_files) if options.market_files else ""
    return msgspec.structs.replace(options, market=market, code=code_hash())


def simulate(
    scenario: Scenario,
    seed: int,
    options: RunOptions | None = None,
    *,
    entropy: Entropy | None = None,
    keep_trace: bool = False,
) -> Outcome:
    """Run one seed to its end, or to its first violation.

    Args:
        scenario: what to run.
        seed: 0 .. 2**63 - 1.
        options: names the run in its token; the scenario's own name when absent.
        entropy: another source of choices (a tape, an enumeration) instead of the seed's.
    Returns:
        The outcome. Same scenario, seed and code: same digest, bit for bit.
    Raises:
        ValueError: the seed is out of range.
        Whatever the harness itself raises when it is broken; never what a kernel or a user's
        strategy raises, which is a violation of KRN-1.
    """
    return run_world(scenario, seed, options, entropy=entropy, keep_trace=keep_trace)[0]


def run_world(
    scenario: Scenario,
    seed: int,
    options: RunOptions | None = None,
    *,
    entropy: Entropy | None = None,
    keep_trace: bool = False,
) -> tuple[Outcome, World]:
    """`simulate`, with the world it happened in (for bundles, replay and debugging)."""
    if not 0 <= seed < SEED_LIMIT:
        raise ValueError(f"seed {seed} is outside 0..2**63 - 1")
    options = options or RunOptions(scenario.name or "default")
    collecting = gc.isenabled()
    gc.disable()  # when it runs depends on what else the process did
    try:
        choices = entropy or SeededEntropy(seed, keep_tape=keep_trace)
        world = World(scenario, choices, keep_trace=keep_trace)
        with fences.fenced(lambda: world.now_ns, choices.stream("user.ambient"), OUR_PACKAGES):
            fault = _sail(world)
    finally:
        if collecting:
            gc.enable()
    return _outcome(world, options, seed, fault), world


def _sail(world: World) -> KernelFault | None:
    try:
        world.run()
    except KernelFault as fault:
        return fault
    return None


def _outcome(
    world: World, options: RunOptions, seed: int, fault: KernelFault | None
) -> Outcome:
    verdict, property_id, subject, detail, turn = Verdict.PASS, "", "", "", 0
    found = world.monitor.violation
    if found is not None:
        verdict = Verdict.VIOLATION
        property_id, subject, detail, turn = (
            found.property_id,
            found.subject,
            found.detail,
            found.turn,
        )
    elif fault is not None:
        verdict, property_id = Verdict.VIOLATION, "KRN-1"
        subject = str(fault.component_id or "kernel")
        detail = f"{type(fault.cause).__name__} while handling {fault.input_type}"
        turn = world.turns
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
    )


def _sorted(counts: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted(counts.items()))
