"""A training that is planned before it is built, also for machines, teachers and stores that are elsewhere."""

import pytest

from mbert_cli.errors import UserError
from mbert_cli.preflight.planning import imagine, plan_pretraining
from mbert_cli.preflight.resolving import resolve
from mbert_cli.recipe.invocation import invoke

ELSEWHERE = ["plan.devices=256", "plan.teraflops=123", "plan.utilisation=0.3", "plan.bandwidth=70"]


def imagined(verb: str, recipe: str, *settings: str, dry_run: bool = True):
    return imagine(invoke(verb, recipe, settings, {}, dry_run=dry_run))


@pytest.mark.usefixtures("empty_folder")
def test_mobileberts_own_recipe_is_planned_where_nothing_is():
    planned = imagined("distill", "mobilebert", *ELSEWHERE)
    assert planned is not None
    assert planned.parameters == {"teacher": 306_220_860, "student": 36_597_564}
    estimate = planned.estimate()
    # 500,000 steps in which both networks run whole, and 24 x 10,000 in which half of them does on average.
    whole = estimate.stages[-1].step
    assert estimate.steps == 740_000
    assert estimate.operations.total == pytest.approx((500_000 + 240_000 * 0.5) * whole.total, rel=0.02)
    assert estimate.on(256).compute_seconds == pytest.approx(estimate.operations.total / (256 * 36.9e12))


@pytest.mark.usefixtures("empty_folder")
@pytest.mark.parametrize(
    "settings",
    [
        (),
        ("plan.devices=8", "teacher=runs/t"),
        ("plan.devices=8", "data.run=runs/p"),
        ("plan.devices=8", "plan.teacher=null"),
    ],
)
def test_what_is_named_is_looked_at_as_ever(settings):
    assert imagined("distill", "mobilebert", *settings) is None


@pytest.mark.usefixtures("empty_folder")
def test_a_run_itself_imagines_nothing():
    assert imagined("distill", "mobilebert", *ELSEWHERE, dry_run=False) is None


@pytest.mark.usefixtures("empty_folder")
def test_a_teacher_is_planned_before_there_is_a_token_store():
    planned = imagined("train-teacher", "ib_bert_large", "plan.devices=8")
    assert planned is not None
    assert (planned.training.role, planned.training.teacher) == ("teacher", None)
    assert planned.estimate().stages[0].trained == planned.parameters["teacher"] == 306_220_860


@pytest.mark.usefixtures("empty_folder")
def test_a_vocabulary_that_is_trained_first_has_the_size_that_is_asked_for(capsys):
    ready = resolve(invoke("train-teacher", "quickstart", [], {}, dry_run=True))
    wanted = ready.store.recipe.vocabulary.size
    assert plan_pretraining(ready, ready.store).training.network.vocab_size == wanted
    assert f"Planned with a vocabulary of {wanted:,} tokens" in capsys.readouterr().err


@pytest.mark.usefixtures("empty_folder")
def test_a_teacher_that_is_no_size_is_refused_with_all_sizes():
    with pytest.raises(UserError, match=r"Received: runs/teacher$") as refused:
        imagined("distill", "mobilebert", "plan.devices=8", "plan.teacher=runs/teacher")
    assert "--teacher DIR" in refused.value.hint
