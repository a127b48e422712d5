"""What is said of pairs: for a single row of segments, and for a model that was fine-tuned on other texts."""

from pathlib import Path

import numpy as np
import pytest

from mbert_cli.examples.options import GlueTask, ImportedTask
from mbert_cli.examples.texts import Examples, TaskData
from mbert_cli.model.options import SIZES
from mbert_cli.tasks.pair_segments import reads_pairs, say_other_texts, say_single_segment


@pytest.mark.parametrize(("segments", "has_pairs", "warns"), [(1, True, True), (1, False, False), (2, True, False),
                                                              (0, True, False)])  # fmt: skip
def test_a_pair_for_a_single_row_of_segments_draws_a_warning(segments, has_pairs, warns, capsys):
    say_single_segment(SIZES["bert_base"].model_copy(update={"num_segments": segments}), has_pairs)
    assert capsys.readouterr().err == (
        "Warning: The model has one row of segments: both texts of a pair get it, and [SEP] alone tells them apart\n"
        if warns
        else ""
    )


def test_questions_and_second_texts_make_pairs():
    labels = np.zeros(1, np.int32)
    task = TaskData("t", ["a", "b"], {})
    assert reads_pairs(task, Examples(["x"], ["y"], labels))
    assert not reads_pairs(task, Examples(["x"], None, labels))
    assert reads_pairs(TaskData("q", ["start", "end"], {}, kind="question_answering"), object())


SINGLE, PAIRS = GlueTask(source="glue", name="sst2"), GlueTask(source="glue", name="mrpc")
ELSEWHERE = ImportedTask(source="imported")


@pytest.mark.parametrize(
    ("own", "asked", "was", "given"),
    [(PAIRS, SINGLE, "pairs", "single texts"), (SINGLE, PAIRS, "single texts", "pairs")],
)
def test_a_task_of_other_texts_than_a_model_was_fine_tuned_on_draws_a_warning(own, asked, was, given, capsys):
    say_other_texts(Path("run"), own, asked)
    said = f"Warning: run was fine-tuned on {was}, but the task that it is given now has {given}\n"
    assert capsys.readouterr().err == said


@pytest.mark.parametrize(
    ("own", "asked"), [(PAIRS, PAIRS), (SINGLE, SINGLE), (ELSEWHERE, PAIRS), (None, PAIRS)]
)
def test_a_task_of_such_texts_or_a_model_from_elsewhere_draws_none(own, asked, capsys):
    say_other_texts(Path("run"), own, asked)
    assert capsys.readouterr().err == ""
