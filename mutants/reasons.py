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
        "The client's count of what it missed, which nothing reads. A watch on the numbers "
        "that the venue gave its frames would judge it.",
        (
            "c3fdd98c",
            "53ee0094",
        ),
    ),
    Reason(
        Why.UNJUDGED,
        "The answer to a strategy's own question names no order that waits, so it is refused "
        "as unasked; the kernel finds the same out by questions of its own. A property that "
        "no answer to a question of ours is refused would judge it.",
        ("2702fe59",),
    ),
    Reason(
        Why.UNJUDGED,
        "The venue answers a sign of life whatever it says. A gateway that refuses one "
        "without its time would judge it.",
        ("026a0144",),
    ),
    Reason(
        Why.EQUIVALENT,
        "What is neither COMPARE nor INVESTIGATE is taken for END.",
        ("30b28f23",),
    ),
    Reason(
        Why.UNJUDGED,
        "The first pause after a lost connection is twice what the settings say. A bound on "
        "the pause before a first attempt would judge it, beside NET-3.",
        ("41dbee21",),
    ),
    Reason(
        Why.UNREACHABLE,
        "It differs for a client of data alone that is lost while the start waits for reconciling.",
        ("5cb0ac1e",),
    ),
    Reason(
        Why.UNJUDGED,
        "Nobody reads the lines of the log.",
        ("96aa4441",),
    ),
    Reason(
        Why.UNREACHABLE,
        "No kernel of the runs faults after its end.",
        ("92e55313",),
    ),
    Reason(
        Why.UNREACHABLE,
        "No component of the runs is degraded and then stopped.",
        ("9de0119e",),
    ),
    Reason(
        Why.UNREACHABLE,
        "It differs only where two cancels of one order are outstanding, or an answer names a"
        " request that was never made.",
        ("a5f30275",),
    ),
    Reason(
        Why.EQUIVALENT,
        "A check that finds nothing wrong: it is only asked more often.",
        ("0a325545",),
    ),
    Reason(
        Why.UNREACHABLE,
        "No amount of the runs is out of range.",
        (
            "01b32cb9",
            "b86158f0",
        ),
    ),
    Reason(
        Why.UNJUDGED,
        "Risk finds no position that a reduce-only modify could reduce, and turns it back. "
        "POS-5 judges what leaves and not what is refused without need.",
        ("a8ef5804",),
    ),
    Reason(
        Why.UNREACHABLE,
        "Every run has an observer and a journal that stores.",
        ("6d1628ce",),
    ),
    Reason(
        Why.UNREACHABLE,
        "No amendment comes without a price, and none that only moves a price comes unasked.",
        ("1304b077",),
    ),
    Reason(
        Why.UNREACHABLE,
        "It differs while a modify is outstanding that asks for less than what was filled "
        "meanwhile.",
        ("16020e12",),
    ),
    Reason(
        Why.UNREACHABLE,
        "A margin account is always given its leverage, and a cash account has no use for it.",
        ("fbccc91b",),
    ),
    Reason(
        Why.UNREACHABLE,
        "No order is priced at exactly zero.",
        ("8d08cabc",),
    ),
    Reason(
        Why.UNREACHABLE,
        "The venue gives an order one id for its whole life.",
        (
            "c53a7f02",
            "ebe7d33f",
        ),
    ),
    Reason(
        Why.UNJUDGED,
        "Two different differences from the venue's balances pass for one that has lasted. A "
        "property that an alert of BALANCE_DIFFERENCE names a difference that lasted would "
        "judge it.",
        ("88356dff",),
    ),
    Reason(
        Why.UNJUDGED,
        "Every cancel goes once round the queue of the turn and leaves behind what was asked "
        "for after it. A property that commands of one strategy leave in the order asked "
        "would judge it.",
        ("9834d066",),
    ),
    Reason(
        Why.UNREACHABLE,
        "Every size is a multiple of an instrument's increment, far more than one raw unit.",
        (
            "bf040bb8",
            "03d7d1f8",
        ),
    ),
    Reason(
        Why.UNJUDGED,
        "The owner of the engine's own timers, which is shown in the view's list and nothing "
        "else. LIF-1 could demand that somebody owns each timer.",
        ("85a9ff9c",),
    ),
    Reason(
        Why.UNJUDGED,
        "The margin stated does not say of which instrument. ACC-2 adds the amounts up and "
        "reads no name; it could hold the name against the key.",
        ("e7bc7b47",),
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
        Why.UNJUDGED,
        "The peak of a closed cycle, which no property reads. POS-3 adds the cycles up and "
        "could hold the peak against the fills.",
        ("a6aa9c1e",),
    ),
    Reason(
        Why.UNREACHABLE,
        "Nobody cancels all in the turn in which an order of the same instrument is still to "
        "be judged.",
        ("b312ed53",),
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
        Why.UNREACHABLE,
        "Nobody asks by account where one venue has two. CCH-1 could hold each filter against"
        " a scan.",
        (
            "6f775f98",
            "5483993c",
        ),
    ),
    Reason(
        Why.UNJUDGED,
        "A client that is lost while another is still to come counts as connected, and the "
        "start goes on without it. A property that reconciling begins when all are connected "
        "would judge it.",
        ("dfc0cb60",),
    ),
    Reason(
        Why.EQUIVALENT,
        "The first login sets it to False before anybody can read it.",
        ("f40d1803",),
    ),
    Reason(
        Why.UNJUDGED,
        "The stamp of the acceptance orders what cancel-all cancels, and nothing else reads "
        "it. A property that each stamp of an order is its event's would judge it, beside "
        "ORD-1.",
        ("7d2cdfaa",),
    ),
    Reason(
        Why.UNREACHABLE,
        "An expiry says at once how much was filled, and no run has an expiry that overtakes "
        "a fill of its order while the fill is lost.",
        ("fc2dc850",),
    ),
    Reason(
        Why.UNREACHABLE,
        "Nobody unsubscribes somebody else in the middle of a dispatch. BUS-1 would judge it.",
        ("7865fa3a",),
    ),
    Reason(
        Why.UNJUDGED,
        "The words of a refusal, which the trace holds and no property reads.",
        ("08773e89",),
    ),
    Reason(
        Why.UNJUDGED,
        "A balance that differs is asked for again at once and not after a pause. A bound "
        "from below on how often the kernel asks would judge it.",
        ("3b157c88",),
    ),
    Reason(
        Why.UNREACHABLE,
        "Who owns a subscription is read when its handler raises or the owner is disposed of;"
        " no run does either.",
        ("2b414fa4",),
    ),
    Reason(
        Why.UNJUDGED,
        "The helper turns every order back as another strategy's, and the random traders live"
        " with that: nothing is ever sent. A run that does nothing breaks nothing; from 14 "
        "seeds on a campaign of it is inconclusive, because its probes are owed.",
        ("56cbbcf7",),
    ),
    Reason(
        Why.EQUIVALENT,
        "The condition is always true: what it leads to checks the amounts once more and "
        "finds nothing.",
        ("c7bc2716",),
    ),
    Reason(
        Why.UNREACHABLE,
        "An unnamed answer settles the only request of its kind, and no picture comes while "
        "two modifies of one order are outstanding.",
        ("13c4744a",),
    ),
    Reason(
        Why.UNREACHABLE,
        "Nobody asks for orders before RUNNING or while the kernel stops.",
        ("b50a410a",),
    ),
    Reason(
        Why.UNREACHABLE,
        "It is read after a start that failed.",
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
        "Nobody asks for all the orders of an instrument. CCH-1 could hold each filter "
        "against a scan.",
        ("a4cff324",),
    ),
    Reason(
        Why.UNREACHABLE,
        "Nothing is emulated.",
        ("80c2510d",),
    ),
    Reason(
        Why.UNREACHABLE,
        "No account has a leverage of zero.",
        ("4d88d1fb",),
    ),
    Reason(
        Why.UNREACHABLE,
        "No fill is stamped in the first nanosecond of time.",
        ("014298b2",),
    ),
    Reason(
        Why.UNJUDGED,
        "The pending event does not name the account. A property that each event of an order "
        "names the account that accepted it would judge it, beside POS-4.",
        ("a1d4d937",),
    ),
    Reason(
        Why.UNJUDGED,
        "A check while trading goes on asks for the account as well. How much a check asks "
        "for is judged by nothing.",
        ("2b765607",),
    ),
    Reason(
        Why.UNREACHABLE,
        "No reduce-only order of a strategy that nets is modified after its first fill, and "
        "nobody else asks.",
        ("a7b213d4",),
    ),
    Reason(
        Why.UNREACHABLE,
        "No run loses the first frame of a subscription whose numbers begin at one.",
        ("c8008292",),
    ),
    Reason(
        Why.UNREACHABLE,
        "The status is for the alert of a fill that comes after the end of its order, and "
        "none does.",
        ("4d14757b",),
    ),
    Reason(
        Why.UNJUDGED,
        "Positions of other instruments are told as well. CCH-1 could hold each filter "
        "against a scan.",
        ("ff9997c5",),
    ),
    Reason(
        Why.UNREACHABLE,
        "No hook of a stop raises.",
        ("28fe9eed",),
    ),
    Reason(
        Why.UNREACHABLE,
        "Nothing is credited in a currency that the account has not.",
        ("fd6f7eae",),
    ),
    Reason(
        Why.UNJUDGED,
        "The event of a settlement lacks a field; POS-1 reads what was settled. A property "
        "that each event holds what its type declares would judge it, beside VAL-2.",
        (
            "62f44b72",
            "6dad5f2b",
        ),
    ),
    Reason(
        Why.UNJUDGED,
        "A command's stamp, which nobody reads. CLK-1 could hold the stamps of commands "
        "against the turn.",
        ("b79157c8",),
    ),
    Reason(
        Why.UNJUDGED,
        "When a difference from the venue's balances is announced. A property that an alert "
        "names a difference that lasted, and each that lasted has one, would judge it.",
        ("23dbf5ec",),
    ),
    Reason(
        Why.UNJUDGED,
        "No trade of the venue reaches the kernel. A property that each frame of a wanted "
        "channel that arrives is told would judge it.",
        ("0c626b3b",),
    ),
    Reason(
        Why.UNJUDGED,
        "What a picture shows of an order is taken into the wrong fields and mended by the "
        "next one. REC-1 judges the end of a run only.",
        ("8c2b774d",),
    ),
    Reason(
        Why.UNJUDGED,
        "Every order that names its position is turned away. A property that a denial is "
        "warranted would judge it.",
        ("7511de21",),
    ),
    Reason(
        Why.UNJUDGED,
        "Nobody but the trace hears of refusals, and that reads the fact. BUS-1 could hold "
        "what is told against the turn's facts.",
        ("ada8ebe7",),
    ),
    Reason(
        Why.EQUIVALENT,
        "Each route is found anew instead of being remembered, and it is the same one.",
        ("a6a9254b",),
    ),
)
