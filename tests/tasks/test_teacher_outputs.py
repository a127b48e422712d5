"""A teacher that runs once over the rows of a task: what is kept, what is said, and when it runs in the steps."""

import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
import pytest

from mbert_cli.distill import teacher_outputs as recording
from mbert_cli.distill.options import CacheOptions
from mbert_cli.distill.recordings import make_room
from mbert_cli.distill.taught_rows import TaughtRows
from mbert_cli.examples.text_rows import TextRows
from mbert_cli.examples.texts import Examples
from mbert_cli.model.heads import build_task_network
from mbert_cli.model.options import SIZES
from mbert_cli.runs.content import Content, FileContent
from mbert_cli.runs.disk import directory_bytes
from mbert_cli.tasks import teacher_outputs
from mbert_cli.tasks.teacher_outputs import TaughtTask, identify_teacher, teach
from mbert_cli.text.vocabulary import RESERVED, Vocabulary
from mbert_cli.text.wordpiece import Tokenizer
from mbert_cli.train.stage import Comparison, Schedule, Stage

WORDS = ("a", "b", "c", "d")
SIZE = SIZES["bert_base"].model_copy(
    update={"num_layers": 2, "hidden_dim": 8, "embedding_dim": 8, "num_heads": 2, "intermediate_dim": 16}
)
SCHEDULE = Schedule(1e-3, 10, 0, 1.0)
LAYERS = (
    Comparison(0, 0, ("hidden_states",)),
    Comparison(2, 1, ("hidden_states", "attention_scores")),
)
ANSWERS = (Comparison(None, None, ("soft_targets",)),)


def rows(count: int = 9, words: tuple[str, ...] = WORDS) -> TextRows:
    texts = [" ".join(words[: 1 + index % 4]) for index in range(count)]
    examples = Examples(texts, None, np.zeros(count, np.int32))
    return TextRows(examples, Tokenizer(Vocabulary((*RESERVED, *WORDS))), 8)


def stages(steps: int = 12) -> list[Stage]:
    return [
        Stage("layers", steps, {}, SCHEDULE, compare=LAYERS),
        Stage("answers", steps, {}, SCHEDULE, compare=ANSWERS),
    ]


@pytest.fixture(scope="module")
def network() -> keras.Model:
    return build_task_network(SIZE, num_outputs=2, vocab_size=9, seed=3, returns_trace=True)


@dataclass
class Lesson:
    """Teaches rows with recordings in a folder, and counts the batches that the teacher runs over."""

    network: keras.Model
    folder: Path
    batches: int = 0

    def __call__(
        self, some: TextRows | None = None, identity: str = "one", steps: int = 12, **cache
    ) -> TaughtTask:
        options = CacheOptions(**{"folder": str(self.folder), "dtype": "float32"} | cache)
        self.batches = 0
        return teach(rows() if some is None else some, self.network, identity, stages(steps), 3, options)


@pytest.fixture
def lesson(network, tmp_path, monkeypatch) -> Lesson:
    """A teacher whose batches have two rows, and whose parts have four."""
    taught = Lesson(network, tmp_path / "recordings")
    answer_batches = teacher_outputs._answer_batches

    def counted(*arguments: object) -> tuple[Callable, range]:
        answer, starts = answer_batches(*arguments)

        def count(start: int) -> list[bytes]:
            taught.batches += 1
            return answer(start)

        return count, starts

    monkeypatch.setattr(teacher_outputs, "_answer_batches", counted)
    monkeypatch.setattr(teacher_outputs, "_MOST_ROWS", 2)
    monkeypatch.setattr(recording, "FULL_PART_ROWS", 4)
    return taught


def said(capsys) -> str:
    """What was said, without seconds and folders, and without progress."""
    text = re.sub(r"in \d+ s in [^\s;]+", "in N s in FOLDER", capsys.readouterr().err)
    text = re.sub(r"(recorded before in|removed from) [^\s;,]+", r"\1 FOLDER", text)
    return "".join(line for line in text.splitlines(keepends=True) if line.startswith("Teacher outputs"))


KEPT = "logits and attention logits of 1 layer and hidden states of 2 layers for 9 rows"


def test_every_batch_has_what_the_network_says(lesson, network):
    taught = lesson()
    batch = taught.rows.take(np.array([3, 0, 8]), 8)
    inputs = {name: batch[name] for name in network.input}
    told = network(inputs)
    trained = taught.teacher_of(stages()[0])(batch)
    np.testing.assert_allclose(batch["teacher_logits"], told["logits"], rtol=1e-4, atol=1e-7)
    np.testing.assert_array_equal(taught.teacher_of(stages()[1])(batch)["logits"], batch["teacher_logits"])
    real = batch["padding_mask"] > 0
    for place in (0, 2):
        np.testing.assert_allclose(
            trained["hidden_states"][place][real],
            np.asarray(told["hidden_states"][place])[real],
            rtol=1e-4,
            atol=1e-6,
        )
    pairs = real[:, None, :, None] & real[:, None, None, :]
    maps = np.where(pairs, told["attention_logits"][1], 0)
    np.testing.assert_allclose(np.where(pairs, trained["attention_logits"][1], 0), maps, rtol=1e-4, atol=1e-7)


def test_the_teacher_runs_once_and_the_log_says_what_that_saves(lesson, capsys):
    lesson()
    assert lesson.batches == 5  # nine rows in parts of four, four and one, two in a batch
    assert said(capsys) == (
        f"Teacher outputs: {KEPT}, 4.02 kB, recorded in N s in FOLDER; "
        "the teacher runs once over the rows instead of 8.0 times\n"
    )
    lesson()
    assert lesson.batches == 0
    assert said(capsys) == (
        f"Teacher outputs: {KEPT}, 4.02 kB, recorded before in FOLDER; the teacher does not run again\n"
    )


@pytest.mark.parametrize(
    ("change", "batches"),
    [
        ({"identity": "two"}, 5),
        ({"some": rows(words=("b", "a", "c", "d"))}, 5),
        ({"dtype": "float16"}, 5),
        ({}, 0),
    ],
)
def test_a_recording_of_something_else_is_not_used(lesson, change, batches):
    lesson()
    lesson(**change)
    assert lesson.batches == batches


def test_a_recording_that_was_killed_goes_on_where_it_stopped(lesson, capsys, monkeypatch):
    write = recording.TeacherOutputs.write

    def killed(outputs, part, records):
        if part == 1:
            raise KeyboardInterrupt
        write(outputs, part, records)

    with monkeypatch.context() as patched:
        patched.setattr(recording.TeacherOutputs, "write", killed)
        with pytest.raises(KeyboardInterrupt):
            lesson()
    whole = lesson()
    assert lesson.batches == 3
    assert "(1 of 3 parts was there)" in said(capsys)
    assert isinstance(whole.rows, TaughtRows)


def test_a_part_that_is_made_anew_has_the_bits_of_the_first_time(lesson, monkeypatch):
    """Alone its rows are few enough for a teacher that is not compiled, whose last bits are others."""
    monkeypatch.setattr(teacher_outputs, "FEW", 3)
    compiled: list[bool] = []
    forward_of = teacher_outputs.forward_of

    def watched(network: keras.Model) -> Callable:
        compiled.append(True)
        return forward_of(network)

    monkeypatch.setattr(teacher_outputs, "forward_of", watched)
    lesson()
    (folder,) = (lesson.folder).iterdir()
    records = folder / "part-00002" / "records"
    first = records.read_bytes()
    shutil.rmtree(records.parent)
    lesson()
    assert records.read_bytes() == first
    assert compiled == [True, True]


def test_layers_that_do_not_fit_the_budget_are_compared_with_a_teacher_that_runs(lesson, network, capsys):
    taught = lesson(budget_gigabytes=4e-6)
    assert said(capsys) == (
        "Teacher outputs: logits and attention logits of 1 layer and hidden states of 2 layers would take 4.02 kB, more "
        "than cache.budget_gigabytes=4e-06; the teacher runs in every step that compares layers\n"
        "Teacher outputs: logits for 9 rows, 72 B, recorded in N s in FOLDER; "
        "the teacher runs once over the rows instead of 4.0 times\n"
    )
    layers, answers = stages()
    assert taught.teacher_of(layers) is network
    assert taught.teacher_of(answers) is not network
    assert taught.rows.take(np.array([0]), 8).keys() >= {"teacher_logits"}


@pytest.mark.parametrize("settings", [{"budget_gigabytes": 0}, {"steps": 1}])
def test_nothing_is_recorded_where_nothing_is_gained(lesson, network, settings, capsys):
    some = rows()
    taught = lesson(some, **settings)
    assert (taught.rows, taught.recorded, lesson.batches) == (some, None, 0)
    assert all(taught.teacher_of(stage) is network for stage in stages())
    assert not lesson.folder.exists()
    assert said(capsys) == ""


def test_numbers_beyond_float16_are_kept_in_float32(lesson, network, capsys):
    kernel = network.get_layer("classifier").dense.bias
    before = keras.ops.convert_to_numpy(kernel)
    kernel.assign([0.0, 1e6])
    try:
        taught = lesson(dtype="float16")
        assert taught.rows.take(np.array([0]), 8)["teacher_logits"][0, 1] == pytest.approx(1e6)
    finally:
        kernel.assign(before)
    assert said(capsys).splitlines()[0] == (
        "Teacher outputs: teacher_logits holds 1e+06, beyond cache.dtype=float16; they are kept in float32"
    )
    assert [file.name for file in lesson.folder.glob("*/*.partial-*")] == []
    assert make_room(lesson.folder, 0, 0, taught.rows.outputs.path) != []  # what was begun is in nobody's use
    assert list(lesson.folder.iterdir()) == [taught.rows.outputs.path]


def test_what_was_used_longest_ago_goes_to_keep_within_the_budget(lesson, capsys):
    lesson().rows.outputs.close()
    size = directory_bytes(lesson.folder)
    lesson(identity="two", budget_gigabytes=(4016 + size / 2) / 1e9)
    assert (
        said(capsys)
        .splitlines()[1]
        .startswith("Teacher outputs: 1 recording that had not been used for longest removed from FOLDER, ")
    )
    assert len(list(lesson.folder.iterdir())) == 1


def test_a_teacher_is_known_by_its_files_and_by_what_else_counts():
    def content(digest: str, path: str = "runs/teacher") -> Content:
        return Content("folder", path, (FileContent("model.json", 1, "a"), FileContent("weights", 2, digest)))

    one = identify_teacher(content("b"), (0, 1), "float32")
    assert identify_teacher(content("b", "elsewhere"), (0, 1), "float32") == one
    others = [
        identify_teacher(content("c"), (0, 1), "float32"),
        identify_teacher(content("b"), (1, 0), "float32"),
        identify_teacher(content("b"), (0, 1), "bfloat16"),
    ]
    assert len({one, *others}) == 4
