"""Tables as values."""

from mbert_cli.table import Table, without_empty_columns


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
