"""A fine-tuning keeps the head of a source that answers the same, by the names of its labels."""

import pytest

from mbert_cli.model.options import SIZES
from mbert_cli.tasks.training import kept_outputs
from mbert_cli.weights.description import ModelDescription, VocabularyDescription


def describe(labels: list[str] | None, kind: str = "classification") -> ModelDescription:
    vocabulary = VocabularyDescription(size=9, lowercase=True, digest="")
    return ModelDescription(
        verb="finetune", size=SIZES["bert_base"], vocabulary=vocabulary, output_names=labels, kind=kind
    )


@pytest.mark.parametrize(
    ("known", "kind", "columns", "said"),
    [
        (["a", "b", "c"], "classification", (0, 1, 2), "The head is kept: the labels are the same\n"),
        (
            ["C", "A", "B"], "classification", (1, 2, 0),
            "The head is kept: the labels are the same, where the source has them as C, A, B\n",
        ),
        (["a", "b"], "classification", None, "The head is a fresh one\n"),
        (["a", "b", "c"], "multi_label", None, "The head is a fresh one\n"),
        (None, "classification", None, ""),
    ],
)  # fmt: skip
def test_a_head_is_kept_where_the_labels_are_the_same(known, kind, columns, said, capsys):
    assert kept_outputs(describe(["a", "b", "c"]), describe(known, kind)) == columns
    assert capsys.readouterr().err == said
