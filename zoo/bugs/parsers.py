"""Text that is read as what it does not say. Fuzz targets find these; no run reads such text."""

from typing import Final

from zoo.bug import Bug

BUGS: Final = (
    Bug(
        id="unknown-currency-made-up",
        sentence="Money in an unknown currency is read as money of a new one with eight decimals.",
        module="engine.model.currencies",
        changes=(
            (
                '        raise ValueError(f"unknown currency: {code!r}")\n',
                "        return Currency(code, 8, 0, code, CurrencyType.CRYPTO)\n",
            ),
        ),
        target="values",
        observed=(
            "Money text with an unknown code makes a new cryptocurrency of eight decimals in "
            "NautilusTrader, so that 1 usd is not money in dollars and nobody hears of it."
        ),
    ),
    Bug(
        id="ties-rounded-away",
        sentence="A number half way between two of the last decimal is rounded away from zero.",
        module="engine.model.fixed",
        changes=(
            (
                "    if twice > denominator or (twice == denominator and quotient & 1):\n",
                "    if twice > denominator or (twice == denominator and numerator > 0):\n",
            ),
        ),
        target="values",
        observed=(
            "The float constructors of NautilusTrader round half away from zero and its decimal "
            "ones half to even, so that 0.125 at two decimals is 0.13 or 0.12."
        ),
    ),
    Bug(
        id="twelve-months-accepted",
        sentence="A bar of twelve months is accepted beside the one of a year that it is.",
        module="engine.model.bars",
        changes=(
            (
                "(step >= parent or parent % step)",
                "(step >= parent + (aggregation is BarAggregation.MONTH) or parent % step)",
            ),
        ),
        target="bar_types",
        observed=(
            "NautilusTrader 1.231.0 accepts 12-MONTH, although a step has to be smaller than the "
            "unit that it divides."
        ),
    ),
    Bug(
        id="broken-line-escapes",
        sentence="A recording by order whose line breaks off in a field raises what nobody expects.",
        module="simulation.market.mbo_reader",
        changes=(("    except csv.Error as error:\n", "    except EOFError as error:\n"),),
        target="recordings",
    ),
)
