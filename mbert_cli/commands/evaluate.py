"""`mbert eval`: runs and artifacts -> the task's official figures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from mbert_cli import console
from mbert_cli.evaluate.judges import Judge
from mbert_cli.evaluate.metrics import score_name
from mbert_cli.examples.loading import load_task
from mbert_cli.examples.options import AnyTask
from mbert_cli.examples.sampling import thin
from mbert_cli.examples.texts import TaskData
from mbert_cli.page import PRINTED, Page
from mbert_cli.preflight.evaluate import Ready
from mbert_cli.recipe.invocation import Invocation
from mbert_cli.recipe.schema import EvalRecipe
from mbert_cli.report.evaluation import ScoredModel, evaluation_page
from mbert_cli.report.submission import submission_page
from mbert_cli.report.terminal import deliver
from mbert_cli.runs.manifest import replace_object
from mbert_cli.tasks.evaluation_names import report_name, report_path
from mbert_cli.tasks.kinds import kind_of
from mbert_cli.tasks.model import TaskModel
from mbert_cli.tasks.pair_segments import say_other_texts
from mbert_cli.tasks.submission import write_submissions
from mbert_cli.tasks.task_set import describe_set
from mbert_cli.weights.description import SetDescription


def run(ready: Ready) -> None:
    """Scores fine-tuned runs and .tflite files on the validation examples of their task."""
    invocation, recipe, models, options = ready.invocation, ready.recipe, ready.models, ready.options
    split = recipe.evaluate.split
    if invocation.dry_run:
        deliver(_plan(invocation, [model.path for model in models], split), invocation.delivery)
        return
    if invocation.submission:
        written = write_submissions(models, recipe.task, invocation.submission, recipe.evaluate.batch_size)
        deliver(submission_page(written), invocation.delivery)
        return
    task = ready.task or load_task(options, split)
    for note in task.notes:
        console.info(note)
    for warning in task.warnings:
        console.warning(warning)
    models = [model.answering(task) for model in models]
    whole = describe_set(task, task.sets[split])
    for model in models:
        model.warn_of_other_set(options, split, whole)
        say_other_texts(model.path, model.description.task, options)
    examples = thin(task.sets[split], recipe.evaluate.max_examples)
    scored = _Scored(task, split, examples, options, whole, describe_set(task, examples))
    is_printed = invocation.delivery == PRINTED
    results: list[_Result] = []
    unwritten: list[OSError] = []
    for model in models:
        results.append(_score(model, scored, recipe))
        if is_printed:  # a table is read as soon as it is there; a document is written once
            deliver(Page(results[-1].scored.tables), PRINTED)
        try:
            _write(results[-1].reports)
        except OSError as error:  # ends the command once all scores have been shown
            unwritten.append(error)
    compared = [_compare(results[0], result) for result in results]
    deliver(evaluation_page(scored.title, compared, with_details=not is_printed), invocation.delivery)
    if unwritten:
        raise unwritten[0]


@dataclass(frozen=True)
class _Scored:
    """What all models are scored on.

    Attributes:
        task: The task.
        split: Name of its set.
        examples: The set, or a part of it.
        options: The task's recipe section.
        whole: The set.
        part: What is scored of it.
    """

    task: TaskData
    split: str
    examples: Any
    options: AnyTask
    whole: SetDescription
    part: SetDescription

    @property
    def title(self) -> str:
        """`sst2 validation, 872 examples (set 3f9a1c02)`."""
        return f"{self.task.name} {self.split}, {self.part}"


@dataclass(frozen=True)
class _Result:
    """What one model said, and the contents of its reports by their files."""

    model: TaskModel
    judge: Judge
    outputs: np.ndarray
    scored: ScoredModel
    reports: Mapping[Path, Any]


def _score(model: TaskModel, scored: _Scored, recipe: EvalRecipe) -> _Result:
    """Scores one model; writes nothing."""
    task, split, target = scored.task, scored.split, model.path
    name = report_name(model, scored.options, split, task.name, scored.whole, scored.part)
    encoded = model.encode(task, scored.examples, scored.options)
    if encoded.rows.cut:
        console.info(encoded.rows.cut)
    outputs = model.answer(encoded, recipe.evaluate.batch_size)
    predicted = encoded.judge.decide(outputs)
    result = encoded.judge.score(predicted)
    report = {
        "target": str(target), "task": task.name, "split": split, "examples": scored.part.examples,
        "set": scored.part.digest, "metric": score_name(encoded.judge.metrics), "score": result.value,
        "figures": result.figures,
    }  # fmt: skip
    if model.client is not None:
        report["client"] = model.client
        console.info(f"{target}: texts are cut as {model.client} cuts them on a phone")
    title = f"{scored.title}: {result} ({target})"
    details = kind_of(model.description.kind).details(title, task, scored.examples, encoded.judge, predicted)
    report |= result.details | details.report
    reports = {report_path(target, name): report}
    for ending, content in details.files.items():
        reports[report_path(target, f"{name}-{ending}")] = content
    scored_model = ScoredModel(target, details.tables, result.figures, report)
    return _Result(model, encoded.judge, outputs, scored_model, reports)


def _compare(first: _Result, other: _Result) -> ScoredModel:
    """A model with how often its answers are others than those of the first."""
    # Rows of another length cut a text in other places.
    if other is first or first.model.sequence_length != other.model.sequence_length:
        return other.scored
    differing = float(np.mean(first.judge.differ(first.outputs, other.outputs)))
    return replace(other.scored, differing=differing)


def _plan(invocation: Invocation[EvalRecipe], targets: Sequence[Path], split: str) -> Page:
    """What `--dry-run` says."""
    if invocation.submission:
        notes = [f"Would answer the test sets with {target} in {invocation.submission}" for target in targets]
        return Page(record={"would_answer": targets, "folder": invocation.submission}, notes=notes)
    reports = {target: report_path(target, split) for target in targets}
    notes = [f"Would score {target} on {split} and write {report}" for target, report in reports.items()]
    would = [{"target": target, "split": split, "report": report} for target, report in reports.items()]
    return Page(record={"would_score": would}, notes=notes)


def _write(reports: Mapping[Path, Any]) -> None:
    for path, content in reports.items():
        path.parent.mkdir(exist_ok=True)
        replace_object(path, content)
        console.info(f"Written to {path}")
