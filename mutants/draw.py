"""Mutants of the subjects, in an order that a seed decides.

The mistakes are mutmut's: its operators say what a node of the source may become. One operator is
our own, because the state machines here are tables and mutmut leaves tables alone.

The order comes from a hash of the seed and of what the mutant changes, and not from a list that is
shuffled: the first hundred of four hundred are the hundred, and a line that is edited moves its
own mutants only. A mutant's id is the hash without the seed, so what was written about a
survivor holds while its line is what it was.
"""

import difflib
import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Final

import libcst as cst
import msgspec
from libcst.metadata import CodeRange, MetadataWrapper, PositionProvider
from mutmut.mutation.mutators import OPERATORS_TYPE, mutation_operators

from mutants.child import path_of
from mutants.subjects import MODULES

# What these say is for a person, and no property reads it.
_TEXT_FUNCTIONS: Final = frozenset({"__repr__", "__str__"})
# As in mutmut: a mistake in these ends at once and teaches nothing.
_TRIVIAL_CALLS: Final = frozenset({"len", "isinstance"})


class Mutant(msgspec.Struct, frozen=True):
    """One mistake.

    Attributes:
        id: eight hex digits; the same as long as its line is.
        function: dotted, with its class.
        line: of the mutated node, in the source as it is now.
        span: first and last line of its statement; of the node alone in a statement with a body.
        operator: mutmut's name of what was done.
        before, after: the lines that differ.
        source, mutated: the module's whole text without and with it.
    """

    id: str
    module: str
    function: str
    line: int
    span: tuple[int, int]
    operator: str
    before: tuple[str, ...]
    after: tuple[str, ...]
    source: str
    mutated: str


class _Candidate(msgspec.Struct, frozen=True):
    module: str
    function: str
    line: int
    span: tuple[int, int]
    operator: str
    node: cst.CSTNode
    changed: cst.CSTNode
    key: str


class Drawn(msgspec.Struct, frozen=True):
    """The first mutants of an order.

    Attributes:
        pool: how many there are to draw from.
        unentered: "module function" of what no run enters, with the mutants that it would give.
    """

    mutants: tuple[Mutant, ...]
    pool: int
    unentered: dict[str, int]


def drop_entry(node: cst.Dict) -> Iterator[cst.Dict]:
    """A table without one of its entries."""
    if len(node.elements) > 1:
        for index in range(len(node.elements)):
            yield node.with_changes(elements=[*node.elements[:index], *node.elements[index + 1 :]])


OPERATORS: Final[OPERATORS_TYPE] = (*mutation_operators, (cst.Dict, drop_entry))


def draw(
    seed: int,
    count: int,
    executed: Mapping[str, Collection[int]],
    modules: Sequence[str] = MODULES,
) -> Drawn:
    """The first `count` mutants in the order of `seed`.

    A mutation that does not compile is passed over: it is no mutant. A function that no run
    enters gives none: it is not what the runs judge, and it is named instead.

    Args:
        executed: lines by module, of all the runs that are to judge.
    """
    parsed: dict[str, tuple[str, cst.Module]] = {}
    candidates: list[_Candidate] = []
    unentered: dict[str, int] = {}
    for module in modules:
        source = path_of(module).read_text(encoding="utf-8")
        wrapper = MetadataWrapper(cst.parse_module(source))
        finder = _Finder(module, source, wrapper.module)
        wrapper.visit(finder)
        parsed[module] = (source, wrapper.module)
        lines = executed[module]
        for candidate in finder.candidates:
            body = finder.bodies.get(candidate.function)
            if body is None or any(line in lines for line in range(body[0], body[1] + 1)):
                candidates.append(candidate)
            else:
                name = f"{module} {candidate.function}"
                unentered[name] = unentered.get(name, 0) + 1
    candidates.sort(key=lambda each: _digest(f"{seed}\n{each.key}"))
    mutants: list[Mutant] = []
    for candidate in candidates:
        if len(mutants) == count:
            break
        mutant = _mutant(candidate, *parsed[candidate.module])
        if mutant is not None:
            mutants.append(mutant)
    return Drawn(tuple(mutants), len(candidates), unentered)


def _mutant(candidate: _Candidate, source: str, tree: cst.Module) -> Mutant | None:
    changed = tree.deep_replace(candidate.node, candidate.changed)
    mutated = changed.code if isinstance(changed, cst.Module) else ""
    try:
        compile(mutated, candidate.module, "exec", dont_inherit=True)
    except SyntaxError:
        return None
    before, after = _difference(source, mutated)
    return Mutant(
        _digest(candidate.key)[:8],
        candidate.module,
        candidate.function,
        candidate.line,
        candidate.span,
        candidate.operator,
        before,
        after,
        source,
        mutated,
    )


def _difference(source: str, mutated: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    lines = list(difflib.unified_diff(source.splitlines(), mutated.splitlines(), n=0))[2:]
    before = tuple(line[1:].strip() for line in lines if line.startswith("-"))
    after = tuple(line[1:].strip() for line in lines if line.startswith("+"))
    return before, after


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


class _Finder(cst.CSTVisitor):
    """Every mutation of one module's functions and tables."""

    METADATA_DEPENDENCIES = (PositionProvider,)

    def __init__(self, module: str, source: str, tree: cst.Module) -> None:
        super().__init__()
        self.candidates: list[_Candidate] = []
        self.bodies: dict[str, tuple[int, int]] = {}  # first and last line, by function
        self._module = module
        self._lines = source.splitlines()
        self._tree = tree
        self._names: list[str] = []
        self._functions = 0
        self._statement: CodeRange | None = None
        self._seen: dict[str, int] = {}

    def on_visit(self, node: cst.CSTNode) -> bool:
        if _is_no_subject(node):
            return False
        if isinstance(node, cst.FunctionDef | cst.ClassDef):
            self._names.append(node.name.value)
            if isinstance(node, cst.FunctionDef):
                self._functions += 1
                body = self._place(node.body)
                if body is not None:
                    self.bodies[".".join(self._names)] = (body.start.line, body.end.line)
        if isinstance(node, cst.SimpleStatementLine):
            self._statement = self._place(node)
        if self._functions or isinstance(node, cst.Dict):
            self._mutate(node)
        return True

    def on_leave(self, original_node: cst.CSTNode) -> None:
        if isinstance(original_node, cst.FunctionDef | cst.ClassDef) and not _is_no_subject(
            original_node
        ):
            self._names.pop()
            self._functions -= isinstance(original_node, cst.FunctionDef)
        if isinstance(original_node, cst.SimpleStatementLine):
            self._statement = None

    def _mutate(self, node: cst.CSTNode) -> None:
        for kind, operator in OPERATORS:
            if isinstance(node, kind):
                changes: Iterable[cst.CSTNode] = operator(node)
                for changed in changes:
                    self._keep(node, changed, operator.__name__.removeprefix("operator_"))

    def _keep(self, node: cst.CSTNode, changed: cst.CSTNode, operator: str) -> None:
        where = self._place(node)
        if where is None:
            return
        statement = self._statement or where
        line = where.start.line
        function = ".".join(self._names)
        was, now = self._tree.code_for_node(node), self._tree.code_for_node(changed)
        key = "\n".join((self._module, function, self._lines[line - 1].strip(), was, now))
        number = self._seen[key] = self._seen.get(key, 0) + 1
        span = (statement.start.line, statement.end.line)
        self.candidates.append(
            _Candidate(
                self._module, function, line, span, operator, node, changed, f"{key}\n{number}"
            )
        )

    def _place(self, node: cst.CSTNode) -> CodeRange | None:
        where = self.get_metadata(PositionProvider, node, None)
        return where if isinstance(where, CodeRange) else None


def _is_no_subject(node: cst.CSTNode) -> bool:
    if isinstance(node, cst.FunctionDef):
        return node.name.value in _TEXT_FUNCTIONS
    if isinstance(node, cst.Call):
        return isinstance(node.func, cst.Name) and node.func.value in _TRIVIAL_CALLS
    # the words of an exception, the types, what runs once at import
    return isinstance(node, cst.Raise | cst.Annotation | cst.Decorator)
