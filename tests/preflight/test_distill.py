"""What `mbert distill` needs."""

import pytest

from mbert_cli.distill.strategies import STRATEGIES
from mbert_cli.errors import UserError
from mbert_cli.model.options import SIZES
from mbert_cli.preflight import machine
from mbert_cli.preflight.distill import compares_predictions
from mbert_cli.preflight.planning import plan_pretraining
from mbert_cli.preflight.resolving import resolve
from mbert_cli.recipe.invocation import invoke


def test_a_student_of_a_fitting_teacher_can_run(make_run, checks):
    make_run("train-teacher")
    found = checks("distill", "quickstart", "distill.transfer_steps=40", "distill.pretraining_steps=60")
    assert all(passed for passed, _ in found.values())
    assert found["teacher"] == (True, "runs/train-teacher: 4 layers")
    assert found["layers"] == (True, "the student's 4 learn from 0, 1, 2, 3 of the teacher")
    assert found["stages"] == (True, "progressive: 5 of 100 steps")


def test_a_teacher_whose_layers_cannot_be_mapped_is_told(make_run, checks):
    make_run("train-teacher")
    found = checks("distill", "quickstart", "model.changes.num_layers=3")
    assert found["layers"] == (
        False,
        (
            "The teacher's layers must be a multiple of the student's to be mapped evenly. "
            "Received: 4 teacher layers and 3 student layers"
        ),
    )


def test_a_run_of_the_wrong_kind_is_told(make_store, checks):
    make_store()
    passed, finding = checks("distill", "quickstart", "teacher=runs/prepare")["teacher"]
    assert not passed
    assert finding.startswith("The run must be of the kind train-teacher, distill, ")
    assert finding.endswith("Received: runs/prepare of the kind prepare")


@pytest.mark.parametrize("verb", ["distill", "finetune", "distill-task"])
def test_any_encoder_teaches_where_it_is_named(verb, make_run, make_store):
    taught = make_run(verb, head="classifier")
    make_store()
    ready = resolve(invoke("distill", "quickstart_general", [f"teacher={taught}"], {}))
    assert ready.teacher.path == taught
    with pytest.raises(UserError, match="needs a complete train-teacher run"):
        resolve(invoke("distill", "quickstart_general", [], {}))


def test_what_was_found_is_handed_on(make_run, make_store):
    teacher, store = make_run("train-teacher"), make_store()
    ready = resolve(invoke("distill", "quickstart", [], {}))
    assert (ready.teacher.path, list(ready.places)) == (teacher, [0, 1, 2, 3, 4])
    assert (ready.recipe.teacher, ready.recipe.data.run) == (str(teacher), str(store))
    assert list(ready.plan) == list(ready.plan_of(ready.recipe))
    assert ready.contents is None


@pytest.mark.parametrize(("width", "scale"), [(SIZES["ib_bert_laptop"].hidden_dim, 0.1), (96, 1.0)])
def test_embeddings_of_another_width_learn_with_the_first_layer(width, scale, make_run, make_store):
    make_run("train-teacher")
    make_store()
    ready = resolve(invoke("distill", "quickstart", [f"model.changes.hidden_dim={width}"], {}))
    first, second, *_ = ready.plan_of(ready.recipe)
    assert (first.layer_scale["embeddings"], second.layer_scale["embeddings"]) == (scale, 0.1)
    assert ready.plan[0].layer_scale == first.layer_scale
    assert "embeddings" in ready.recipe.distill.warm_start


def test_the_vocabularies_of_store_and_teacher_are_compared(make_run, make_store, checks):
    make_run("train-teacher")
    make_store(lowercase=False)
    passed, finding = checks("distill")["vocabularies"]
    assert not passed
    assert finding.startswith("The token store must have the vocabulary of the model in runs/train-teacher. ")


def test_a_teacher_that_predicts_no_masked_words_is_told(make_run, checks):
    make_run("train-teacher", head="next_sentence")
    found = checks("distill")
    assert found["teacher"] == (
        False,
        (
            "A teacher whose predictions of masked words are learned must have a head for them. "
            "Received: runs/train-teacher with next_sentence"
        ),
    )
    assert "layers" not in found


def test_the_ways_of_a_teacher_that_predicts_no_masked_words_are_named(make_run):
    make_run("train-teacher", head="next_sentence")
    with pytest.raises(UserError) as refused:
        resolve(invoke("distill", "quickstart", [], {}))
    assert refused.value.hint == (
        "--strategy general learns from the layers of any teacher. --set distill.ground_truth_ratio=1 learns masked "
        "words from the text alone. Or import the checkpoint that it was before fine-tuning, saved with its "
        "masked-LM head."
    )


@pytest.mark.parametrize(
    ("recipe", "settings"),
    [
        ("quickstart", ["distill.ground_truth_ratio=1"]),
        ("quickstart", ["distill.strategy=auxiliary", "distill.ground_truth_ratio=1"]),
        ("quickstart_general", []),
    ],
)
def test_where_no_prediction_is_learned_a_teacher_needs_none(recipe, settings, make_run, make_store):
    make_run("train-teacher", head="next_sentence")
    make_store()
    ready = resolve(invoke("distill", recipe, settings, {}))
    assert not compares_predictions(ready.plan)


def test_how_heads_are_compared_is_found(make_run, checks):
    make_run("train-teacher")
    assert checks("distill", "quickstart")["heads"] == (
        True,
        "each learns from the teacher's head of the same number",
    )
    passed, finding = checks("distill", "quickstart", "model.changes.num_heads=8")["heads"]
    assert not passed
    assert finding.startswith(
        "Attention is compared head by head, so num_heads must be the same in both models."
    )


def test_factors_that_leave_no_loss_are_told(make_run, checks):
    make_run("train-teacher")
    factors = [f"distill.factors.{name}=0" for name in ("hidden_states", "attention_scores")]
    assert checks("distill", "quickstart_general", *factors)["stages"] == (
        False,
        "A stage minimises at least one loss. Received: distill.factors that leave none in general distillation",
    )


OTHER_WIDTH = [
    "model.size=tinybert_4",
    "model.changes={hidden_dim: 64, embedding_dim: 64, num_heads: 4}",
]
"""Settings of a student that needs projections to the teacher's width."""


@pytest.mark.parametrize(
    ("strategy", "settings"),
    [
        *((strategy, []) for strategy in STRATEGIES),
        *((strategy, ["train.accumulation_steps=2"]) for strategy in STRATEGIES),
        *((strategy, OTHER_WIDTH) for strategy in STRATEGIES if strategy != "distilbert"),
        ("distilbert", [*OTHER_WIDTH, "distill.copied_layers=[]"]),
        ("general", [*OTHER_WIDTH, "distill.projections=per_place"]),
        ("progressive", ["distill.ground_truth_ratio=1", "distill.finished_layer_scale=0"]),
        ("joint", ["train.rematerialize=true", "train.precision=bfloat16"]),
    ],
)
def test_the_check_before_a_run_needs_what_the_plan_says(
    strategy, settings, make_run, make_store, monkeypatch
):
    asked = {}
    monkeypatch.setattr(machine, "require_disk", lambda path, size: asked.update(disk=size))
    monkeypatch.setattr(
        machine, "judge_memory", lambda needed, *_: (asked.update(memory=needed) or "", False)
    )
    make_run("train-teacher")
    make_store()
    ready = resolve(invoke("distill", None, [f"distill.strategy={strategy}", *settings], {}))
    estimate = plan_pretraining(ready, ready.store).estimate()
    assert asked == {"disk": estimate.disk_bytes, "memory": estimate.memory.total}


def test_disk_and_memory_are_looked_at_where_teacher_store_or_stages_are_not_known(make_run, checks):
    found = checks("distill", "quickstart", "data.prepare=null")
    assert [found[name][0] for name in ("teacher", "token store", "disk", "memory")] == [
        False,
        False,
        True,
        True,
    ]
    make_run("train-teacher")
    factors = [f"distill.factors.{name}=0" for name in ("hidden_states", "attention_scores")]
    found = checks("distill", "quickstart_general", *factors)
    assert [found[name][0] for name in ("stages", "disk", "memory")] == [False, True, True]


@pytest.mark.parametrize("recipe", ["minilm_general", "tinybert_4_general"])
def test_the_heads_of_a_trial_learn_from_the_first_ones_of_any_teacher(recipe, make_run, make_store):
    taught = make_run("finetune", "distilbert_6", head="classifier")
    store = make_store()
    named = {"--teacher": ("teacher", str(taught)), "--data": ("data.run", str(store))}
    ready = resolve(invoke("distill", recipe, [], named, smoke=True))
    assert (ready.heads.head_map, ready.recipe.distill.head_map) == ((0, 1), [0, 1])
