"""Tables as values."""

from mbert_cli.table import Table, shortened, without_empty_columns


def test_columns_in_which_no_row_has_anything_are_left_out_with_their_shades():
    table = Table(
        "a",
        ["x", "y", "z"],
        [("1", "", "2"), ("", "", "3")],
        ["n"],
        shades=[[0.1, 0.2, 0.3], [0.4, 0.5, 0.6]],
    )
    assert without_empty_columns(table) == Table(
        "a", ["x", "z"], [["1", "2"], ["", "3"]], ["n"], shades=[[0.1, 0.3], [0.4, 0.6]]
    )


def test_a_table_without_rows_has_no_columns_left():
    assert without_empty_columns(Table("a", ["x"], [])).columns == []


def test_a_text_that_fits_is_on_one_line():
    assert shortened(" one\n two  three ", 13) == "one two three"
    assert shortened("", 8) == ""
    assert shortened("海上的風", 8) == "海上的風"


def test_a_wide_text_is_cut_at_a_blank_if_there_is_one_in_reach():
    assert shortened("one two three four", 14) == "one two ..."
    assert shortened("one two three four", 17) == "one two three ..."
    assert shortened("a https://example.org/a/long/path", 20) == "a https://exampl ..."


def test_a_wide_text_without_blanks_is_cut_at_the_width():
    assert shortened("x" * 100, 20) == "x" * 16 + " ..."
    assert shortened("海" * 100, 20) == "海" * 8 + " ..."
    assert shortened("海" * 100, 21) == "海" * 8 + " ..."
