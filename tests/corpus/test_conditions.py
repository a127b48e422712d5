"""Conditions on columns: what they mean, and what is no condition."""

from datetime import date, datetime
from decimal import Decimal

import pytest

from mbert_cli.corpus.conditions import parse_condition
from mbert_cli.errors import UserError


@pytest.mark.parametrize(
    ("text", "row", "holds"),
    [
        ("language == 'en'", {"language": "en"}, True),
        ("language != 'en'", {"language": "en"}, False),
        ("score > 0.5", {"score": "0.7"}, True),
        ("score > 0.5", {"score": 0.5}, False),
        ("0.2 < score <= 0.5", {"score": "0.5"}, True),
        ("score >= -1 and not language in ['de', 'fr']", {"score": 0, "language": "en"}, True),
        ("source in ['books', 'news'] or score > 9", {"source": "web", "score": "10"}, True),
        ("year in [1999, 2000]", {"year": "2000"}, True),
        ("score > 0.5", {}, False),
        ("score > 0.5", {"score": None}, False),
        ("score > 0.5", {"score": " "}, False),
        ("text is not None", {"text": None}, False),
        ("text is not None", {"text": ""}, True),
        ("checked == True", {"checked": True}, True),
        ("checked and score > 1", {"checked": True, "score": 2}, True),
        ("checked", {"checked": True}, True),
        ("checked", {"checked": 0}, False),
        ("checked", {"checked": None}, False),
        ("not checked", {"checked": None}, True),
        ("not meta.checked", {"meta": {"checked": "False"}}, True),
        ("checked and not spam", {"checked": "yes", "spam": " "}, True),
        ("checked == True", {"checked": "True"}, True),
        ("checked != False", {"checked": "false"}, False),
        ("checked in [False]", {"checked": "no"}, True),
        ("score and score > 0.5", {"score": "0.7"}, True),
        ("score != 5", {"score": None}, False),
        ("score != 5", {"score": float("nan")}, False),
        ("score != 5", {"score": Decimal("NaN")}, False),
        ("score != 5", {"score": "NaN"}, False),
        ("not score == 5", {"score": float("nan")}, True),
        ("score is None", {"score": float("nan")}, True),
        ("not checked", {"checked": float("nan")}, True),
        ("name == 'nan'", {"name": "nan"}, True),
        ("score != 5", {"score": 4}, True),
        ("not score == 5", {}, True),
        ("language not in ['de']", {"language": None}, False),
        ("score > 5 or language == 'en'", {"score": None, "language": "en"}, True),
        ("language == 'en' and score > 5", {"score": None, "language": "en"}, False),
        ("language == None", {}, True),
        ("'news' in tags", {"tags": None}, False),
        ("'news' in tags", {"tags": ["web", "news"]}, True),
        ("meta.score < 1", {"meta": None}, False),
        ("day >= '2026-01-02'", {"day": date(2026, 1, 2)}, True),
        ("'2026-01-01' < at <= '2026-01-02T12'", {"at": datetime(2026, 1, 2, 11)}, True),
        ("at > '2026-01-02T12'", {"at": datetime(2026, 1, 2, 11)}, False),
        ("at < '2026-01-02 12:00'", {"at": datetime(2026, 1, 2, 11)}, True),
        ("'2026-01-02 12:00' <= at", {"at": datetime(2026, 1, 2, 11)}, False),
        ("at in ['2026-01-02 11:00:00']", {"at": datetime(2026, 1, 2, 11)}, True),
        ("at != '2026-01-02 11:00:00'", {"at": datetime(2026, 1, 2, 11)}, False),
        ("checked is True", {"checked": "yes"}, True),
        ("language != 'en'", {"language": b"en"}, False),
        ("picture is not None", {"picture": b"\xff\xd8"}, True),
        ("longest > shortest", {"longest": "10", "shortest": "9"}, True),
        ("longest > shortest", {"longest": "a", "shortest": "b"}, False),
        ("longest > shortest and shortest == '10'", {"longest": "9", "shortest": "10"}, True),  # texts
        ("id > 9007199254740995", {"id": "9007199254740996"}, True),
        ("id > 9007199254740995", {"id": "9007199254740995"}, False),
        ("price == 0.1", {"price": Decimal("0.10")}, True),
        ("id == 9007199254740993", {"id": Decimal(9007199254740993)}, True),
    ],
)
def test_a_condition_compares_the_columns_of_a_row(text, row, holds):
    assert parse_condition(text).holds(row, "t.csv, row 1") is holds


def test_the_columns_of_a_condition_are_known():
    condition = parse_condition("language == 'en' and (score > 0.5 or year in [1999])")
    assert condition.columns == {"language", "score", "year"}
    assert condition.numeric == {"score", "year"}


@pytest.mark.parametrize(
    "text",
    [
        "", "1", "'en'", "-score", "1 > 0", "score > 1 or 'en'", "not 'en' == language and 1", "score > 1 and ['en']", "language = 'en'", "score >", "__import__('os').system('x') == 0", "text.lower() == 'a'",
        "-score > 0.5", "score > -'a'", "len(text) > 5", "score + 1 > 2", "[x for x in text] == 1", "text[0] == 'a'", "f'{text}' == 'a'",
        f"{'not ' * 3000}checked",
    ],
)  # fmt: skip
def test_anything_else_is_refused(text):
    with pytest.raises(UserError) as caught:
        parse_condition(text)
    assert caught.value.message == f"corpus.where must be a condition on columns. Received: {text}"


@pytest.mark.parametrize("text", ["language is 'en'", "score is not 0.6", "score is 1", "language is other"])
def test_identity_says_nothing_of_texts_and_numbers(text):
    with pytest.raises(UserError) as caught:
        parse_condition(text)
    assert caught.value.message == (
        f"In corpus.where `is` and `is not` stand beside None, True or False. Received: {text}"
    )
    assert caught.value.hint == "Compare other values by == and !=."


@pytest.mark.parametrize("text", ["language in ('en')", "language not in 'en'", "year in (1999)"])
def test_a_column_is_looked_for_in_a_list_and_not_in_a_text(text):
    with pytest.raises(UserError) as caught:
        parse_condition(text)
    assert caught.value.message == f"In corpus.where a column is looked for in a list. Received: {text}"
    assert caught.value.hint == "Put values in brackets, also a single one: language in ['en']."
    assert parse_condition("'en' in language and language in ('en',)").holds({"language": "en"}, "t:1")


def test_bytes_that_are_no_text_are_named_where_they_are_compared():
    with pytest.raises(UserError) as caught:
        parse_condition("language == 'en'").holds({"language": b"\xff"}, "t.parquet, row 3")
    assert caught.value.message == (
        "A column of bytes that corpus.where compares must hold UTF-8. "
        "Received: b'\\xff' in the column 'language' of t.parquet, row 3"
    )


def test_a_number_and_a_text_in_two_columns_are_not_ordered():
    with pytest.raises(UserError, match="must compare values of one type"):
        parse_condition("longest > shortest").holds({"longest": "10", "shortest": "nine"}, "t.csv:2")


def test_a_value_that_is_no_number_is_named_where_one_is_compared():
    with pytest.raises(UserError) as caught:
        parse_condition("score > 0.5").holds({"score": "good"}, "t.csv, row 3")
    assert caught.value.message == (
        "A column that corpus.where compares with a number must hold numbers. "
        "Received: 'good' in the column 'score' of t.csv, row 3"
    )


@pytest.mark.parametrize("value", ["en", 2, 0.5, ["a"], {}])
@pytest.mark.parametrize("text", ["language", "not language", "language == True", "language or score > 1"])
def test_a_value_that_is_neither_true_nor_false_is_named_where_that_is_asked(text, value):
    with pytest.raises(UserError) as caught:
        parse_condition(text).holds({"language": value, "score": 0}, "t.csv, row 3")
    assert caught.value.message == (
        "A column that corpus.where asks whether it is true must hold true or false, yes or no, 1 or 0. "
        f"Received: {value!r} in the column 'language' of t.csv, row 3"
    )


def test_values_of_different_types_are_named():
    with pytest.raises(UserError) as caught:
        parse_condition("score > 'a'").holds({"score": 3}, "t.jsonl:2")
    assert caught.value.message == (
        "corpus.where must compare values of one type. Received: score > 'a' with score=3 in t.jsonl:2"
    )


def test_a_condition_may_look_at_members_of_columns():
    condition = parse_condition("meta.language == 'en' and meta.quality.score > 0.5")
    assert condition.columns == {"meta.language", "meta.quality.score"}
    row = {"meta": {"language": "en", "quality": {"score": 0.7}}}
    assert condition.holds(row, "t:1")
    assert not condition.holds({"meta": {"language": "en"}}, "t:2")
    with pytest.raises(UserError, match=r"corpus\.where must be a condition on columns"):
        parse_condition("'a'.join == 3")


@pytest.mark.parametrize("value", [Decimal(2), b"en"])
def test_decimals_and_bytes_that_are_neither_true_nor_false_are_named_too(value):
    with pytest.raises(UserError, match="must hold true or false"):
        parse_condition("not language").holds({"language": value}, "t.parquet, row 3")
