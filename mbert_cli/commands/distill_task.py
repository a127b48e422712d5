"""`mbert distill --strategy task`: a fine-tuned teacher -> a smaller task model."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import keras

from mbert_cli import console
from mbert_cli.backend import use_streams
from mbert_cli.distill.layer_map import describe_places
from mbert_cli.examples.loading import load_task
from mbert_cli.preflight.distill_task import Ready
from mbert_cli.recipe.contents import input_contents
from mbert_cli.recipe.schema import TaskDistillRecipe
from mbert_cli.sessions.continuing import say_when_complete
from mbert_cli.sessions.opening import open_run
from mbert_cli.sessions.plan import Planned, show_plan
from mbert_cli.sessions.probing import on_all_devices, probe
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
    watch_student,
)
from mbert_cli.tasks.fitting import fit
from mbert_cli.tasks.pair_segments import reads_pairs, say_single_segment
from mbert_cli.tasks.planning import plan_task_training
from mbert_cli.tasks.seen_examples import warn_of_training_examples
from mbert_cli.tasks.task_notes import say_task
from mbert_cli.tasks.teacher_outputs import TaughtTask, announce_recording, recorded_stages, teach
from mbert_cli.tasks.training import Material, Method, batches_of
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
    student = _student(ready, recipe, material, teacher.network)

    def plan_of(recipe: TaskDistillRecipe) -> Sequence[Stage]:
        return plan_task(recipe, material, ready.places)

    plan, rows = plan_of(recipe), material.train.rows
    projections = project_student(recipe, plan, ready.size, theirs)
    planned = _planned(ready, material, plan, teacher.network)

    def method_of(taught: TaughtTask) -> Method:
        return task_distillation(recipe, plan, taught, material.loss, student, projections, ready.heads)

    if invocation.probe:
        live = method_of(TaughtTask(teacher.network, rows, recorded=None))
        show_plan(planned, probe(planned, live.build, batches_of(recipe.train, recipe.seed, material.train)))
        return
    show_plan(planned)
    say_task(task, rows)
    if invocation.dry_run:
        announce_recording(rows, teacher.network, plan, recipe.train.batch_size, recipe.cache)
        say_continuation(invocation, recipe, plan_of)
        return
    with open_run(invocation, recipe, contents, plan_of) as run_dir:
        if say_when_complete(run_dir):
            return
        batch_size, hosts = recipe.train.batch_size, invocation.hosts
        taught = teach(rows, teacher.network, teacher.identity, plan, batch_size, recipe.cache, hosts)
        material = replace(material, train=replace(material.train, rows=taught.rows))
        method = _watched(method_of(taught), ready, recipe, plan, material, teacher.network)
        figures = fit(material, method, student, run_dir, hosts=hosts)
    show_result(run_dir, figures)


def _planned(ready: Ready, material: Material, plan: Sequence[Stage], teacher: keras.Model) -> Planned:
    """The plan of the distillation, with a teacher that runs once where its outputs are recorded."""
    recipe, size = ready.recipe, ready.teacher.description.size
    recorded = recorded_stages(material.train.rows, teacher, plan, recipe.train.batch_size, recipe.cache)
    return on_all_devices(
        plan_task_training(
            ready.invocation, recipe, material, plan, "student", size, recipe.distill.projections, recorded
        )
    )


def _watched(
    method: Method,
    ready: Ready,
    recipe: TaskDistillRecipe,
    plan: Sequence[Stage],
    material: Material,
    teacher: keras.Model,
) -> Method:
    """The method with a warning where nothing is learned."""
    if ready.invocation.hosts.count > 1:  # each has what the teacher says of its own rows alone
        return method
    return replace(
        method, observe=partial(watch_student, recipe=recipe, plan=plan, material=material, teacher=teacher)
    )


def _student(
    ready: Ready, recipe: TaskDistillRecipe, material: Material, teacher: keras.Model
) -> keras.Model:
    """The student as it starts, with what is said of it."""
    if recipe.distill.intermediate_epochs:
        console.info(f"Layers: {describe_places(ready.places)}. Heads: {ready.heads}")
    student = build_student(recipe, material.description, ready.source)
    if ready.source is None:
        start_from_teacher(recipe, student, teacher)
    return student
