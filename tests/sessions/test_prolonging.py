"""More steps for a run: where they are possible, and what is said of the learning rate."""

from pathlib import Path

import pytest

from mbert_cli.distill.strategies import STRATEGIES
from mbert_cli.errors import UserError
from mbert_cli.recipe.invocation import invoke
from mbert_cli.recipe.loading import load
from mbert_cli.runs.directory import RunDir
from mbert_cli.sessions.prolonging import GROWING, growth_of, say_continuation
from mbert_cli.train.stage import Stage, make_schedule

pytestmark = pytest.mark.usefixtures("empty_folder")


def stand_at(step: int) -> None:
    Path(f"run/checkpoints/step-{step:06d}").mkdir(parents=True)


def teacher_plan(recipe) -> list[Stage]:
    steps = recipe.train.steps
    return [Stage("pre-training", steps, {"loss": 1.0}, make_schedule(recipe.train.optimizer, steps))]


def student_plan(recipe) -> list[Stage]:
    return STRATEGIES[recipe.distill.strategy].stages(recipe.distill, range(3), recipe.train.optimizer)


def takes_effect(verb: str, plan_of, *settings: str, **before: int) -> bool:
    recipe = load(verb, "quickstart", settings).recipe
    keys = {key.rpartition(".")[2]: key for key in GROWING[verb]}
    changes = {
        keys[name]: (old, getattr(getattr(recipe, keys[name].split(".")[0]), name))
        for name, old in before.items()
    }
    return growth_of(verb, recipe, plan_of, Path("run")).takes_effect(changes)


def test_what_lengthens_a_stage_that_is_not_the_last_may_not_grow():
    assert "distill.steps" in GROWING["distill"]
    assert not [key for key in GROWING["distill-task"] if key.startswith("distill.")]


def test_the_shape_of_the_longer_schedule_is_said(capsys):
    stand_at(1000)
    rate = "train.optimizer.learning_rate=1e-4"
    assert takes_effect("train-teacher", teacher_plan, "train.steps=2000", rate, steps=1000)
    assert capsys.readouterr().err == (
        "run continues for more steps, 2,000 instead of 1,000: train.steps 2,000 instead of 1,000. The rate was 1.11e-07 at "
        "step 1,000; by the schedule over 2,000 steps it is 5.56e-05 at the next one and goes linearly to 0 at "
        "step 2,000\n"
    )
    takes_effect("train-teacher", teacher_plan, "train.steps=20000", rate, steps=1000)
    assert "it is 5e-05 at the next one, rises to 0.0001 at step 2,000 and goes" in capsys.readouterr().err


def test_the_guide_shows_what_the_shipped_recipe_says(capsys):
    steps = load("train-teacher", "quickstart").recipe.train.steps
    Path(f"runs/train-teacher-quickstart/checkpoints/step-{steps:06d}").mkdir(parents=True)
    recipe = load("train-teacher", "quickstart", ["train.steps=3000"]).recipe
    growth = growth_of("train-teacher", recipe, teacher_plan, Path("runs/train-teacher-quickstart"))
    assert growth.takes_effect({"train.steps": (steps, 3000)})
    page = Path(__file__).parents[2].joinpath("docs/runs.md").read_text(encoding="utf-8")
    shown = page.partition("$ mbert train-teacher --set train.steps=3000\n")[2].partition("```")[0]
    assert shown.split() == capsys.readouterr().err.split()


def distill(strategy: str, **before: int) -> bool:
    settings = (
        f"distill.strategy={strategy}", "distill.transfer_steps=40", "distill.pretraining_steps=60",
    )  # fmt: skip
    return takes_effect("distill", student_plan, *settings, **before)


@pytest.mark.parametrize("step", [0, 10, 30, 40, 60])
@pytest.mark.parametrize("strategy", ["progressive", "joint", "auxiliary"])
def test_more_steps_of_the_last_stage_are_possible_anywhere(strategy, step, capsys):
    if step:
        stand_at(step)
    assert distill(strategy, pretraining_steps=20)
    assert "run continues for more steps, 100 instead of 60: distill.pretraining_steps 60 instead of 20" in (
        capsys.readouterr().err
    )


@pytest.mark.parametrize(
    ("strategy", "step"), [("progressive", 9), ("joint", 19), ("auxiliary", 45), ("auxiliary", 80)]
)
def test_more_steps_of_a_stage_that_is_not_over_are_possible(strategy, step):
    stand_at(step)
    assert distill(strategy, transfer_steps=20)


@pytest.mark.parametrize(
    ("strategy", "step", "name", "done"),
    [
        ("progressive", 10, "transfer layer_00", 10),
        ("progressive", 80, "transfer layer_00", 10),
        ("joint", 20, "transfer all layers", 20),
        ("joint", 80, "transfer all layers", 20),
    ],
)
def test_more_steps_of_a_stage_that_is_over_are_refused(strategy, step, name, done):
    stand_at(step)
    with pytest.raises(UserError) as caught:
        distill(strategy, transfer_steps=20)
    assert caught.value.message == (
        "A stage that is over takes no more steps. Received: distill.transfer_steps 40 for run, which is at step "
        f"{step} and has done the {done} steps of {name}"
    )
    assert caught.value.hint == (
        "More distill.pretraining_steps lengthen the last stage; `--run DIR` begins another run."
    )


def task_plan(recipe) -> list[Stage]:
    optimizer = recipe.train.optimizer.model_copy(update={"learning_rate": 1e-3})
    lengths = (
        recipe.distill.intermediate_epochs * 10,
        min(recipe.train.epochs * 10, recipe.train.max_steps or 10**9),
    )
    names = "transfer all layers", "the teacher's answers"
    stages = zip(names, lengths, strict=True)
    return [Stage(name, steps, {"loss": 1.0}, make_schedule(optimizer, steps)) for name, steps in stages]


def distill_task(*settings: str, **before: int) -> bool:
    recipe = load("distill", "quickstart_task", ["distill.intermediate_epochs=2", *settings]).recipe
    changes = {f"train.{name}": (old, getattr(recipe.train, name)) for name, old in before.items()}
    return growth_of("distill-task", recipe, task_plan, Path("run")).takes_effect(changes)


@pytest.mark.parametrize("step", [0, 10, 20, 30, 50])
def test_more_epochs_lengthen_the_last_stage_of_a_task_distillation(step, capsys):
    if step:
        stand_at(step)
    assert distill_task("train.epochs=5", epochs=3)
    assert (
        "run continues for more steps, 70 instead of 50: train.epochs 5 instead of 3"
        in capsys.readouterr().err
    )


def test_a_higher_limit_lengthens_the_last_stage_of_a_task_distillation():
    stand_at(25)
    assert distill_task("train.max_steps=20", max_steps=5)
    assert not distill_task("train.max_steps=null", max_steps=30)


def test_a_finished_run_needs_its_last_checkpoint():
    Path("run/final").mkdir(parents=True)
    with pytest.raises(UserError) as caught:
        takes_effect("train-teacher", teacher_plan, "train.steps=2000", steps=1000)
    assert caught.value.message == (
        "A finished run continues for more steps from its last checkpoint. Received: run without one"
    )


def test_a_limit_that_was_not_reached_changes_nothing_when_it_is_lifted(capsys):
    def plan(recipe) -> list[Stage]:
        steps = min(recipe.train.epochs * 10, recipe.train.max_steps or 10**9)
        return [Stage("fine-tuning", steps, {"loss": 1.0}, make_schedule(recipe.train.optimizer, steps))]

    stand_at(30)
    assert not takes_effect("finetune", plan, "train.epochs=3", max_steps=50)
    assert not takes_effect("finetune", plan, "train.epochs=5", "train.max_steps=30", epochs=3)
    assert capsys.readouterr().err == ""
    assert takes_effect("finetune", plan, "train.epochs=5", max_steps=30, epochs=3)
    assert "train.max_steps none instead of 30, train.epochs 5 instead of 3" in capsys.readouterr().err


def test_a_dry_run_says_where_a_run_goes_on(capsys):
    def say(*settings: str, **typed) -> str:
        invocation = invoke("train-teacher", "quickstart", settings, {}, run=Path("run"), **typed)
        say_continuation(invocation, invocation.loaded.recipe, teacher_plan)
        return capsys.readouterr().err

    assert say() == ""
    recipe = load("train-teacher", "quickstart", ["train.steps=20"]).values()
    with RunDir.open(Path("run"), "train-teacher", recipe, fresh=False, origin={}) as run:
        stand_at(10)
        assert say("train.steps=20") == "run continues after step 10\n"
        stand_at(20)
        run.finish(lambda folder: None)
    assert say("train.steps=20") == "run is complete already\n"
    longer = say("train.steps=40")
    assert longer.startswith("run continues for more steps, 40 instead of 20: train.steps 40 instead of 20. ")
    assert longer.endswith("run continues after step 20\n")
    assert say("train.steps=40", fresh=True) == ""
