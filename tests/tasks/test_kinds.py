"""The rows of the kinds of tasks."""

import subprocess
import sys
from typing import get_args

import pytest

from mbert_cli.errors import UserError
from mbert_cli.evaluate.metrics import METRICS
from mbert_cli.evaluate.outputs import OUTPUT_ACTIVATIONS
from mbert_cli.examples.options import TaskKind
from mbert_cli.losses.tasks import TASK_LOSSES
from mbert_cli.model.options import SIZES
from mbert_cli.recipe.loading import load
from mbert_cli.tasks.kinds import KINDS, head_of, kind_of, kind_of_foreign, purpose_of
from mbert_cli.weights.description import EmbeddingDescription, ModelDescription, VocabularyDescription
from mbert_cli.weights.foreign_heads import PROBLEM_TYPES


def test_every_kind_that_a_recipe_can_name_has_a_row():
    assert set(KINDS) == set(get_args(TaskKind))


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_what_a_row_names_is_there(kind):
    assert kind.head.activation in OUTPUT_ACTIVATIONS
    assert set(kind.metrics) <= set(METRICS)
    if kind.loss:
        assert TASK_LOSSES[kind.loss].minimized == kind.loss
        assert kind.has_labels == TASK_LOSSES[kind.loss].is_weighted


@pytest.mark.parametrize(("name", "kind"), KINDS.items(), ids=KINDS)
def test_the_settings_of_a_row_are_those_of_a_recipe(name, kind):
    recipe = load("eval", settings=kind.settings.split(" --set ")).recipe
    assert recipe.task.source in kind.sources
    assert getattr(recipe.task, "kind", name) in (name, "entities")


def test_tables_of_one_s_own_are_scored_by_the_figures_of_their_kind():
    assert KINDS["classification"].metrics == ("accuracy",)
    assert KINDS["multi_label"].metrics == ("f1_micro", "f1_macro")
    assert KINDS["regression"].metrics == ("pearson", "spearman")


def test_every_problem_of_another_project_is_of_a_kind():
    found = {problem: kind_of_foreign("classifier", problem) for problem in PROBLEM_TYPES}
    assert list(found.values()) == ["classification", "multi_label", "regression"]
    assert kind_of_foreign("answer_span", None) == "question_answering"
    assert kind_of_foreign("token_classifier", None) == "token_classification"


def describe(kind: str, embedding: EmbeddingDescription | None = None) -> ModelDescription:
    vocabulary = VocabularyDescription(size=9, lowercase=True, digest="")
    return ModelDescription(
        verb="import", size=SIZES["bert_base"], vocabulary=vocabulary, kind=kind, embedding=embedding
    )


@pytest.mark.parametrize("pooling", ["mean", "cls"])
@pytest.mark.parametrize(("normalize", "activation"), [(True, "unit_length"), (False, "linear")])
def test_the_head_of_vectors_is_what_the_model_says(pooling, normalize, activation):
    head = head_of(describe("embedding", EmbeddingDescription(pooling=pooling, normalize=normalize)))
    assert (head.pooling, head.activation, head.artifact_outputs) == (pooling, activation, ("embedding",))


@pytest.mark.parametrize("kind", ["classification", "question_answering"])
def test_other_heads_are_those_of_their_rows(kind):
    assert head_of(describe(kind)) is KINDS[kind].head


def test_what_a_model_is_for_ends_a_sentence_that_names_it():
    assert purpose_of("token_classification") == "which was fine-tuned for token classification"
    assert purpose_of("embedding") == "whose texts become vectors"


def test_only_kinds_with_a_row_are_scored_on_the_tasks_of_another():
    assert {kind.scored_on for kind in KINDS.values()} <= {None, *KINDS}


def test_a_kind_that_is_not_known_is_refused_by_name():
    with pytest.raises(UserError) as caught:
        kind_of("ranking")
    assert caught.value.message == (
        "The kind of a task must be one of classification, multi_label, regression, question_answering, "
        "token_classification, embedding. Received: ranking"
    )


def test_the_rows_load_nothing_slow():
    slow = "{'keras', 'tensorflow', 'scipy', 'sklearn', 'seqeval', 'ai_edge_litert'}"
    look = f"import sys, mbert_cli.tasks.kinds; print(*sorted({slow} & set(sys.modules)))"
    assert (
        subprocess.run([sys.executable, "-c", look], check=True, capture_output=True, text=True).stdout
        == "\n"
    )
