"""Why mutants survived, as read by a person: some from the code around the mutant, some from its
diff and from digests that did not move. A reason is an opinion until something judges it.

A survivor of a line that no run executes needs no entry: that was measured. One without an entry
is shown as not looked at.
"""

from enum import StrEnum
from typing import Final

import msgspec


class Why(StrEnum):
    EQUIVALENT = "equivalent"  # no input can tell it from the code as it is
    UNREACHABLE = "unreachable"  # the runs have no situation in which it matters
    UNJUDGED = "not judged"  # it goes wrong in the runs, and no property says that it may not


class Reason(msgspec.Struct, frozen=True):
    """`text` ends with what would judge it, where nothing does."""

    why: Why
    text: str
    mutants: tuple[str, ...]


REASONS: Final[tuple[Reason, ...]] = (
    Reason(
        Why.UNJUDGED,
        "A count of what says nothing new or is refused, and nothing in a run reads it. A "
        "property that counts repeated inputs itself would judge it.",
        (
            "d674d31b",
            "1b7d89a4",
            "a7a0f536",
            "f349463e",
            "5bff6615",
            "94d9575b",
        ),
    ),
    Reason(
        Why.UNJUDGED,
        "The client's count of what it missed, which nothing reads. A watch on the numbers that "
        "the venue gave its frames would judge it.",
        (
            "c3fdd98c",
            "53ee0094",
        ),
    ),
    Reason(
        Why.UNJUDGED,
        "The client's count of what it missed goes wrong on a channel that is subscribed again, "
        "and nothing reads it. A user channel that loses its first frame would be taken for "
        "whole: NET-3 tells that in seed 223 of rough, and no run of the list has it.",
        ("c8008292",),
    ),
    Reason(
        Why.UNJUDGED,
        "The venue cannot read the frame and closes the connection, and the client comes back "
        "on another one. A property that a venue can read what its clients send would judge it.",
        (
            "285dfe3a",
            "026a0144",
        ),
    ),
    Reason(
        Why.EQUIVALENT,
        "A quantity that is not found is made: it is equal, and only its making costs more.",
        ("b48c5808",),
    ),
    Reason(
        Why.EQUIVALENT,
        "What is neither COMPARE nor INVESTIGATE is taken for END.",
        ("30b28f23",),
    ),
    Reason(
        Why.UNJUDGED,
        "The first pause after a lost connection is twice what the settings say. A bound on the "
        "pause before a first attempt would judge it, beside NET-3.",
        ("41dbee21",),
    ),
    Reason(
        Why.UNREACHABLE,
        "It differs for a client of data alone that is lost before the kernel runs, and no run "
        "loses one.",
        ("5cb0ac1e",),
    ),
    Reason(
        Why.UNREACHABLE,
        "No run gives its kernel a sink for the log.",
        ("96aa4441",),
    ),
    Reason(
        Why.UNREACHABLE,
        "A kernel that is over takes no input. Only a client that raises when the journal has "
        "its last turn could fault it, and none does.",
        ("92e55313",),
    ),
    Reason(
        Why.UNREACHABLE,
        "Whoever names a client for a batch of cancels names the one that serves the venue, and "
        "that is found without the name too.",
        ("90f88fa8",),
    ),
    Reason(
        Why.EQUIVALENT,
        "The amounts are checked again where nothing is wrong with them, and wherever something "
        "is.",
        (
            "0a325545",
            "b86158f0",
        ),
    ),
    Reason(
        Why.UNREACHABLE,
        "It differs where what is free is out of range and what is locked is not: then nothing "
        "is checked. No amount of the runs is out of range.",
        ("c7bc2716",),
    ),
    Reason(
        Why.UNREACHABLE,
        "No margin of the runs is out of range.",
        ("01b32cb9",),
    ),
    Reason(
        Why.UNREACHABLE,
        "Nobody makes a balance of anything but Money; it would be refused by another exception.",
        ("075a87bd",),
    ),
    Reason(
        Why.UNREACHABLE,
        "A word of a refusal: nobody makes a balance of two currencies.",
        ("6a9b4419",),
    ),
    Reason(
        Why.UNREACHABLE,
        "Every run has an observer and a journal that stores.",
        ("6d1628ce",),
    ),
    Reason(
        Why.UNJUDGED,
        "An unasked amendment of an order without a price is applied though it says nothing "
        "new. And one that moves a price alone is passed over: no run of the list has one, seed "
        "18 of rough has one and passes. A property that each update changes something or "
        "answers a request, and that none is passed over that would, would judge both.",
        ("1304b077",),
    ),
    Reason(
        Why.UNJUDGED,
        "The update does not say which request it answers. The order takes it for the answer to "
        "the only one outstanding; where there are two, ORD-4 may tell (seed 44 of rough). A "
        "property that an event names the request that its report names would judge it.",
        ("a5b87ec8",),
    ),
    Reason(
        Why.UNREACHABLE,
        "It differs where fills that were asked for complete an order while a modify to less "
        "than its quantity is outstanding.",
        ("16020e12",),
    ),
    Reason(
        Why.UNREACHABLE,
        "At a price of zero nothing is locked either way, but for an inverse instrument, which "
        "has no value there. No order of the runs is priced at zero.",
        ("8d08cabc",),
    ),
    Reason(
        Why.UNREACHABLE,
        "No run of the list hears of an amendment under another order's venue id. Seed 51 of "
        "rough does, and KRN-1 tells.",
        ("c53a7f02",),
    ),
    Reason(
        Why.UNREACHABLE,
        "Every size and every fee is a multiple of some increment, far more than one raw unit.",
        (
            "bf040bb8",
            "03d7d1f8",
            "2591bb3e",
        ),
    ),
    Reason(
        Why.UNREACHABLE,
        "No total of a cash account comes to exactly zero, and none is without totals.",
        ("000c7d12",),
    ),
    Reason(
        Why.UNREACHABLE,
        "Nobody asks a connected client to connect.",
        ("eb5ee11f",),
    ),
    Reason(
        Why.UNREACHABLE,
        "Nobody asks a client to disconnect while it logs in.",
        ("2c3b3e5f",),
    ),
    Reason(
        Why.EQUIVALENT,
        "Only its truth is read, and None is as false as False.",
        (
            "de9b4fb4",
            "d36d992d",
            "a0c253c7",
            "fd0bbf1a",
        ),
    ),
    Reason(
        Why.EQUIVALENT,
        "The first login sets it to False before anybody can read it.",
        ("f40d1803",),
    ),
    Reason(
        Why.UNREACHABLE,
        "In the list each expiry comes after the fills of its order. In seed 227 of rough one "
        "overtakes a fill, which comes unasked; one that is lost as well would stay unknown "
        "until a reconnect.",
        ("fc2dc850",),
    ),
    Reason(
        Why.UNJUDGED,
        "A balance that differs is asked for again at once and not after a pause. A bound from "
        "below on how often the kernel asks would judge it.",
        ("3b157c88",),
    ),
    Reason(
        Why.UNJUDGED,
        "What a component still listens to when it is let go is not unsubscribed; no run goes "
        "otherwise for it. A property that a bus holds no handler of a component that was "
        "disposed of, or of a kernel that is over, would judge it.",
        ("2b414fa4", "63209533"),
    ),
    Reason(
        Why.UNREACHABLE,
        "No picture of the list answers a modify. Where one of an order that has ended would, "
        "the answer is applied first, and the rejection after it counts as overtaken.",
        ("13c4744a",),
    ),
    Reason(
        Why.UNJUDGED,
        "Why a start failed, in a kernel whose start did not fail: nobody asks. A property that "
        "a kernel says so in FAILED_START only would judge it.",
        (
            "dec268d2",
            "bb9ac16c",
        ),
    ),
    Reason(
        Why.EQUIVALENT,
        "Numbers of passes are compared for being the same, and they still all differ.",
        ("e92df547",),
    ),
    Reason(
        Why.UNREACHABLE,
        "Nothing is emulated.",
        ("80c2510d",),
    ),
    Reason(
        Why.UNREACHABLE,
        "The settings refuse a leverage below one before an account sees it.",
        ("4d88d1fb",),
    ),
    Reason(
        Why.UNREACHABLE,
        "Every margin account of the runs has the leverage that is taken where none is stated. "
        "With another, MDL-1 would judge it.",
        ("5eaf861d",),
    ),
    Reason(
        Why.UNREACHABLE,
        "A minute is taken off and the rest held to zero, so one nanosecond asks for what none "
        "asks for. It would differ without an overlap, which no scenario sets.",
        ("014298b2",),
    ),
    Reason(
        Why.UNJUDGED,
        "A check while trading goes on asks for the account as well. How much a check asks for "
        "is judged by nothing.",
        ("2b765607",),
    ),
    Reason(
        Why.UNREACHABLE,
        "The status is for the alert of a fill that counts after its order's end. No run of the "
        "list has one; seed 20 of rough has, and KRN-1 tells.",
        ("4d14757b",),
    ),
    Reason(
        Why.UNJUDGED,
        "An order that a lagging replica does not show is taken for canceled. ORD-3 tells where "
        "it stays open (seed 21 of rough); in the one run of the list it does not.",
        ("c9df0cbe",),
    ),
    Reason(
        Why.UNREACHABLE,
        "Nothing is credited in a currency that the account has not.",
        ("fd6f7eae",),
    ),
    Reason(
        Why.UNJUDGED,
        "The price that a picture shows is not taken over. REC-1 holds orders against the venue "
        "at the end of a run only: it tells in seed 238 of rough, and not in the one run of the "
        "list.",
        ("8c2b774d",),
    ),
    Reason(
        Why.EQUIVALENT,
        "Each route is found anew instead of being remembered, and it is the same one.",
        ("a6a9254b",),
    ),
)
