"""What is said where one row of segments stands for both texts of a pair."""

import numpy as np
import pytest

from mbert_cli.commands.pair_segments import reads_pairs, say_single_segment
from mbert_cli.data.examples import Examples, TaskData
from mbert_cli.model.options import SIZES


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
