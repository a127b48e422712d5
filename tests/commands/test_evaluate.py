"""`mbert eval`: what it plans, and how it compares models."""

import pickle
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from mbert_cli import console
from mbert_cli.cluster.options import HERE
from mbert_cli.commands import evaluate
from mbert_cli.commands.evaluate import _compare, _plan, _Result
from mbert_cli.examples.options import InstalledDocsTask
from mbert_cli.examples.texts import Examples, TaskData
from mbert_cli.page import Delivery, PageFormat
from mbert_cli.recipe.invocation import invoke
from mbert_cli.report.evaluation import ScoredModel
from mbert_cli.table import Table


def result(name: str, outputs: list[int], length: int = 64) -> _Result:
    judge = SimpleNamespace(differ=lambda first, other: first != other)
    return _Result(length, judge, np.array(outputs), ScoredModel(Path(name), [], {"accuracy": 0.5}, {}), {})


def test_models_are_compared_with_the_first():
    first, other = result("a", [0, 1, 1, 0]), result("b", [0, 1, 0, 0])
    assert _compare(first, first).differing is None
    assert _compare(first, other).differing == 0.25


def test_models_that_read_texts_of_other_lengths_are_not_compared():
    assert _compare(result("a", [0, 1]), result("b", [1, 0], length=128)).differing is None


def ready_to_plan(submission: Path | None = None, length: int = 64) -> SimpleNamespace:
    task = InstalledDocsTask(source="installed_docs")
    description = SimpleNamespace(task=task, embedding=None, null_threshold=None, sets={})
    model = SimpleNamespace(
        path=Path("runs/a"), description=description, artifact=None, client=None, sequence_length=length
    )
    recipe = SimpleNamespace(evaluate=SimpleNamespace(split="validation", max_examples=2))
    return SimpleNamespace(
        invocation=SimpleNamespace(submission=submission),
        recipe=recipe,
        models=[model],
        options=task,
        task=None,
    )


def test_a_plan_names_the_report_that_is_written():
    ready = ready_to_plan(length=32)
    assert _plan(ready).record["would_score"][0]["report"] == Path("runs/a/eval/validation-length-32.json")
    ready.task = TaskData("docs", ["a", "b"], {"validation": Examples(["x"] * 5, None, np.zeros(5, int))})
    assert _plan(ready).record["would_score"][0]["report"] == Path("runs/a/eval/validation-2-length-32.json")


@pytest.mark.parametrize(
    ("submission", "note", "record"),
    [
        (
            None,
            "Would score runs/a on validation and write runs/a/eval/validation.json",
            {
                "would_score": [
                    {
                        "target": Path("runs/a"),
                        "split": "validation",
                        "report": Path("runs/a/eval/validation.json"),
                    }
                ]
            },
        ),
        (
            Path("out"),
            "Would answer the test sets with runs/a in out",
            {"would_answer": [Path("runs/a")], "folder": Path("out")},
        ),
    ],
)
def test_a_plan_is_a_sentence_and_a_record(submission, note, record):
    page = _plan(ready_to_plan(submission))
    assert page.notes == [note]
    assert page.record == record


def scored(folder: Path) -> _Result:
    tables = [Table("sst2 validation", ["metric", "value"], [("accuracy", "66.84%")])]
    known = ScoredModel(folder, tables, {"accuracy": 0.6684}, {"accuracy": "66.84%"})
    judge = SimpleNamespace(differ=lambda first, other: first != other)
    return _Result(
        64, judge, np.array([0, 1]), known, {folder / "eval" / "validation.json": {"score": 0.6684}}
    )


@pytest.mark.parametrize("form", ["table", "json"])
@pytest.mark.parametrize("file", [None, "page.txt"])
def test_all_scores_are_shown_though_their_reports_cannot_be_written(
    form: PageFormat, file, tmp_path, monkeypatch, capsys
):
    def stop(path: Path, data: bytes) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    models = [SimpleNamespace(path=tmp_path / name) for name in ("a", "b")]
    for model in models:
        model.path.mkdir()
        model.answering = lambda task, model=model: model
        model.description = SimpleNamespace(task=None)
        model.warn_of_other_set = lambda *arguments: None
    monkeypatch.setattr(evaluate, "replace_object", stop)
    monkeypatch.setattr(evaluate, "_score", lambda model, *others: scored(model.path))
    monkeypatch.setattr(evaluate, "say_other_texts", lambda *arguments: None)
    monkeypatch.setattr(evaluate, "thin", lambda examples, limit: examples)
    monkeypatch.setattr(evaluate, "describe_set", lambda task, examples: "2 examples")
    path = file and tmp_path / file
    task = SimpleNamespace(name="sst2", notes=[], warnings=[], sets={"validation": []})
    invocation = SimpleNamespace(dry_run=False, submission=None, delivery=Delivery(form, path))
    section = SimpleNamespace(split="validation", max_examples=None)
    recipe = SimpleNamespace(evaluate=section, cluster=HERE)
    ready = SimpleNamespace(invocation=invocation, recipe=recipe, models=models, options=None, task=task)
    with pytest.raises(PermissionError) as caught:
        evaluate.run(ready)
    assert caught.value.filename == str(tmp_path / "a" / "eval" / "validation.json")
    shown = path.read_text() if path else capsys.readouterr().out
    assert shown.count("66.84%") >= 2


def test_a_scorer_that_travelled_opens_the_model_and_reads_the_task_there(tmp_path, monkeypatch):
    invocation = invoke("eval", "quickstart", ("evaluate.max_examples=2",), {}, targets=(tmp_path,))
    there = pickle.loads(
        pickle.dumps(evaluate.ModelScorer(invocation, InstalledDocsTask(source="installed_docs")))
    )
    read = []

    def read_task(options, split):
        read.append((options.source, split))
        return TaskData("docs", ["a", "b"], {"validation": Examples(["x"] * 5, None, np.zeros(5))})

    def score(model, scored, recipe):
        console.warning("A warning.")
        return replace(result(model, scored.examples.texts), notes=["A note."])

    monkeypatch.setattr(evaluate, "load_task", read_task)
    monkeypatch.setattr(
        evaluate, "opened_model", lambda path, _: SimpleNamespace(answering=lambda task: path.name)
    )
    monkeypatch.setattr(evaluate, "_score", score)
    before = console._settings.quiet
    try:
        found = [there(tmp_path / name) for name in ("a", "b")]
    finally:
        console.set_quiet(before)
    assert [str(one.scored.path) for one in found] == ["a", "b"]
    assert found[0].notes == ["A note.", "A warning."]
    assert list(found[0].outputs) == ["x", "x"]
    assert read == [("installed_docs", "validation")]
