"""Parts of a batch."""

from mbert_cli.hosts.shares import RowShare


def test_shares_are_neighbouring_rows_and_together_the_batch():
    rows = list(range(12))
    parts = [rows[RowShare(index, 3).of(12)] for index in range(3)]
    assert parts == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11]]
    assert rows[RowShare().of(12)] == rows
