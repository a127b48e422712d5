"""A recording of a teacher: read back row by row, never taken for another one, and whole or not there."""

import os
import signal
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mbert_cli.distill import teacher_outputs
from mbert_cli.distill.output_records import RecordedArray, RecordLayout
from mbert_cli.distill.teacher_outputs import OUTPUTS_FILE, RECORDS, digest_rows
from mbert_cli.errors import UserError
from mbert_cli.runs.manifest import write_directory

LENGTHS = [3, 8, 5, 8, 2]


@pytest.fixture(autouse=True)
def parts_of_two_rows(monkeypatch):
    monkeypatch.setattr(teacher_outputs, "FULL_PART_ROWS", 2)


def test_every_row_is_read_as_it_was_recorded(record_all, number_rows):
    outputs = record_all(number_rows(LENGTHS))
    found = outputs.read(np.array([4, 1, 4, 0]), 10)
    assert found["teacher_logits"][:, 0].tolist() == [4, 1, 4, 0]
    assert found["teacher_hidden_1"].shape == (4, 10, 3)
    np.testing.assert_array_equal(found["teacher_hidden_1"][0, :2], 400 + np.arange(6).reshape(2, 3))
    np.testing.assert_array_equal(found["teacher_hidden_1"][1, :8], 100 + np.arange(24).reshape(8, 3))
    assert (found["teacher_hidden_1"][0, 2:] == 0).all()


def test_the_longest_rows_are_recorded_first_and_the_size_is_known_beforehand(record_all, number_rows):
    outputs = record_all(number_rows(LENGTHS))
    assert [outputs.recorded.of_part(part)[0].tolist() for part in range(3)] == [[1, 3], [2, 0], [4]]
    files = sorted(outputs.path.glob(f"*/{RECORDS}"))
    assert [file.stat().st_size for file in files] == [outputs.recorded.part_bytes(part) for part in range(3)]
    assert sum(file.stat().st_size for file in files) == outputs.recorded.size_bytes == 4 * (5 * 2 + 26 * 3)


def test_a_part_is_full_at_its_bytes_too(monkeypatch, number_rows, open_recording):
    monkeypatch.setattr(teacher_outputs, "FULL_PART_ROWS", 100)
    monkeypatch.setattr(teacher_outputs, "FULL_PART_BYTES", 210)
    outputs = open_recording(number_rows(LENGTHS))
    assert outputs.recorded.parts == [0, 2, 5]  # records of 104, 104, 68, 44 and 32 bytes
    assert [outputs.recorded.part_bytes(part) for part in (0, 1)] == [208, 144]


def test_parts_have_more_rows_where_there_would_be_too_many(monkeypatch, number_rows, open_recording):
    monkeypatch.setattr(teacher_outputs, "MAX_PARTS_BY_ROWS", 3)
    assert open_recording(number_rows([2] * 12)).recorded.parts == [0, 4, 8, 12]


def test_rows_that_are_not_trained_on_are_not_recorded(open_recording, number_rows):
    rows = number_rows(LENGTHS)
    rows.trained = np.array([0, 3])
    outputs = open_recording(rows)
    assert outputs.recorded.order.tolist() == [3, 0]
    with pytest.raises(ValueError, match="Received: \\[1\\]"):
        outputs.recorded.find(np.array([0, 1]))


def test_what_is_recorded_is_found_again(record_all, open_recording, number_rows):
    record_all(number_rows(LENGTHS)).close()
    assert open_recording(number_rows(LENGTHS)).missing == []


def test_a_recording_of_another_teacher_is_never_used(record_all, open_recording, number_rows):
    record_all(number_rows(LENGTHS)).close()
    assert open_recording(number_rows(LENGTHS), teacher="another").missing == [0, 1, 2]


def test_a_recording_of_other_rows_is_never_used(record_all, open_recording, number_rows):
    record_all(number_rows(LENGTHS)).close()
    assert open_recording(number_rows(LENGTHS, first=[0, 1, 2, 3, 9])).missing == [0, 1, 2]


def test_a_recording_of_rows_in_another_order_is_never_used(record_all, open_recording, number_rows):
    record_all(number_rows(LENGTHS)).close()
    assert open_recording(number_rows(LENGTHS, first=[0, 3, 2, 1, 4])).missing == [0, 1, 2]


def test_a_recording_of_other_arrays_or_types_is_never_used(record_all, open_recording, number_rows):
    outputs = record_all(number_rows(LENGTHS))
    layout = outputs.layout
    for other in (
        replace(layout, dtype="float16"),
        replace(layout, arrays=layout.arrays[:1]),
        replace(layout, arrays=(layout.arrays[0], replace(layout.arrays[1], name="teacher_hidden_2"))),
    ):
        assert open_recording(number_rows(LENGTHS), layout=other).missing == [0, 1, 2]


def test_a_description_of_something_else_under_the_name_is_written_anew(
    record_all, open_recording, number_rows
):
    outputs = record_all(number_rows(LENGTHS))
    whole = (outputs.path / OUTPUTS_FILE).read_bytes()
    (outputs.path / OUTPUTS_FILE).write_text('{"format": 1, "tea')
    open_recording(number_rows(LENGTHS))
    assert (outputs.path / OUTPUTS_FILE).read_bytes() == whole


def test_a_killed_recording_keeps_its_whole_parts_and_makes_the_others(open_recording, number_rows):
    outputs = open_recording(number_rows(LENGTHS))

    def interrupted():
        yield b"0" * outputs.recorded.part_bytes(0)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        outputs.write(0, interrupted())
    outputs.write(1, [b"0" * outputs.recorded.part_bytes(1)])
    assert sorted(path.name for path in outputs.path.iterdir()) == ["part-00001", OUTPUTS_FILE]
    assert open_recording(number_rows(LENGTHS)).missing == [0, 2]


def test_what_a_process_left_that_was_killed_is_no_part(record_all, open_recording, number_rows):
    outputs = open_recording(number_rows(LENGTHS))

    def killed():
        yield b"0" * outputs.recorded.part_bytes(0)
        os.kill(os.getpid(), signal.SIGKILL)

    process = os.fork()
    if not process:
        outputs.write(0, killed())
    assert os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == -signal.SIGKILL
    assert [path.name for path in outputs.path.glob("part-*")] == [f"part-00000.partial-{process}"]
    assert open_recording(number_rows(LENGTHS)).missing == [0, 1, 2]
    assert record_all(number_rows(LENGTHS)).missing == []
    assert [path.name for path in outputs.path.glob("part-*.partial-*")] == []


@pytest.mark.parametrize("change", ["cut", "alter", "remove", "unmanifest"])
def test_a_damaged_part_is_made_anew(record_all, open_recording, number_rows, change):
    outputs = record_all(number_rows(LENGTHS))
    file = outputs.path / "part-00001" / RECORDS
    data = file.read_bytes()
    if change == "cut":
        file.write_bytes(data[:-1])
    elif change == "alter":
        file.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    else:
        (file if change == "remove" else file.with_name("manifest.json")).unlink()
    assert open_recording(number_rows(LENGTHS)).missing == [1]
    assert record_all(number_rows(LENGTHS)).read(np.array([2]), 8)["teacher_logits"].tolist() == [[2, 2]]


def test_a_folder_that_cannot_be_written_is_refused(tmp_path, open_recording, number_rows):
    (tmp_path / "recordings").write_text("a file")
    with pytest.raises(UserError) as caught:
        open_recording(number_rows(LENGTHS))
    assert caught.value.message.startswith(
        f"The folder for what teachers say must be one that can be written. Received: {tmp_path}/recordings ("
    )


def test_the_digest_of_rows_does_not_depend_on_how_many_are_read_at_once(monkeypatch, number_rows):
    rows = number_rows(LENGTHS)
    digests = {digest_rows(rows, np.arange(5))}
    rows.take = lambda indices, length: number_rows.take(rows, indices, length + 3)
    digests.add(digest_rows(rows, np.arange(5)))
    assert len(digests) == 1


def test_the_digest_of_rows_tells_whether_padding_stands_behind_the_last_token(number_rows):
    rows, longer, shorter = number_rows([8, 5]), number_rows([8, 5]), number_rows([7, 5])
    longer.sequence_length += 1
    assert digest_rows(rows, np.arange(2)) != digest_rows(longer, np.arange(2))
    digests = {digest_rows(shorter, np.arange(2))}
    shorter.sequence_length += 1
    assert digests == {digest_rows(shorter, np.arange(2))}


def test_texts_that_are_cut_are_recorded_as_long_as_a_row(open_recording, number_rows):
    assert open_recording(number_rows([3, 100])).recorded.tokens.tolist() == [8, 3]


def test_a_batch_opens_no_more_files_than_it_has_parts(record_all, number_rows, monkeypatch):
    outputs, opened = record_all(number_rows(LENGTHS)), []
    monkeypatch.setattr(
        os, "open", lambda path, *rest, _open=os.open: (opened.append(path), _open(path, *rest))[1]
    )
    outputs.read(np.array([1, 3, 1, 3]), 8)
    assert len(opened) == 1


@pytest.mark.slow
def test_memory_does_not_grow_with_a_recording(open_recording, number_rows, monkeypatch):
    """Every byte of 2 GB is read; the files have holes in them, so that the disk has no part in it."""
    monkeypatch.setattr(teacher_outputs, "FULL_PART_ROWS", 64)
    layout = RecordLayout((RecordedArray("teacher_hidden_1", "tokens", 2**17),), "float32")
    outputs = open_recording(number_rows([8] * 512), layout=layout)
    assert outputs.recorded.size_bytes == 2**31
    for part in range(len(outputs.recorded.parts) - 1):
        write_directory(
            outputs.path / f"part-{part:05d}",
            lambda folder, part=part: os.truncate(
                new_file(folder / RECORDS), outputs.recorded.part_bytes(part)
            ),
        )
    before = resident_bytes()
    assert open_recording(number_rows([8] * 512), layout=layout).missing == []
    largest = 0
    for start in range(0, 512, 8):
        outputs.read(np.arange(start, start + 8), 8)
        largest = max(largest, resident_bytes() - before)
    assert largest < 2**28  # a batch has 2**25 bytes


def new_file(path: Path) -> Path:
    path.touch()
    return path


def resident_bytes() -> int:
    """Memory of this process, mappings of files included."""
    pages = Path("/proc/self/statm").read_text().split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")
