"""The files of an augmentation, which a task reads as it reads its own."""

import itertools
from pathlib import Path

import numpy as np
import pytest

from mbert_cli.augment.candidates import Candidates, CandidateSearch, DistinctTexts
from mbert_cli.augment.options import AugmentOptions
from mbert_cli.augment.word_vectors import WordVectors
from mbert_cli.augment.writing import Written, describe_files, write_examples
from mbert_cli.examples.augmented import write_note
from mbert_cli.examples.glue import GLUE
from mbert_cli.examples.loading import load_task
from mbert_cli.examples.options import FileTask, GlueTask, InstalledDocsTask
from mbert_cli.examples.texts import Examples, TaskData

ANGLES = np.radians([0, 5, 10, 90, 95])
TABLE = WordVectors(
    ["movie", "film", "picture", "good", "fine"], np.stack([np.cos(ANGLES), np.sin(ANGLES)], 1)
)


pytestmark = pytest.mark.usefixtures("empty_folder")


def write(options, task, **changes) -> tuple[Path, Written]:
    """Writes an augmentation of a task into final/."""
    folder = Path("final")
    folder.mkdir(exist_ok=True)
    files = describe_files(folder, options, task)
    found = DistinctTexts([*task.train.texts, *(task.train.second_texts or [])], frozenset())
    neighbours = CandidateSearch(Path("pieces"), found, 2).neighbours(lambda: TABLE, None)
    augment = AugmentOptions(**{"copies": 5, "replace_probability": 0.8, **changes})
    written = write_examples(files, augment, 0, task, Candidates(found, None, neighbours))
    write_note(folder, files)
    return files.train, written


def examples(labels, texts=("A Good movie.", "It rains."), second=None) -> Examples:
    return Examples(list(texts), second and list(second), labels)


def group(texts: list[str], starts: list[str]) -> list[list[str]]:
    """The rows of each original."""
    bounds = [*(texts.index(start) for start in starts), len(texts)]
    return [texts[first:end] for first, end in itertools.pairwise(bounds)]


@pytest.mark.parametrize("name", GLUE)
def test_each_task_of_glue_reads_its_augmentation(name):
    row = GLUE[name]
    is_number = row.kind == "regression"
    labels = np.array([3.2, 0], np.float32) if is_number else np.array([1, 0], np.int32)
    second = ["a good movie", "no\tmore"] if row.columns.second_text else None
    task = TaskData(name, list(row.output_names), {"train": examples(labels, second=second)}, kind=row.kind)
    options = GlueTask(source="glue", name=name, folder="GLUE")
    path, written = write(options, task)
    read = load_task(options.model_copy(update={"train": "final/train.tsv"}), "train").train
    assert path == Path("final/train.tsv")
    assert len(read) == written.rows > 4
    assert written.originals == 2
    first, last = group(read.texts, ["A Good movie.", "It rains."])
    assert first[0] == "A Good movie."
    assert last == ["It rains."]
    assert all(text.startswith("A ") and text.endswith(".") for text in first)
    assert read.labels.tolist() == [*[labels[0]] * len(first), labels[1]]
    if second:
        assert read.second_texts[0] == "a good movie"
        assert read.second_texts[-1] == "no more"
        assert len(set(read.second_texts)) > 2


@pytest.mark.parametrize(
    ("kind", "label", "labels", "names"),
    [
        ("classification", "topic", np.array([0, 1], np.int32), ["1", "sea, wide"]),
        ("multi_label", "topic", np.array([[1, 1], [0, 0]], np.float32), ["a", "b,c"]),
        ("multi_label", ["a", "b"], np.array([[1, 0], [0, 1]], np.float32), ["a", "b"]),
        ("regression", "topic", np.array([0.1, -3], np.float32), ["topic"]),
    ],
)
def test_files_of_the_users_are_read_again_whatever_their_texts_hold(kind, label, labels, names):
    texts = ['A good\tmovie,\nsaid "he" –\u2028 ends.', "It rains."]
    held_out = examples(labels[:1], ["left movie"])
    task = TaskData("mail.csv", names, {"train": examples(labels, texts), "validation": held_out}, kind=kind)
    options = FileTask(source="file", kind=kind, train="mail.csv", label=label)
    _, written = write(options, task)
    given = options.model_copy(update={"train": "final/train.jsonl"})
    read = load_task(given if kind == "regression" else given.model_copy(update={"labels": None}))
    assert len(read.train) == written.rows
    assert read.train.texts[0] == texts[0]
    assert read.train.texts[-1] == texts[1]
    assert all(
        "\tmovie,\n" in text or "film,\n" in text or "picture,\n" in text for text in read.train.texts[:-1]
    )
    assert read.validation.texts == ["left movie"]
    assert np.array_equal(read.train.labels[0], labels[0])
    assert np.array_equal(read.train.labels[-1], labels[1])


def test_a_task_without_files_becomes_one_with_files():
    task = TaskData("installed_docs", ["keras", "numpy"], {
        "train": examples(np.array([0, 1], np.int32)), "validation": examples(np.array([1, 0], np.int32)),
    })  # fmt: skip
    write(InstalledDocsTask(source="installed_docs"), task)
    read = load_task(FileTask(source="file", train="final/train.jsonl"))
    assert read.output_names == ["keras", "numpy"]
    assert read.validation.texts == ["A Good movie.", "It rains."]


def test_examples_beyond_the_most_stay_without_copies():
    labels = np.arange(6, dtype=np.int32) % 2
    task = TaskData("sst2", ["negative", "positive"], {"train": examples(labels, ["a good movie"] * 6)})
    options = GlueTask(source="glue", name="sst2", folder="GLUE")
    path, written = write(options, task, max_examples=2, replace_probability=1.0)
    lines = path.read_text().splitlines()[1:]
    originals = [place for place, line in enumerate(lines) if line.startswith("a good movie")]
    copies = np.diff([*originals, len(lines)]) - 1
    assert (copies > 0).tolist() == [True, False, False, True, False, False]
    assert (written.rows, written.originals) == (len(lines), 6)


def test_the_same_seed_writes_the_same_bytes():
    task = TaskData("sst2", ["negative", "positive"], {"train": examples(np.array([0, 1], np.int32))})
    options = GlueTask(source="glue", name="sst2", folder="GLUE")
    first = write(options, task)[0].read_bytes()
    assert write(options, task)[0].read_bytes() == first
