"""What a person typed, with what was not typed filled in."""

import json
from pathlib import Path

import flatbuffers
import pytest
from ai_edge_litert import schema_py_generated as schema

from mbert_cli.errors import UserError
from mbert_cli.recipe.invocation import default_run, invoke, recorded_task, runs_root
from mbert_cli.recipe.loading import load
from mbert_cli.tflite.metadata import ArtifactMetadata, write_metadata

pytestmark = pytest.mark.usefixtures("empty_folder")


def describe(folder: str, task: object) -> Path:
    path = Path(folder)
    path.mkdir(parents=True)
    (path / "model.json").write_text(json.dumps({"task": task}))
    return path


def test_a_run_is_named_after_the_verb_and_the_recipe():
    assert invoke("finetune", "sst2", (), {}).run == Path("runs/finetune-sst2")
    smoke = invoke("distill", "quickstart", (), {}, smoke=True)
    assert (smoke.root, smoke.run) == (Path("runs/smoke"), Path("runs/smoke/distill-quickstart"))
    assert invoke("prepare", "books", (), {}, run=Path("x")).run == Path("x")
    assert default_run(Path("runs"), load("eval")) == Path("runs/eval-quickstart")


def test_verbs_that_write_no_run_have_none():
    invocation = invoke("eval", "quickstart", (), {})
    assert invocation.run is None
    with pytest.raises(ValueError, match="eval writes no run directory"):
        invocation.directory  # noqa: B018 - it raises
    assert invoke("finetune", "quickstart", (), {}).directory == Path("runs/finetune-quickstart")


def test_what_was_not_typed_is_left_out():
    flags = {"--strategy": ("distill.strategy", "joint"), "--teacher": ("teacher", None)}
    invocation = invoke(
        "distill", "quickstart", ["seed=3"], flags, targets=[None, Path("a")], texts=["x"], fresh=True
    )
    assert (invocation.recipe.seed, invocation.recipe.distill.strategy) == (3, "joint")
    assert invocation.loaded.origins["teacher"] == "default"
    assert (invocation.targets, invocation.texts, invocation.fresh) == ((Path("a"),), ("x",), True)


def test_another_verb_is_invoked_in_the_same_root_and_manner():
    teacher = invoke("train-teacher", "quickstart", (), {}, smoke=True, quiet=True, fresh=True)
    prepare = teacher.of("prepare", "quickstart")
    assert (prepare.verb, prepare.root, prepare.run) == (
        "prepare", Path("runs/smoke"), Path("runs/smoke/prepare-quickstart"),
    )  # fmt: skip
    assert (prepare.smoke, prepare.quiet, prepare.fresh, prepare.targets) == (True, True, False, ())
    assert prepare.recipe.vocabulary.training_megabytes == 4.0
    assert teacher.of("eval", "quickstart").run is None


TASK = {"source": "file", "train": "a.csv", "text": "body"}


def test_single_keys_of_a_task_change_that_of_the_run():
    describe("runs/x/final", TASK)
    invocation = invoke("eval", "quickstart", ["task.label=class"], {}, targets=[Path("runs/x")])
    assert (invocation.recipe.task.text, invocation.recipe.task.label) == ("body", "class")
    assert invocation.loaded.origins["task.text"] == "the run"
    flags = {"--length": ("task.sequence_length", 64)}
    assert invoke("predict", "quickstart", (), flags, run=Path("runs/x")).recipe.task.sequence_length == 64
    # A whole task of your own needs no run.
    other = ["task.source=file", "task.train=b.csv"]
    assert invoke("eval", "quickstart", other, {}, targets=[Path("nowhere")]).recipe.task.train == "b.csv"


def test_the_task_of_an_artifact_lies_beside_it():
    folder = describe("runs/x/export/float32", TASK)
    assert recorded_task(folder / "model.tflite") == TASK


def test_an_encoder_without_a_task_is_told_the_length_of_texts():
    describe("runs/y/final", None)
    assert recorded_task(Path("runs/y")) == {"source": "imported"}
    flags = {"--length": ("task.sequence_length", 8)}
    recipe = invoke("predict", "quickstart", (), flags, targets=[Path("runs/y")]).recipe
    assert (recipe.task.source, recipe.task.sequence_length) == ("imported", 8)


TOKENS = {"source": "tokens", "train": "a.conll", "client": "mediapipe"}


@pytest.mark.parametrize("task", [TOKENS, {**TASK, "second_text": "reply", "client": "mediapipe"}])
def test_texts_that_become_vectors_are_none_of_the_task_that_a_run_learned(task):
    """Neither tokens nor pairs are asked for, but a client's way of cutting stays."""
    describe("runs/x/final", task)
    flags = {"--pooling": ("embedding.pooling", "mean"), "--length": ("task.sequence_length", 8)}
    recipe = invoke("predict", "quickstart", (), flags, targets=[Path("runs/x")]).recipe
    assert recipe.task.model_dump() == {"source": "imported", "client": "mediapipe", "sequence_length": 8}


def test_the_task_of_an_artifact_that_was_moved_away_is_inside(tmp_path):
    model = schema.ModelT(version=3, subgraphs=[schema.SubGraphT(inputs=[], outputs=[])], buffers=[])
    builder = flatbuffers.Builder(100)
    builder.Finish(model.Pack(builder), b"TFL3")
    files = {"model.json": json.dumps({"task": TASK}).encode()}
    path = tmp_path / "moved.tflite"
    path.write_bytes(write_metadata(bytes(builder.Output()), ArtifactMetadata("moved", files=files)))
    assert recorded_task(path) == TASK


@pytest.mark.parametrize("target", [None, Path("nowhere"), Path("damaged"), Path("other/model.tflite")])
def test_a_key_of_a_task_needs_a_run_that_says_the_others(target):
    Path("damaged/final").mkdir(parents=True)
    Path("damaged/final/model.json").write_text("[]")
    with pytest.raises(UserError) as caught:
        recorded_task(target)
    assert caught.value.message == (
        "A key of a task can be set alone where a fine-tuned run says the others. "
        f"Received: {target or 'no complete finetune run'}"
    )
    assert caught.value.hint == "Name a complete finetune run or an artifact of one, or set task.source too."


def test_smoke_has_a_root_of_its_own():
    assert (runs_root(False), runs_root(True)) == (Path("runs"), Path("runs/smoke"))


@pytest.mark.parametrize(
    ("strategy", "kind", "run"),
    [
        ("joint", "distill", "runs/distill-quickstart"),
        ("general", "distill", "runs/distill-quickstart_general"),
        ("task", "distill-task", "runs/distill-quickstart_task"),
    ],
)
def test_without_a_recipe_the_usual_one_of_the_strategy_is_taken(strategy, kind, run):
    by_flag = invoke("distill", None, (), {"--strategy": ("distill.strategy", strategy)})
    by_setting = invoke("distill", None, [f"distill.strategy={strategy}"], {})
    assert by_flag.recipe == by_setting.recipe
    assert (by_flag.verb, by_flag.kind, by_flag.run) == ("distill", kind, Path(run))


def test_the_newest_task_model_may_be_of_a_task_distillation():
    run = Path("runs/distilled")
    describe(str(run / "final"), {"source": "glue", "name": "rte"})
    (run / "recipe.yaml").write_text("seed: 0\n")
    (run / "origin.json").write_text('{"verb": "distill-task"}')
    manifest = {"format": 1, "completed": "2026-01-01T00:00:00+00:00", "files": {}}
    (run / "final" / "manifest.json").write_text(json.dumps(manifest))
    invocation = invoke("eval", "quickstart", ["task.sequence_length=32"], {})
    assert (invocation.recipe.task.name, invocation.recipe.task.sequence_length) == ("rte", 32)
