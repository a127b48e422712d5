"""Which character separates the cells of a table, and where its rows begin."""

from pathlib import Path

import pytest

from mbert_cli.errors import UserError
from mbert_cli.examples.table_dialect import OWN, Dialect, Header, read_cells, read_header

PATH = Path("t.csv")


def header_of(
    text: str, suffix: str = ".csv", named: str | None = None, is_exact: bool = False
) -> Header | None:
    lines = enumerate(text.split("\n"), 1)
    return read_header(lines, OWN[suffix], ["text", "label"], named, is_exact, PATH)


def cells_of(text: str, dialect: Dialect) -> list[tuple[int, list[str]]]:
    return list(read_cells(enumerate(text.split("\n"), 1), dialect, 0, PATH))


def test_the_suffix_counts_where_the_wanted_columns_are_there():
    assert header_of("text,a;b,label").names == ["text", "a;b", "label"]
    assert header_of("label\ta,b\ttext", ".tsv").dialect == Dialect("\t", is_quoted=False)


def test_where_no_delimiter_gives_the_wanted_columns_it_is_the_one_that_makes_most_cells():
    header = header_of("id;body;topic, if any")
    assert (str(header.dialect), header.names) == ("separated by semicolons", ["id", "body", "topic, if any"])


def test_an_example_in_quotation_marks_in_place_of_a_header_is_not_called_badly_quoted():
    assert header_of('"good, if long",sea').names == ["good, if long", "sea"]
    assert header_of('"good";"sea"').names == ["good", "sea"]
    with pytest.raises(UserError, match="quoted as spreadsheets do"):
        header_of('"te"xt,label')


def test_a_named_delimiter_is_the_only_one():
    assert header_of("text;label", named="~") == Header(Dialect("~"), 1, 1, ["text;label"])
    assert str(Dialect("~")) == "separated by '~'"


def test_an_exact_file_is_as_its_suffix_says():
    assert header_of("text;label", is_exact=True).names == ["text;label"]
    assert header_of("sep=;", is_exact=True).names == ["sep=;"]


@pytest.mark.parametrize("told", ["sep=;", "SEP=;", '"sep=;"'])
def test_a_first_line_may_tell_the_delimiter(told):
    assert header_of(f"\n{told}\n\ntext;label") == Header(Dialect(";"), 4, 4, ["text", "label"])


def test_a_header_may_go_over_several_lines():
    assert header_of('\n"text","a\n\nb",label\nx,y,z') == Header(
        Dialect(","), 2, 4, ["text", "a\n\nb", "label"]
    )


def test_a_file_of_blank_lines_has_no_header():
    assert header_of("\n \n") is None


def test_rows_come_with_the_line_where_they_begin_and_blank_lines_as_rows_without_cells():
    assert cells_of('a,"b\n\nc"\n\n"d ""e""", f', Dialect(",")) == [
        (1, ["a", "b\n\nc"]), (4, []), (5, ['d "e"', "f"]),
    ]  # fmt: skip
    assert cells_of('"a\tb\n \n\t', Dialect("\t", is_quoted=False)) == [
        (1, ['"a', "b"]),
        (2, []),
        (3, ["", ""]),
    ]


def test_blanks_may_separate_cells():
    assert cells_of('a "b c"  d', Dialect(" ")) == [(1, ["a", "b c", "", "d"])]


@pytest.mark.parametrize(
    ("text", "line"), [('a\n"b"c\nd', 2), ('a\n"b\nc', 2), ('"b \\"c\\""', 1)]
)  # fmt: skip
def test_a_row_that_is_not_quoted_as_spreadsheets_do_is_named(text, line):
    with pytest.raises(UserError) as caught:
        cells_of(text, Dialect(","))
    assert caught.value.message.startswith(
        f"A .csv file must be quoted as spreadsheets do. Received: t.csv:{line} ("
    )
