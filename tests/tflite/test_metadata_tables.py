"""Tables by the numbers of their fields."""

from mbert_cli.tflite.metadata_tables import TableReader, pack_table


def test_what_is_packed_is_read_by_the_same_numbers():
    packed = pack_table({0: "Ärger", 3: [{1: 7, 2: {0: "inside"}}, {}], 5: ()})
    assert packed[4:8] == b"M001"
    root = TableReader.of_root(packed)
    assert root.text(0) == "Ärger"
    first, second = root.tables(3)
    assert (first.number(1), first.table(2).text(0)) == (7, "inside")
    assert (second.number(1), second.table(2), second.text(0), second.tables(4)) == (0, None, None, ())
    assert len(root.tables(5)) == 0


def test_a_field_that_was_not_written_is_absent():
    root = TableReader.of_root(pack_table({}))
    assert (root.text(0), root.number(1), root.table(2), len(root.tables(9))) == (None, 0, None, 0)
