"""The task models that a verb works on."""

from pathlib import Path

import pytest

from mbert_cli.errors import UserError
from mbert_cli.examples.options import FileTask, InstalledDocsTask
from mbert_cli.preflight.resolving import resolve
from mbert_cli.preflight.targets import opened_model
from mbert_cli.recipe.invocation import invoke
from mbert_cli.tasks.evaluation_names import other_settings


@pytest.mark.parametrize("verb", ["eval", "predict", "export-tflite", "bench"])
def test_what_follows_needs_a_task_model(verb, make_run, checks):
    assert checks(verb)["task model"] == (
        False, f"`mbert {verb}` needs a complete finetune run. Received: none in runs",
    )  # fmt: skip
    make_run("finetune", "mobilebert_laptop", InstalledDocsTask(source="installed_docs"))
    found = checks(verb)
    if verb == "bench":
        assert found["task model"] == (
            False, "`mbert bench` times .tflite files. Received: runs/finetune, which has none",
        )  # fmt: skip
        return
    assert found["task model"] == (True, "runs/finetune: labels keras, numpy")
    assert all(passed for passed, _ in found.values())


@pytest.mark.parametrize("dry_run", [False, True])
@pytest.mark.parametrize(
    ("verb", "settings", "flags"),
    [
        ("eval", ["task.sequence_length=9999"], {}),
        ("predict", ["task.sequence_length=9999"], {}),
        ("export-tflite", ["task.sequence_length=9999"], {}),
        ("export-tflite", ["export.sequence_length=9999"], {}),
        ("eval", [], {"--length": ("task.sequence_length", 9999)}),
        ("eval", [], {"--length": ("task.sequence_length", 257)}),
    ],
)
def test_a_length_that_the_position_table_cannot_hold_is_refused(make_run, verb, settings, flags, dry_run):
    make_run("finetune", "mobilebert_laptop", InstalledDocsTask(source="installed_docs"))
    invocation = invoke(verb, "quickstart", settings, flags, dry_run=dry_run)
    wanted = [length for _, length in flags.values()] or [9999]
    key = settings[0].partition("=")[0] if settings else "task.sequence_length"
    with pytest.raises(UserError) as caught:
        resolve(invocation)
    assert caught.value.message == (
        "A sequence can have at most 256 tokens, the rows of the model's position table. "
        f"Received: {key} {wanted[0]}"
    )


def test_a_length_that_it_holds_is_taken(make_run):
    make_run("finetune", "mobilebert_laptop", InstalledDocsTask(source="installed_docs"))
    ready = resolve(invoke("predict", "quickstart", ["task.sequence_length=256"], {}))
    assert ready.model.sequence_length == 256


@pytest.mark.parametrize("pooling", ["mean", "cls"])
def test_what_a_run_is_scored_with_that_it_is_not_by_itself_is_known(make_run, pooling):
    task = FileTask(source="file", train="t.csv")
    run = make_run("distill", "mobilebert_laptop")
    model = opened_model(run, invoke("eval", "quickstart", [f"embedding.pooling={pooling}"], {}))
    assert other_settings(model, task) == {"pooling": pooling}
    tuned = make_run("finetune", "mobilebert_laptop", InstalledDocsTask(source="installed_docs"))
    chosen = invoke("eval", "quickstart", ["task.sequence_length=32"], {}, targets=[tuned])
    assert other_settings(opened_model(tuned, chosen), chosen.recipe.task) == {"length": 32}


@pytest.mark.parametrize("verb", ["eval", "predict", "export-tflite"])
def test_a_run_that_is_named_twice_must_be_one(verb, make_run):
    run = make_run("finetune", "mobilebert_laptop", InstalledDocsTask(source="installed_docs"))
    resolve(invoke(verb, "quickstart", [], {}, targets=[run], run=run))
    with pytest.raises(UserError, match=r"Received: runs/finetune and --run runs/other"):
        resolve(invoke(verb, "quickstart", [], {}, targets=[Path("runs/finetune")], run="runs/other"))


@pytest.mark.parametrize("verb", ["bench", "eval", "predict"])
def test_several_lengths_are_refused_where_one_is_read(verb, make_run, run):
    make_run("finetune", "mobilebert_laptop", InstalledDocsTask(source="installed_docs"))
    code, _, said = run(verb, "runs/finetune", "--length", "16,32")
    assert code == 2
    assert " ".join(said.split()).startswith(
        "Error: --length: task.sequence_length must be a whole number of 4 or more. Received: [16, 32]"
    )
