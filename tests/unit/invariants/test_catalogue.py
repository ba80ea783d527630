"""The catalogue says of each property what it judges and where, and a user's own says so by itself."""

from collections.abc import Iterator
from importlib import import_module

import pytest

from engine.view import KernelView
from invariants.catalogue import CATALOGUE
from invariants.property import Kind, Property, Scope, always, eventually, scope_of
from invariants.violation import Violation

JUDGED = [entry for entry in CATALOGUE if entry.kind is not Kind.SOMETIMES]


def nothing_is_wrong(view: KernelView) -> Iterator[Violation]:
    return iter(())


@pytest.mark.parametrize("entry", CATALOGUE, ids=lambda entry: entry.id)
def test_property_names_its_check_and_the_module_that_holds_it(entry: Property) -> None:
    assert hasattr(import_module(entry.owner), entry.check)


def test_ids_of_the_catalogue_are_unique() -> None:
    ids = [entry.id for entry in CATALOGUE]

    assert len(set(ids)) == len(ids)


def test_scopes_follow_the_families_of_ids() -> None:
    scopes = {entry.id: entry.scope for entry in JUDGED}

    assert scopes["POS-1"] is Scope.POSITION
    assert scopes["MAT-3"] is Scope.VENUE
    assert scopes["DET-1"] is Scope.RUN
    assert scopes["KRN-1"] is Scope.KERNEL
    assert set(scopes.values()) == set(Scope)


def test_users_property_is_about_the_kernel_unless_it_says_otherwise() -> None:
    plain = always("MM-1", "Nothing is wrong.")(nothing_is_wrong)
    told = eventually("MM-2", "Nothing is wrong.", scope=Scope.BOOK)(nothing_is_wrong)

    assert (plain.scope, told.scope) == (Scope.KERNEL, Scope.BOOK)
    assert (plain.owner, plain.check) == (__name__, "nothing_is_wrong")
    assert scope_of("POSITIVE-1") is Scope.KERNEL
