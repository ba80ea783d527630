"""Journals: each life has its own epoch, and a life that is over cannot write."""

import pytest

from engine.journal.memory import MemoryJournal
from engine.journal.null import NullJournal
from engine.journal.port import Journal, StaleEpoch
from engine.model.commands import FireTimer
from engine.record import FaultRecord, TurnRecord


def record(turn: int, epoch: int) -> TurnRecord:
    return TurnRecord(turn, 7, FireTimer(7), (), (), epoch)


def test_memory_journal_keeps_records_over_lives_and_raises_the_epoch() -> None:
    journal = MemoryJournal()
    assert journal.open() == 1
    journal.append(record(1, 1))
    assert journal.open() == 2
    journal.append(record(1, 2))
    assert [(r.epoch, r.turn) for r in journal.records] == [(1, 1), (2, 1)]


def test_memory_journal_opened_anew_refuses_the_life_before() -> None:
    journal = MemoryJournal()
    journal.open()
    journal.open()
    with pytest.raises(StaleEpoch) as caught:
        journal.append(record(9, 1))
    with pytest.raises(StaleEpoch):
        journal.append_fault(FaultRecord(9, 7, None, (), "ValueError", None, 1))
    assert (caught.value.epoch, caught.value.current) == (1, 2)
    assert journal.records == []
    assert journal.faults == []


def test_memory_journal_says_whether_it_is_durable_at_once() -> None:
    assert MemoryJournal().is_durable_at_once
    assert not MemoryJournal(durable_at_once=False).is_durable_at_once


def test_null_journal_is_always_in_its_first_life_and_keeps_nothing() -> None:
    journal: Journal = NullJournal()
    assert (journal.open(), journal.open()) == (1, 1)
    assert journal.is_durable_at_once
    assert not journal.stores
    journal.append(record(1, 1))
