"""`mbert distill --strategy task`: a fine-tuned teacher -> a smaller task model."""

from collections.abc import Sequence
from dataclasses import replace

from mbert_cli import console
from mbert_cli.backend import use_streams
from mbert_cli.distill.layer_map import describe_places
from mbert_cli.examples.loading import load_task
from mbert_cli.preflight.distill_task import Ready
from mbert_cli.recipe.contents import input_contents
from mbert_cli.recipe.schema import TaskDistillRecipe
from mbert_cli.sessions.continuing import say_when_complete
from mbert_cli.sessions.opening import open_run
from mbert_cli.sessions.plan import show_plan
from mbert_cli.sessions.prolonging import say_continuation
from mbert_cli.sessions.result import show_result
from mbert_cli.tasks.distilling import (
    build_student,
    collect_for_student,
    load_task_teacher,
    plan_task,
    project_student,
    start_from_teacher,
    task_distillation,
)
from mbert_cli.tasks.pair_segments import reads_pairs, say_single_segment
from mbert_cli.tasks.seen_examples import warn_of_training_examples
from mbert_cli.tasks.task_notes import say_task
from mbert_cli.tasks.teacher_outputs import announce_recording, teach
from mbert_cli.tasks.training import fit
from mbert_cli.train.stage import Stage


def run(ready: Ready) -> None:
    """Teaches a student a task, layers first and then answers, and keeps the epoch that is best on validation."""
    use_streams()
    invocation, recipe, theirs = ready.invocation, ready.recipe, ready.teacher.description.size
    task = ready.task or load_task(ready.options)
    for size in (ready.size, theirs):
        say_single_segment(size, reads_pairs(task, task.train))
    contents = ready.contents or input_contents(recipe, opened=ready.inputs)
    warn_of_training_examples(contents)
    teacher = load_task_teacher(ready.teacher, task, recipe, contents["teacher"], ready.columns)
    material = collect_for_student(task, ready.options, recipe.loss, ready.teacher, ready.size)
    student = build_student(recipe, material.description, ready.source)
    if ready.source is None:
        same = ready.size.normalization == theirs.normalization
        start_from_teacher(recipe, student, teacher.network, same_normalization=same)

    def plan_of(recipe: TaskDistillRecipe) -> Sequence[Stage]:
        return plan_task(recipe, material, ready.places)

    if recipe.distill.intermediate_epochs:
        console.info(f"Layers: {describe_places(ready.places)}. Heads: {ready.heads}")
    plan, rows = plan_of(recipe), material.train.rows
    projections = project_student(recipe, plan, ready.size, theirs)
    named = {layer.name.replace("_", " "): layer for layer in projections.values()}
    show_plan(invocation, plan, {"teacher": teacher.network, "student": student, **named}, recipe.train)
    say_task(task, rows)
    if invocation.dry_run:
        announce_recording(rows, teacher.network, plan, recipe.train.batch_size, recipe.cache)
        say_continuation(invocation, recipe, plan_of)
        return
    with open_run(invocation, recipe, contents, plan_of) as run_dir:
        if say_when_complete(run_dir):
            return
        network, identity = teacher.network, teacher.identity
        taught = teach(rows, network, identity, plan, recipe.train.batch_size, recipe.cache)
        method = task_distillation(recipe, plan, taught, material.loss, student, projections, ready.heads)
        material = replace(material, train=replace(material.train, rows=taught.rows))
        figures = fit(material, method, student, run_dir)
    show_result(run_dir, figures)
