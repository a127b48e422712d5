"""What --format and --out ask for, and --length, as the verbs receive it."""

import pytest

from mbert_cli.errors import UserError
from mbert_cli.flags import delivery_of, lengths_of
from mbert_cli.page import PRINTED, Delivery


def test_what_is_not_typed_is_a_table_on_standard_output():
    assert delivery_of(None, None) == PRINTED


def test_a_format_and_a_file_are_handed_on(tmp_path):
    assert delivery_of("json", None) == Delivery("json", None)
    assert delivery_of(None, tmp_path / "a.md") == Delivery("markdown", tmp_path / "a.md")


def test_what_cannot_be_delivered_is_refused_before_any_work():
    with pytest.raises(UserError) as caught:
        delivery_of("csv", None)
    assert caught.value.message == "--format must be table, markdown, json or html. Received: csv"


@pytest.mark.parametrize(
    ("typed", "read"),
    [(None, None), ("128", 128), ("32, 64,128", [32, 64, 128]), ("64,", "64,"), ("all", "all"), ("-3", "-3")],
)
def test_lengths_are_read_as_numbers_where_they_are_numbers(typed, read):
    assert lengths_of(typed) == read
