"""The stages of the strategy `task`."""

import pytest

from mbert_cli.distill.options import TaskOptions
from mbert_cli.distill.strategies.task import TaskStudent, require_losses, task_stages
from mbert_cli.errors import UserError
from mbert_cli.train.options import OptimizerOptions
from mbert_cli.train.stage import Comparison, Schedule, Stage

STUDENT = TaskStudent((0, 3, 6), "cross_entropy", ("pooler", "classifier"))
OPTIMIZER = OptimizerOptions(learning_rate=1e-3, warmup_rate=0.1)


def stages(intermediate_steps: int = 100, **options: object) -> list[Stage]:
    return task_stages(
        TaskOptions(strategy="task", **options),
        STUDENT,
        OPTIMIZER,
        intermediate_steps=intermediate_steps,
        prediction_steps=50,
    )


def test_layers_are_compared_first_at_a_constant_rate_and_are_not_scored():
    layers, _ = stages(intermediate_learning_rate=5e-5)
    assert layers.schedule == Schedule(5e-5, 100, 10, 1.0)
    assert layers.loss_weights == {"hidden_states": 1.0, "attention_scores": 1.0}
    assert layers.compare == (
        Comparison(0, 0, ("hidden_states",)),
        Comparison(3, 1, ("hidden_states", "attention_scores")),
        Comparison(6, 2, ("hidden_states", "attention_scores")),
    )
    assert layers.layer_scale == {"embeddings": 1.0, "layer_00": 1.0, "layer_01": 1.0}
    assert not layers.is_scored


def test_then_answers_are_compared_at_a_rate_that_falls():
    _, answers = stages()
    assert answers.schedule == Schedule(1e-3, 50, 5, 0.0)
    assert answers.loss_weights == {"soft_targets": 1.0}
    assert answers.compare == (Comparison(None, None, ("soft_targets",)),)
    assert answers.layer_scale is None and answers.is_scored


def test_without_steps_layers_are_not_compared():
    assert [stage.name for stage in stages(0)] == ["the teacher's answers"]


@pytest.mark.parametrize(
    ("ratio", "weights", "compares"),
    [
        (0.0, {"soft_targets": 1.0}, True),
        (0.25, {"soft_targets": 0.75, "cross_entropy": 0.25}, True),
        (1.0, {"cross_entropy": 1.0}, False),
    ],
)
def test_the_ratio_mixes_labels_in(ratio, weights, compares):
    _, answers = stages(ground_truth_ratio=ratio)
    assert (answers.loss_weights, bool(answers.compare)) == (weights, compares)


def test_embeddings_may_learn_more_slowly_or_not_at_all():
    layers, answers = stages(embeddings_scale=0.1)
    assert layers.layer_scale == {"embeddings": 0.1, "layer_00": 1.0, "layer_01": 1.0}
    assert answers.layer_scale == layers.layer_scale | {"pooler": 1.0, "classifier": 1.0}


def test_a_stage_that_compares_layers_needs_a_loss():
    nothing = {"hidden_states": 0, "attention_scores": 0}
    with pytest.raises(
        UserError, match=r"needs a loss with a factor above 0\. Received: distill\.factors"
    ) as caught:
        require_losses(TaskOptions(strategy="task", factors=nothing))
    assert caught.value.hint == "--set distill.intermediate_epochs=0 leaves the stage out."
    require_losses(TaskOptions(strategy="task", factors=nothing, intermediate_epochs=0))
