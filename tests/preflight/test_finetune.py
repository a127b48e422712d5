"""What `mbert finetune` needs."""

import pytest

from mbert_cli.errors import UserError
from mbert_cli.examples.options import AnyTask
from mbert_cli.model.cost import count_parameters, count_task_parameters
from mbert_cli.model.options import SIZES
from mbert_cli.model.task_head import CLASSIFIER
from mbert_cli.page import Delivery
from mbert_cli.preflight import machine
from mbert_cli.preflight.finetune import Ready, with_learning_rate
from mbert_cli.preflight.resolving import resolve
from mbert_cli.recipe.invocation import invoke
from mbert_cli.recipe.loading import load
from mbert_cli.search.grid import plan_search
from mbert_cli.tasks.learning_rate import rate_for
from mbert_cli.tasks.planning import plan_task_training, price_search
from mbert_cli.tasks.training import Material, collect, stage_of


def test_fine_tuning_looks_at_source_task_and_length(make_run, checks):
    make_run("distill", "mobilebert_laptop")
    found = checks("finetune", "quickstart", "task.sequence_length=300")
    assert found["source"] == (True, "runs/distill: 4 layers")
    assert not found["sequence length"][0]


def test_source_and_rate_are_written_into_the_recipe(make_run, capsys):
    source = make_run("distill", "mobilebert_laptop")
    ready = resolve(invoke("finetune", "quickstart", ["train.optimizer.learning_rate=null"], {}))
    assert (ready.source.path, ready.recipe.source) == (source, str(source))
    rate = ready.recipe.train.optimizer.learning_rate
    assert rate == rate_for(ready.source.description.size)
    assert f"train.optimizer.learning_rate: {rate:g}, which suits " in capsys.readouterr().err


def test_a_search_among_rates_says_no_other(capsys):
    size = SIZES["mobilebert_laptop"]
    with_learning_rate(load("finetune", "rte", ["search.seed=[0, 1]"]).recipe, size)
    assert "which suits" in capsys.readouterr().err
    searched = with_learning_rate(load("finetune", "rte", ["search.learning_rate=[1e-3, 1e-4]"]).recipe, size)
    assert searched.train.optimizer.learning_rate == rate_for(size)
    assert capsys.readouterr().err == ""


@pytest.fixture
def needed(monkeypatch):
    """What is asked of the machine: bytes on the disk and in memory."""
    asked = {}
    monkeypatch.setattr(machine, "require_disk", lambda path, size: asked.update(disk=size))
    monkeypatch.setattr(machine, "judge_memory", lambda size, *_: (asked.update(memory=size) or "", False))
    return asked


def looked_at(make_run, table, *settings: str) -> tuple[Ready, Material]:
    """What is found for a task of 90 training examples, and what is learned from."""
    make_run("distill", "mobilebert_laptop")
    table("t.csv", "text,label", *(f"w{number} w1,{number % 2}" for number in range(100)))
    words = ["task.train=t.csv", "train.dynamic_length=false", "train.optimizer.learning_rate=1e-3"]
    ready = resolve(invoke("finetune", "file", [*words, *settings], {}))
    return ready, collect(ready.task, ready.recipe.task, ready.recipe.loss, ready.source)


@pytest.mark.parametrize("settings", [[], ["train.accumulation_steps=2", "train.rematerialize=true"]])
def test_the_check_before_a_run_needs_what_the_plan_says(settings, make_run, table, needed):
    ready, material = looked_at(make_run, table, *settings)
    plan = [stage_of(ready.recipe, material)]
    estimate = plan_task_training(ready.invocation, ready.recipe, material, plan, "task_model").estimate()
    assert needed == {"disk": estimate.disk_bytes, "memory": estimate.memory.total}


@pytest.mark.parametrize(
    ("labels", "settings", "is_taught"),
    [
        ("keras numpy", [], True),
        ("yes no", [], False),
        ("keras numpy", ["quantize.teacher=false"], False),
        ("keras numpy", ["quantize.ground_truth_ratio=1"], False),
    ],
)
def test_the_float_model_that_teaches_rounded_numbers_counts(
    labels, settings, is_taught, make_run, table, needed
):
    source = make_run("finetune", "mobilebert_laptop", task_of_files(), "classifier")
    table("t.csv", "text,label", *(f"w{number} w1,{labels.split()[number % 2]}" for number in range(100)))
    words = [
        "task.train=t.csv",
        "train.dynamic_length=false",
        "task.sequence_length=64",
        f"initialize_from={source}",
    ]
    resolve(invoke("finetune", "file", words, {}))
    alone = needed["memory"]
    resolve(invoke("finetune", "quantize", [*words, *settings], {}))
    size = SIZES["mobilebert_laptop"]
    weights = count_parameters(size, 8000) + count_task_parameters(size, CLASSIFIER, 2)
    states = 32 * 64 * ((size.num_layers + 1) * size.hidden_dim + size.num_layers * size.num_heads * 64)
    assert needed["memory"] - alone == 4 * (weights + states) * is_taught


def task_of_files() -> AnyTask:
    """The task that a fine-tuned run remembers."""
    return invoke("finetune", "file", ["task.train=t.csv"], {}).recipe.task


def test_trials_that_share_a_machine_need_as_much_for_each(make_run, table, needed):
    search = ["search.batch_size=[16, 64]", "search.seed=[0, 1, 2]", "cluster.workers=2"]
    ready, material = looked_at(make_run, table, *search)
    plan = plan_search(ready.recipe.search, ready.recipe.train, ready.recipe.seed)
    estimate = price_search(ready.invocation, ready.recipe, material, plan)
    assert needed == {"disk": estimate.disk_bytes, "memory": 2 * estimate.memory.total}


def test_where_a_table_goes_is_refused_without_a_search(make_run):
    make_run("distill", "mobilebert_laptop")
    with pytest.raises(UserError, match=r"--format and --out are for the table of a search\."):
        resolve(invoke("finetune", "quickstart", [], {}, delivery=Delivery(format="json")))


def test_a_probe_of_a_search_is_refused_with_what_can_be_timed():
    settings = ["search.learning_rate=[1e-3, 1e-4]"]
    with pytest.raises(UserError, match=r"--probe times the steps of one training\.") as refused:
        resolve(invoke("finetune", "quickstart", settings, {}, probe=True))
    assert "--set search=null --probe" in refused.value.hint


@pytest.mark.parametrize("verb", ["finetune", "distill-task"])
def test_a_source_that_has_learned_a_task_is_refused_with_the_key_that_goes_on_from_it(verb, make_run):
    path = make_run(verb, head="classifier")
    with pytest.raises(UserError) as caught:
        resolve(invoke("finetune", "quickstart", [f"source={path}"], {}))
    assert caught.value.message == (
        f"source must be a run before any fine-tuning. Received: {path}, which has learned a task"
    )
    assert caught.value.hint == f"To go on from it, --set initialize_from={path} in place of --source."
