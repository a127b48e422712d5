"""The plan section of a recipe."""

import pytest

from mbert_cli.errors import UserError
from mbert_cli.recipe.loading import load


def test_a_plan_knows_nothing_of_machines_by_itself():
    plan = load("train-teacher", "quickstart").recipe.plan
    assert set(plan.model_dump().values()) == {None}


def test_a_planned_teacher_is_refused_where_none_takes_part():
    with pytest.raises(UserError, match=r"plan\.teacher has no effect where no teacher takes part"):
        load("train-teacher", "quickstart", ["plan.teacher=bert_base"])


@pytest.mark.parametrize(
    "setting",
    [
        "plan.devices=0", "plan.teraflops=0", "plan.teraflops=1e-9", "plan.utilisation=1.5",
        "plan.utilisation=0.0001", "plan.bandwidth=-1", "plan.bandwidth=1e7",
    ],
)  # fmt: skip
def test_what_no_machine_has_is_refused_with_the_key_and_its_range(setting):
    with pytest.raises(UserError) as caught:
        load("distill", "mobilebert", [setting])
    key = setting.partition("=")[0]
    extent = {"plan.devices": "a whole number of 1 or more", "plan.utilisation": "a number from 0.001 to 1"}
    accepted = extent.get(key, "a number from 0.001 to 1000000")
    assert caught.value.message.startswith(f"--set: {key} must be {accepted}, or null. Received: ")
