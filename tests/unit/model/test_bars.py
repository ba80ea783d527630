import copy
import pickle

import msgspec
import pytest

from engine.model.bars import Bar, BarSpecification, BarType, BarTypeError
from engine.model.enums import AggregationSource, BarAggregation, PriceType
from engine.model.identifiers import InstrumentId
from engine.model.values import Price, Quantity

FIVE_MINUTES = BarType.from_str("BTC/USDT.SIM-5-MINUTE-LAST-INTERNAL")


@pytest.mark.parametrize(
    ("text", "instrument", "step", "aggregation", "price_type", "source"),
    [
        ("BTC-PERP.X-5-MINUTE-BID-INTERNAL", "BTC-PERP.X", 5, "MINUTE", "BID", "INTERNAL"),
        ("A-B-C.V-1-day-mid-external", "A-B-C.V", 1, "DAY", "MID", "EXTERNAL"),
        ("X.Y-250-Millisecond-Ask-Internal", "X.Y", 250, "MILLISECOND", "ASK", "INTERNAL"),
        ("X.Y-30-SECOND-LAST-EXTERNAL", "X.Y", 30, "SECOND", "LAST", "EXTERNAL"),
        ("X.Y-12-HOUR-LAST-EXTERNAL", "X.Y", 12, "HOUR", "LAST", "EXTERNAL"),
        ("X.Y-6-MONTH-LAST-EXTERNAL", "X.Y", 6, "MONTH", "LAST", "EXTERNAL"),
        ("X.Y-7-WEEK-LAST-EXTERNAL", "X.Y", 7, "WEEK", "LAST", "EXTERNAL"),
        ("X.Y-13-YEAR-LAST-EXTERNAL", "X.Y", 13, "YEAR", "LAST", "EXTERNAL"),
    ],
)
def test_a_bar_type_is_read_from_the_right_and_printed_upper_case(
    text: str, instrument: str, step: int, aggregation: str, price_type: str, source: str
) -> None:
    bar_type = BarType.from_str(text)
    assert bar_type.instrument_id == InstrumentId(instrument)
    assert bar_type.spec.step == step
    assert bar_type.spec.aggregation is BarAggregation[aggregation]
    assert bar_type.spec.price_type is PriceType[price_type]
    assert bar_type.aggregation_source is AggregationSource[source]
    assert bar_type.is_internal == (source == "INTERNAL")
    assert bar_type == f"{instrument}-{step}-{aggregation}-{price_type}-{source}"
    assert BarType.from_str(str(bar_type)) == bar_type


@pytest.mark.parametrize(
    ("text", "token", "position"),
    [
        ("BTC-5-MINUTE-LAST-INTERNAL", "BTC", 0),
        ("MINUTE-LAST-INTERNAL", "MINUTE-LAST-INTERNAL", 0),
        ("X.Y-0-MINUTE-LAST-INTERNAL", "0", 1),
        ("X.Y-x-MINUTE-LAST-INTERNAL", "x", 1),
        ("X.Y-1.5-MINUTE-LAST-INTERNAL", "1.5", 1),
        ("X.Y-²-MINUTE-LAST-INTERNAL", "²", 1),
        ("X.Y-60-MINUTE-LAST-INTERNAL", "60", 1),
        ("X.Y-7-MINUTE-LAST-INTERNAL", "7", 1),
        ("X.Y-24-HOUR-LAST-INTERNAL", "24", 1),
        ("X.Y-1000-MILLISECOND-LAST-INTERNAL", "1000", 1),
        ("X.Y-12-MONTH-LAST-INTERNAL", "12", 1),
        ("X.Y-5-FORTNIGHT-LAST-INTERNAL", "FORTNIGHT", 2),
        ("X.Y-5-MINUTE-BEST-INTERNAL", "BEST", 3),
        ("X.Y-5-MINUTE-LAST-ELSEWHERE", "ELSEWHERE", 4),
    ],
)
def test_an_unreadable_bar_type_names_token_and_position(
    text: str, token: str, position: int
) -> None:
    with pytest.raises(BarTypeError) as caught:
        BarType.from_str(text)
    assert (caught.value.text, caught.value.token, caught.value.position) == (text, token, position)


@pytest.mark.parametrize(
    "text",
    [
        "X.Y-100-TICK-LAST-INTERNAL",
        "X.Y-100-VOLUME_RUNS-LAST-EXTERNAL",
        "X.Y-1-RENKO-LAST-INTERNAL",
        "X.Y-1-MINUTE-MARK-INTERNAL",
        "X.Y-5-MINUTE-LAST-INTERNAL@1-MINUTE-EXTERNAL",
        "X.Y-1-MONTH-BID-INTERNAL@1-DAY-INTERNAL",
        "X.Y-1-YEAR-BID-INTERNAL@3-MONTH-EXTERNAL",
        "A@B.X-10-TICK-LAST-INTERNAL@1-SECOND-INTERNAL",
        "A@B-C.X-10-TICK-LAST-INTERNAL",
    ],
)
def test_every_form_of_the_grammar_reads_back_as_itself(text: str) -> None:
    bar_type = BarType.from_str(text)
    assert bar_type == text
    assert pickle.loads(pickle.dumps(bar_type)) == bar_type
    assert (bar_type.source is not None) == ("@1" in text or "@3" in text)


@pytest.mark.parametrize(
    ("text", "token", "position"),
    [
        ("X.Y-5-MINUTE-LAST-INTERNAL@0-MINUTE-INTERNAL", "0", 5),
        ("X.Y-5-MINUTE-LAST-INTERNAL@1-MINUTES-INTERNAL", "MINUTES", 6),
        ("X.Y-5-MINUTE-LAST-INTERNAL@1-MINUTE-MINE", "MINE", 7),
        ("X.Y-5-MINUTE-LAST-INTERNAL@1-MINUTE", "1-MINUTE", 5),
        ("X.Y-5-MINUTE-LAST-EXTERNAL@1-MINUTE-INTERNAL", "1-MINUTE-INTERNAL", 5),
        ("X.Y-5-MINUTE-LAST-INTERNAL@2-MINUTE-INTERNAL", "2-MINUTE-INTERNAL", 5),
        ("X.Y-5-MINUTE-LAST-INTERNAL@5-MINUTE-INTERNAL", "5-MINUTE-INTERNAL", 5),
        ("X.Y-5-MINUTE-LAST-INTERNAL@9-TICK-INTERNAL", "9-TICK-INTERNAL", 5),
        ("X.Y-1-MONTH-LAST-INTERNAL@1-WEEK-INTERNAL", "1-WEEK-INTERNAL", 5),
        ("X.Y-1-MONTH-LAST-INTERNAL@2-DAY-INTERNAL", "2-DAY-INTERNAL", 5),
    ],
)
def test_composite_that_is_malformed_or_straddles_is_refused(
    text: str, token: str, position: int
) -> None:
    with pytest.raises(BarTypeError) as caught:
        BarType.from_str(text)
    assert (caught.value.token, caught.value.position) == (token, position)


def test_a_bar_type_is_its_text_so_it_keys_a_dict_and_makes_a_topic() -> None:
    text = "BTC/USDT.SIM-5-MINUTE-LAST-INTERNAL"
    assert {text: 1}[FIVE_MINUTES] == 1
    assert f"data.bars.{FIVE_MINUTES}" == f"data.bars.{text}"
    assert repr(FIVE_MINUTES) == f"BarType('{text}')"


def test_a_bar_type_and_its_specification_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        FIVE_MINUTES.spec = FIVE_MINUTES.spec
    with pytest.raises(AttributeError):
        del FIVE_MINUTES.instrument_id
    with pytest.raises(AttributeError):
        FIVE_MINUTES.spec.step = 1
    with pytest.raises(AttributeError):
        del FIVE_MINUTES.spec.step
    for twin in (copy.deepcopy(FIVE_MINUTES), pickle.loads(pickle.dumps(FIVE_MINUTES))):
        assert twin == FIVE_MINUTES
        assert twin.spec == FIVE_MINUTES.spec
        assert hash(twin.spec) == hash(FIVE_MINUTES.spec)


def test_construction_from_parts_checks_their_types() -> None:
    instrument_id = InstrumentId("X.Y")
    spec = BarSpecification(1, BarAggregation.DAY, PriceType.LAST)
    assert BarType(instrument_id, spec, AggregationSource.EXTERNAL) == "X.Y-1-DAY-LAST-EXTERNAL"
    for arguments in (
        ("X.Y", spec, AggregationSource.EXTERNAL),
        (instrument_id, "1-DAY-LAST", AggregationSource.EXTERNAL),
        (instrument_id, spec, 1),
    ):
        with pytest.raises(TypeError):
            BarType(*arguments)  # type: ignore[arg-type]
    for arguments in ((1.0, BarAggregation.DAY, PriceType.LAST), (1, 14, PriceType.LAST)):
        with pytest.raises(TypeError):
            BarSpecification(*arguments)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        BarSpecification(1, BarAggregation.DAY, 4)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        BarType.from_str(1)  # type: ignore[arg-type]


def test_lengths_compare_how_fine_two_specifications_are() -> None:
    month = BarSpecification(1, BarAggregation.MONTH, PriceType.LAST)
    year = BarSpecification(1, BarAggregation.YEAR, PriceType.LAST)
    assert FIVE_MINUTES.spec.length_ns == 300_000_000_000
    assert month.length_ns == 30 * 86_400_000_000_000
    assert year.length_ns == 365 * 86_400_000_000_000


def test_a_bar_carries_mantissas_and_shows_values() -> None:
    bar = Bar(FIVE_MINUTES, 10050, 10100, 9950, 10000, 1500, 2, 3, 1, 2)
    assert (bar.open, bar.high, bar.low, bar.close) == (
        Price("100.50"),
        Price("101.00"),
        Price("99.50"),
        Price("100.00"),
    )
    assert bar.volume == Quantity("1.500")
    assert msgspec.json.decode(msgspec.json.encode(bar, enc_hook=str)) == [
        "Bar", str(FIVE_MINUTES), 10050, 10100, 9950, 10000, 1500, 2, 3, 1, 2, False,
    ]  # fmt: skip


@pytest.mark.parametrize(
    "prices", [(1, 2, 2, 2), (3, 2, 1, 2), (2, 3, 2, 1), (2, 2, 1, 3), (1, 1, 2, 1)]
)
def test_a_bar_whose_prices_contradict_each_other_is_refused(
    prices: tuple[int, int, int, int],
) -> None:
    with pytest.raises(ValueError, match="outside"):
        Bar(FIVE_MINUTES, *prices, 0, 0, 0, 0, 0)


def test_a_bar_without_volume_is_fine_and_with_negative_volume_refused() -> None:
    assert Bar(FIVE_MINUTES, 1, 1, 1, 1, 0, 0, 0, 0, 0).volume == 0
    with pytest.raises(ValueError, match="negative"):
        Bar(FIVE_MINUTES, 1, 1, 1, 1, -1, 0, 0, 0, 0)
