"""What a head reads."""

import pytest

from mbert_cli.model.task_head import CLASSIFIER, TaskHead


@pytest.mark.parametrize(
    ("head", "reads_cls_alone"),
    [
        (CLASSIFIER, True),
        (TaskHead("tagger", False, "softmax", ("probabilities",)), False),
        (TaskHead("vectors", True, "linear", ("vectors",), pooling="cls"), True),
        (TaskHead("vectors", True, "linear", ("vectors",), pooling="mean"), False),
    ],
)
def test_a_mean_reads_every_token_and_other_heads_of_texts_read_cls(head, reads_cls_alone):
    assert head.reads_cls_alone == reads_cls_alone
