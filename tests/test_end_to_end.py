"""The pipeline as a person types it, at smoke size: every verb, both backends, real files.

Commands run in the process of the tests, so that TensorFlow is imported once; what differs in one of their own, signals
and what they print to a terminal, other files test.
"""

import io
import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from mbert_cli import cli
from mbert_cli.recipe.forms import forms_of
from mbert_cli.recipe.idle_keys import IDLE
from mbert_cli.recipe.keys import variants_of
from mbert_cli.recipe.loading import load
from mbert_cli.recipe.problems import leaves
from mbert_cli.recipe.schema import CHOOSERS, RECIPES
from mbert_cli.section import Section
from mbert_cli.weights.store import load_weights

NO_DROPOUT = [
    "--set", "model.changes.hidden_dropout_rate=0", "--set", "model.changes.attention_dropout_rate=0",
]  # fmt: skip


def losses(run: Path, name: str = "loss/total") -> list[float]:
    lines = (json.loads(line) for line in (run / "log.jsonl").read_text().splitlines())
    return [line[name] for line in lines if name in line]


ReadKeys = dict[str, set[tuple[str, str]]]
"""The keys of its recipe that each verb looked at, by section and name."""


def type_here(folder: Path, *words: str, code: int = 0) -> CompletedProcess:
    """What `mbert_here` does, also where a module shares what was done."""
    output, errors = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(output), redirect_stderr(errors):
        patch.chdir(folder)
        with pytest.raises(SystemExit) as ending:
            cli.main(words)
    found = ending.value.code or 0
    assert found == code, output.getvalue() + errors.getvalue()
    return CompletedProcess(words, found, output.getvalue(), errors.getvalue())


@pytest.fixture(scope="module")
def typed() -> Iterator[tuple[Callable[..., CompletedProcess], ReadKeys]]:
    """Types a command in a folder, and notes which keys of its recipe it looks at."""
    read, verbs, get = defaultdict(set), [""], Section.__getattribute__

    def watched(section: Section, name: str) -> object:
        if not name.startswith("_") and name in type(section).model_fields:
            read[verbs[-1]].add((type(section).__name__, name))
        return get(section, name)

    def run(folder: Path, *words: str, code: int = 0) -> CompletedProcess:
        verbs.append(words[0])
        try:
            return type_here(folder, *words, code=code)
        finally:
            verbs.pop()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Section, "__getattribute__", watched)
        yield run, read


@pytest.fixture(scope="module")
def mbert_here(typed) -> Callable[..., CompletedProcess]:
    return typed[0]


@pytest.fixture(scope="module")
def read_keys(typed) -> ReadKeys:
    return typed[1]


@pytest.fixture(scope="module")
def folder(tmp_path_factory, mbert_here) -> Path:
    """A folder in which the six words of the pipeline were typed without an argument."""
    folder = tmp_path_factory.mktemp("pipeline")
    mbert_here(folder, "train-teacher", "--smoke", *NO_DROPOUT)
    mbert_here(folder, "distill", "--smoke", *NO_DROPOUT)
    mbert_here(folder, "finetune", "--smoke", "--set", "dropout_rate=0")
    return folder


def test_the_pipeline_needs_no_argument_and_leaves_complete_runs(folder):
    runs = folder / "runs" / "smoke"
    verbs = ["prepare", "train-teacher", "distill", "finetune"]
    assert sorted(run.name for run in runs.iterdir()) == sorted(f"{verb}-quickstart" for verb in verbs)
    for verb in verbs[1:]:
        assert sorted(file.name for file in (runs / f"{verb}-quickstart" / "final").iterdir()) == [
            "manifest.json", "model.json", "recipe.yaml", "summary.json", "vocab.txt", "weights.safetensors",
        ]  # fmt: skip


def test_eval_prints_figures_by_class_and_the_confusion_table(mbert_here, folder):
    done = mbert_here(folder, "eval", "--smoke")
    assert re.search(r"installed_docs validation, 32 examples \(set [0-9a-f]{8}\): accuracy", done.stdout)
    assert "Confusion: true label by row, predicted label by column" in done.stdout
    report = json.loads((folder / "runs/smoke/finetune-quickstart/eval/validation-32.json").read_text())
    assert sum(map(sum, report["confusion"])) == report["examples"] == 32


def test_predict_answers_texts_as_lines_of_json(mbert_here, folder):
    done = mbert_here(
        folder, "predict", "--smoke", "--jsonl", "--text", "Computes the sum over an axis of an array."
    )
    (answer,) = map(json.loads, done.stdout.splitlines())
    assert answer["label"] in answer["probabilities"]
    assert sum(answer["probabilities"].values()) == pytest.approx(1.0, abs=1e-4)


def test_an_artifact_is_exported_scored_and_timed(mbert_here, folder):
    mbert_here(folder, "export-tflite", "--smoke", "--quantize", "float32", "--quantize", "dynamic_int8")
    export = folder / "runs/smoke/finetune-quickstart/export"
    for mode in ("float32", "dynamic_int8"):
        assert sorted(file.name for file in (export / mode).iterdir()) == [
            "README.md", "labels.txt", "manifest.json", "model.json", "model.tflite", "report.json", "vocab.txt",
        ]  # fmt: skip
    scored = mbert_here(folder, "eval", "--smoke", str(export / "float32" / "model.tflite"))
    assert re.search(r"32 examples \(set \w+\): accuracy", scored.stdout)
    timed = mbert_here(folder, "bench", "--smoke")
    assert "p90 ms" in timed.stdout
    assert "adb push" in timed.stdout
    (report,) = (folder / "runs/smoke/bench").iterdir()
    rows = json.loads(report.read_text())["rows"]
    assert len(rows) == 2
    assert all(0 < row["p50_ms"] <= row["p90_ms"] <= row["p99_ms"] for row in rows)
    chain = mbert_here(folder, "runs", "runs/smoke", "--chain")
    assert "finetune-quickstart dynamic_int8" in chain.stdout


@pytest.mark.slow
def test_jax_trains_with_the_losses_of_tensorflow(mbert, folder):
    for verb in ("train-teacher", "distill", "finetune"):
        dropout = ["--set", "dropout_rate=0"] if verb == "finetune" else NO_DROPOUT
        inputs = {
            "train-teacher": [],
            "distill": ["--teacher", "runs/smoke/train-teacher-quickstart"],
            "finetune": ["--source", "runs/smoke/distill-quickstart"],
        }[verb]
        run = f"runs/smoke/jax-{verb}"
        mbert(folder, verb, "--smoke", "--run", run, *dropout, *inputs, backend="jax")
        expected = losses(folder / f"runs/smoke/{verb}-quickstart")
        assert losses(folder / run) == pytest.approx(expected, rel=2e-3)


def test_the_same_command_again_says_that_the_run_is_complete(mbert_here, folder):
    done = mbert_here(folder, "train-teacher", "--smoke", *NO_DROPOUT)
    assert "runs/smoke/train-teacher-quickstart is complete already" in done.stderr


def test_another_recipe_in_the_same_directory_is_refused(mbert_here, folder):
    done = mbert_here(folder, "train-teacher", "--smoke", *NO_DROPOUT, "--set", "seed=1", code=2)
    assert "seed: 1 (the run in runs/smoke/train-teacher-quickstart has 0)" in done.stderr
    done = mbert_here(folder, "train-teacher", "--smoke", *NO_DROPOUT, "--set", "train.steps=3", code=2)
    assert "train.steps 3 for runs/smoke/train-teacher-quickstart, which has 4" in done.stderr


def sentence(number: int) -> str:
    """A sentence in CoNLL's columns, with a person of two words and a place."""
    person, place = ["Ada", "Ben", "Cleo", "Dora"][number % 4], number % 7
    return f"{person} B-PER\nKing I-PER\nreads O\nbelow O\n{place} B-LOC\n. O\n"


def test_a_model_labels_tokens_and_so_does_its_artifact(mbert_here, folder):
    (folder / "t.conll").write_text("-DOCSTART- O\n\n" + "\n".join(map(sentence, range(56))))
    run = "runs/smoke/tokens"
    settings = [
        "task.train=t.conll", "task.validation=t.conll", "train.max_steps=40", "train.epochs=3",
        "train.optimizer.learning_rate=1e-2",
    ]  # fmt: skip
    mbert_here(
        folder, "finetune", "tokens", "--smoke", "--run", run, *(f"--set={setting}" for setting in settings)
    )
    mbert_here(folder, "export-tflite", "--smoke", "--quantize", "float32", "--length", "8,16,32", run)
    artifact = folder / run / "export" / "float32" / "model.tflite"
    report = json.loads(artifact.with_name("report.json").read_text())
    assert report["parity"]["disagreement_rate"] == 0
    assert (report["target"], report["examples_by_length"]) == ("cpu", {"8": 0, "16": 7, "32": 1})
    assert "| for | a CPU |" in artifact.with_name("README.md").read_text()
    done = mbert_here(folder, "eval", "--smoke", str(artifact))
    assert re.search(r"32 examples \(set \w+\): precision 100.00%", done.stdout)
    report = json.loads(artifact.with_name("model-eval-validation-32.json").read_text())
    assert [row["entities"] for row in report["entities"]] == [32, 32]
    done = mbert_here(folder, "predict", "--smoke", "--jsonl", run, "--text", "Dora King reads below 5.")
    (answer,) = map(json.loads, done.stdout.splitlines())
    found = [(entity["start"], entity["text"], entity["label"]) for entity in answer["entities"]]
    assert found == [(0, "Dora King", "PER"), (22, "5", "LOC")]


@pytest.mark.slow
@pytest.mark.parametrize("strategy", ["joint", "auxiliary"])
def test_the_other_strategies_run(mbert_here, folder, strategy):
    run = f"runs/smoke/distill-{strategy}"
    teacher = "runs/smoke/train-teacher-quickstart"
    mbert_here(folder, "distill", "--smoke", "--strategy", strategy, "--teacher", teacher, "--run", run)
    assert (folder / run / "final" / "weights.safetensors").exists()


@pytest.mark.slow
def test_a_student_of_another_width_learns_through_a_projection_that_its_result_lacks(mbert_here, folder):
    run = "runs/smoke/distill-wide"
    teacher = "runs/smoke/train-teacher-quickstart"
    mbert_here(
        folder,
        "distill",
        "--smoke",
        "--teacher",
        teacher,
        "--run",
        run,
        "--set",
        "model.changes.hidden_dim=48",
    )
    (newest, _) = sorted((folder / run / "checkpoints").iterdir(), reverse=True)
    companions = load_weights(newest / "companions.safetensors")
    assert sorted(companions) == ["layer_projection/bias", "layer_projection/kernel"]
    final = load_weights(folder / run / "final" / "weights.safetensors")
    assert final.keys() == load_weights(newest / "weights.safetensors").keys()
    assert not companions.keys() & final.keys()
    assert not (folder / run / "final" / "companions.safetensors").exists()


def keys_by_section(verb: str, form: str = "") -> Iterator[tuple[str, tuple[str, str]]]:
    """The keys of a verb that are no keys of one kind of a section, each with the section's class and its name.

    Args:
        verb: The verb.
        form: Which of its recipes' forms; none for the first.
    """
    forms = forms_of(verb)
    form = form or next(iter(forms))

    def walk(section: type, prefix: str) -> Iterator[tuple[str, tuple[str, str]]]:
        for name, field in section.model_fields.items():
            below = variants_of(field)
            if not below:
                yield f"{prefix}{name}", (section.__name__, name)
            elif nested := below.get("") or below.get(form):
                yield from walk(nested, f"{prefix}{name}.")

    return walk(forms[form], "")


READ_WHOLE = ("model.changes.", "distill.factors.", "loss.", "search.")
"""Sections that are read as one; `tests/test_section_keys.py` looks at their keys."""


READ_WITH_MODES = ("quantize.", "export.calibration.", "export.fallback.", "bench.sweep.", "bench.binary")
"""What is looked at only where a mode, a section or a flag asks for it; the slow test below does."""


READ_WHERE_ASKED = (*READ_WITH_MODES, "hosts.wait_seconds", "plan.bandwidth", "plan.teacher")
"""The same, and what hosts and plans for several devices read, which have tests of their own."""


def test_every_key_is_looked_at_by_its_verb_or_refused(mbert_here, folder, read_keys):
    for verb in [verb for verb in RECIPES if verb not in {*read_keys, "prepare"}]:
        mbert_here(folder, verb, "--smoke", *(["--text", "It rains."] if verb == "predict" else []))
    read = {verb: set(keys) for verb, keys in read_keys.items()}
    read["prepare"] = read["train-teacher"]  # which prepared the corpus that it needed
    read["distill"].add(("PretrainingOptions", "prepare"))  # where the teacher's own corpus is gone
    unread = [(verb, key) for verb in RECIPES for key in unread_keys(verb, "", read[verb])]
    assert [(verb, key) for verb, key in unread if not key.startswith(READ_WHERE_ASKED)] == []


@pytest.fixture
def read_alone(read_keys) -> Iterator[ReadKeys]:
    """The keys that the commands of one test look at."""
    before = {verb: set(keys) for verb, keys in read_keys.items()}
    read_keys.clear()
    yield read_keys
    for verb, keys in before.items():
        read_keys[verb] |= keys


@pytest.mark.slow
def test_every_key_of_quantization_and_of_sweeps_is_looked_at(mbert_here, folder, read_alone):
    start = ["--set", "initialize_from=runs/smoke/finetune-quickstart", "--run", "runs/quantized"]
    mbert_here(folder, "finetune", "--smoke", *start, "--set", "quantize.mode=int4")
    mbert_here(folder, "export-tflite", "runs/smoke/finetune-quickstart", "--smoke", "--quantize", "int8")
    mbert_here(folder, "bench", "runs/smoke/finetune-quickstart", "--smoke", "--sweep")
    verbs = ("finetune", "export-tflite", "bench")
    unread = [(verb, key) for verb in verbs for key in unread_keys(verb, "", read_alone[verb])]
    assert [(verb, key) for verb, key in unread if key.startswith(READ_WITH_MODES)] == []


def unread_keys(verb: str, form: str, read: set[tuple[str, ...]]) -> list[str]:
    """The keys that were not looked at, and would not be refused either where a person set them in that recipe."""
    settings = [f"{CHOOSERS[verb]}={form}"] if form else []
    values = dict(leaves(load(verb, settings=settings, smoke=True).values()))
    rules = [rule for rule in IDLE if verb in rule.verbs]
    refused = {
        key for rule in rules for key in rule.keys
        if rule.when is None or (key in values and rule.when(values))
    }  # fmt: skip
    return [
        path
        for path, key in keys_by_section(verb, form)
        if key not in read and path not in {*refused, CHOOSERS.get(verb)} and not path.startswith(READ_WHOLE)
    ]


@pytest.mark.slow
@pytest.mark.parametrize("strategy", ["joint", "auxiliary", "general", "distilbert", "task"])
def test_every_key_of_a_strategy_is_looked_at(mbert_here, folder, read_alone, strategy):
    mbert_here(folder, "distill", "--strategy", strategy, "--smoke", "--run", f"runs/smoke/{strategy}")
    read = read_alone["distill"] | {("PretrainingOptions", "prepare")}
    unread = unread_keys("distill", strategy, read)
    assert [key for key in unread if not key.startswith(READ_WHERE_ASKED)] == []
