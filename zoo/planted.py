"""A bug in a process that has its module imported already, for as long as it is wanted.

`zoo.patch` needs a fresh process, and starting one costs as much as ten runs. Most bugs change what
is inside functions and nothing else. Such a one can be planted by giving the functions that are
there the code that they would have: whoever holds them, holds the bug. What else a module consists
of (tables, classes, imports, constants) may have been read by others long before, so a bug that
changes any of it is refused.
"""

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from inspect import CO_NEWLOCALS
from types import CodeType, FunctionType, ModuleType

from zoo.bug import Bug
from zoo.patch import PatchRefused, patched_source


@contextmanager
def planted(bug: Bug) -> Iterator[None]:
    """Have the bug in force in this process.

    Raises:
        PatchRefused: it does not fit its module, or changes more than what is inside functions.
    """
    module = importlib.import_module(bug.module)
    found = [(_function(bug, module, old), new) for old, new in _changes(bug, module)]
    before = [(function, function.__code__) for function, _ in found]
    for function, code in found:
        function.__code__ = code
    try:
        yield
    finally:
        for function, code in before:
            function.__code__ = code


def _changes(bug: Bug, module: ModuleType) -> list[tuple[CodeType, CodeType]]:
    """The functions of the module that the bug changes: as they are, as they would be."""
    spec = module.__spec__
    source = getattr(spec and spec.loader, "get_source", lambda _: None)(bug.module)
    if source is None or module.__file__ is None:
        raise PatchRefused(f"bug {bug.id}: {bug.module} runs from something else than its source")
    old, new = (
        compile(text, module.__file__, "exec", dont_inherit=True)
        for text in (source, patched_source(bug, source))
    )
    return list(_changed(bug, old, new))


def _changed(bug: Bug, old: CodeType, new: CodeType) -> Iterator[tuple[CodeType, CodeType]]:
    """Of a module's or a class's body, and of the classes in it."""
    same = (old.co_code, old.co_names) == (new.co_code, new.co_names)
    if not same or len(old.co_consts) != len(new.co_consts):
        raise _too_much(bug, old)
    for a, b in zip(old.co_consts, new.co_consts, strict=True):
        if not (isinstance(a, CodeType) and isinstance(b, CodeType)):
            if _plain(a) != _plain(b):
                raise _too_much(bug, old)
        elif not a.co_flags & CO_NEWLOCALS:
            yield from _changed(bug, a, b)
        elif _plain(a) != _plain(b):
            if a.co_freevars != b.co_freevars:
                raise _too_much(bug, old)
            yield a, b


def _plain(value: object) -> object:
    """A constant as something to compare: code without the lines that it stands on."""
    if not isinstance(value, CodeType):
        return type(value), value
    return (
        *(value.co_code, value.co_names, value.co_varnames, value.co_freevars, value.co_flags),
        *(value.co_argcount, value.co_posonlyargcount, value.co_kwonlyargcount),
        tuple([_plain(each) for each in value.co_consts]),
    )


def _too_much(bug: Bug, body: CodeType) -> PatchRefused:
    where = bug.module if body.co_name == "<module>" else f"{bug.module}.{body.co_qualname}"
    return PatchRefused(
        f"bug {bug.id} changes more of {where} than what is inside functions: "
        "plant it in a fresh process"
    )


def _function(bug: Bug, module: ModuleType, code: CodeType) -> FunctionType:
    """The function in the module that was made of this code."""
    *owners, name = code.co_qualname.split(".")
    holder: object = module
    for owner in owners:
        holder = vars(holder)[owner]
    for function in _functions(vars(holder).get(name)):
        if function.__code__.co_firstlineno == code.co_firstlineno:
            return function
    raise PatchRefused(f"bug {bug.id}: {bug.module} has no function {code.co_qualname} to change")


def _functions(held: object) -> Iterator[FunctionType]:
    """Those that something in a namespace consists of: itself, a property's, a decorated one."""
    if isinstance(held, property):
        for part in (held.fget, held.fset, held.fdel):
            yield from _functions(part)
    elif isinstance(held, FunctionType):
        yield held
    wrapped = getattr(held, "__wrapped__", None)  # of a class or static method, too
    if wrapped is not None:
        yield from _functions(wrapped)
