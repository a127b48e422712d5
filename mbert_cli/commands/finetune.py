"""`mbert finetune`: a teacher or a student -> a task model."""

from mbert_cli.backend import use_streams
from mbert_cli.cost.shown import priced
from mbert_cli.examples.loading import load_task
from mbert_cli.preflight.finetune import Ready
from mbert_cli.recipe.contents import input_contents
from mbert_cli.recipe.schema import FinetuneRecipe
from mbert_cli.report.search import plan_page, search_page
from mbert_cli.report.terminal import announce, deliver
from mbert_cli.runs.content import Contents
from mbert_cli.search.grid import plan_search
from mbert_cli.search.options import SearchOptions
from mbert_cli.search.results import read_report
from mbert_cli.sessions.continuing import say_when_complete
from mbert_cli.sessions.opening import open_run
from mbert_cli.sessions.plan import show_plan
from mbert_cli.sessions.probing import on_all_devices, probe
from mbert_cli.sessions.prolonging import say_continuation
from mbert_cli.sessions.result import show_result
from mbert_cli.tasks.fitting import fit
from mbert_cli.tasks.pair_segments import reads_pairs, say_single_segment
from mbert_cli.tasks.planning import plan_task_training, price_search
from mbert_cli.tasks.quantized_training import prepare_training
from mbert_cli.tasks.searching import count_steps, run_search, steps_on, train_on
from mbert_cli.tasks.seen_examples import warn_of_training_examples
from mbert_cli.tasks.task_notes import say_task
from mbert_cli.tasks.training import Material, batches_of, collect, stage_of
from mbert_cli.train.stage import Stage


def run(ready: Ready) -> None:
    """Fine-tunes a pre-trained run on a task and keeps the epoch that is best on the validation set."""
    use_streams()
    invocation, recipe, source = ready.invocation, ready.recipe, ready.source
    task = ready.task or load_task(recipe.task)
    say_single_segment(source.description.size, reads_pairs(task, task.train))
    contents = ready.contents or input_contents(recipe, opened=ready.inputs)
    warn_of_training_examples(contents)
    material = collect(task, recipe.task, recipe.loss, source)
    if recipe.search is not None:
        say_task(task, material.train.rows)
        _search(ready, recipe.search, material, contents)
        return
    training = prepare_training(recipe, material)
    method = training.method
    planned = on_all_devices(
        plan_task_training(
            invocation, recipe, training.material, method.plan, "task_model", source.description.size
        )
    )
    if invocation.probe:
        show_plan(
            planned, probe(planned, method.build, batches_of(recipe.train, recipe.seed, material.train))
        )
        return
    show_plan(planned)
    say_task(task, material.train.rows)

    def plan_of(recipe: FinetuneRecipe) -> list[Stage]:
        return [stage_of(recipe, material)]

    if invocation.dry_run:
        say_continuation(invocation, recipe, plan_of)
        return
    with open_run(invocation, recipe, contents, plan_of) as run_dir:
        if say_when_complete(run_dir):
            return
        figures = fit(training.material, training.method, training.network, run_dir, hosts=invocation.hosts)
    show_result(run_dir, figures)


def _search(ready: Ready, options: SearchOptions, material: Material, contents: Contents) -> None:
    invocation, recipe = ready.invocation, ready.recipe

    steps_of = steps_on(material)
    path, plan = invocation.directory, plan_search(options, recipe.train, recipe.seed)
    planned = plan_page(path, plan, count_steps(plan, recipe, steps_of))
    planned = priced(planned, price_search(invocation, recipe, material, plan))
    if invocation.dry_run:
        deliver(planned, invocation.delivery)
        return
    announce(planned)
    run_search(invocation, recipe, contents, plan, train_on(material), steps_of)
    deliver(search_page(path, read_report(path)), invocation.delivery)
