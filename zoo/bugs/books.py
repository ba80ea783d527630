"""Books that part from the venue's, and consumers that see one half done."""

from typing import Final

from zoo.bug import READ, Bug

BUGS: Final = (
    Bug(
        id="book-gap-ignored",
        sentence="A change of the book is applied whatever its number, so that a hole goes unseen.",
        module="simulation.client_book",
        changes=(
            ("        if update == self.update + 1:\n", "        if update > self.update:\n"),
        ),
        property="BK-1",
        observed=(
            "NautilusTrader stores the sequence numbers of book deltas and never checks them for "
            "gaps."
        ),
        release=READ,
    ),
    Bug(
        id="half-batches-told",
        sentence="Subscribers are told of each delta as it comes, and of the end of a batch later.",
        module="engine.data.engine",
        changes=(
            (
                '        """The book first, then its subscribers, then what is wrong with it."""\n'
                "        instrument_id = batch.instrument_id\n",
                "        instrument_id = batch.instrument_id\n"
                "        for delta in batch.deltas[:-1]:\n"
                "            part = msgspec.structs.replace(batch, deltas=(delta,))\n"
                "            self._bus.dispatch(topics.deltas(instrument_id), part)\n",
            ),
        ),
        property="BK-2",
        observed=(
            "NautilusTrader publishes single deltas unless buffer_deltas is set: consumers see "
            "half a batch."
        ),
    ),
    Bug(
        id="shrunk-order-loses-place",
        sentence="An order that is partly filled goes to the back of its queue.",
        module="engine.model.book_l3",
        changes=(("        if grown > 0:\n", "        if grown:\n"),),
        property="BK-3",
        scenario="listening",
    ),
    Bug(
        id="l3-level-keeps-what-left",
        sentence="A level of the book by order is not made smaller when an order behind others leaves.",
        module="engine.model.book_l3",
        changes=(("            sizes[price] -= size\n", "            sizes[price] -= 0\n"),),
        property="BK-2",
        scenario="listening",
    ),
    Bug(
        id="held-changes-dropped",
        sentence="Changes that waited for a picture of the book are dropped when it has come.",
        module="simulation.client_book",
        changes=(("        return held\n", "        return []\n"),),
        property="BK-1",
    ),
)
