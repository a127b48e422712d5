"""`mbert eval`: runs and artifacts -> the task's official figures."""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from mbert_cli import console
from mbert_cli.cluster.sharing import is_shared, share_among
from mbert_cli.evaluate.judges import Judge
from mbert_cli.evaluate.metrics import score_name
from mbert_cli.examples.loading import load_task
from mbert_cli.examples.options import AnyTask
from mbert_cli.examples.sampling import thin
from mbert_cli.examples.texts import TaskData
from mbert_cli.page import PRINTED, Delivery, Page
from mbert_cli.preflight.evaluate import Ready
from mbert_cli.preflight.targets import opened_model
from mbert_cli.recipe.invocation import Invocation
from mbert_cli.recipe.schema import EvalRecipe
from mbert_cli.report.evaluation import ScoredModel, evaluation_page
from mbert_cli.report.submission import submission_page
from mbert_cli.report.terminal import deliver
from mbert_cli.runs.artifacts import MADE_OF, evaluation_file, weights_digest
from mbert_cli.runs.manifest import replace_object
from mbert_cli.tasks.evaluation_names import other_settings, report_name, settings_suffix
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
        deliver(_plan(ready), invocation.delivery)
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
    if ready.task is None:
        models = [model.answering(task) for model in models]
    scored = _set_of(task, options, recipe)
    for model in models:
        model.warn_of_other_set(options, split, scored.whole)
        say_other_texts(model.path, model.description.task, options)
    _deliver(_results(ready, models, scored), scored, invocation.delivery)


def _deliver(results: Iterable["_Result"], scored: "_Scored", delivery: Delivery) -> None:
    """Shows what models said, and writes their reports; raises the first OSError once all scores have been shown."""
    is_printed = delivery == PRINTED
    shown: list[_Result] = []
    unwritten: list[OSError] = []
    for result in results:
        shown.append(result)
        for note in result.notes:
            console.info(note)
        if is_printed:  # a table is read as soon as it is there; a document is written once
            deliver(Page(result.scored.tables), PRINTED)
        try:
            _write(result.reports)
        except OSError as error:
            unwritten.append(error)
    compared = [_compare(shown[0], result) for result in shown]
    deliver(evaluation_page(scored.title, compared, with_details=not is_printed), delivery)
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
    """What one model said about rows of a length, the contents of its reports by their files, and what to say of it."""

    length: int
    judge: Judge
    outputs: np.ndarray
    scored: ScoredModel
    reports: Mapping[Path, Any]
    notes: Sequence[str] = ()


def _results(ready: Ready, models: Sequence[TaskModel], scored: _Scored) -> Iterable[_Result]:
    """What each model said, in their order."""
    cluster = ready.recipe.cluster
    if not is_shared(cluster):
        return (_score(model, scored, ready.recipe) for model in models)
    done = itertools.count(1)
    with console.progress(len(models), "models scored") as display:
        return share_among(
            ModelScorer(ready.invocation, ready.options),
            [model.path for model in models],
            cluster,
            lambda path, result: display.update(next(done)),
        )


@dataclass
class ModelScorer:
    """Scores models in a process of its own, which reads the task by itself.

    Attributes:
        invocation: The command.
        options: The task's recipe section.
    """

    invocation: Invocation[EvalRecipe]
    options: AnyTask

    def __call__(self, path: Path) -> _Result:
        """Scores a run or an artifact."""
        console.set_quiet(True)
        with console.heard() as warnings:
            recipe, scored = self.invocation.recipe, self._scored
            model = opened_model(path, self.invocation).answering(scored.task)
            result = _score(model, scored, recipe)
        return replace(result, notes=[*result.notes, *warnings])

    @cached_property
    def _scored(self) -> _Scored:
        recipe = self.invocation.recipe
        return _set_of(load_task(self.options, recipe.evaluate.split), self.options, recipe)


def _set_of(task: TaskData, options: AnyTask, recipe: EvalRecipe) -> _Scored:
    """What models are scored on."""
    split = recipe.evaluate.split
    examples = thin(task.sets[split], recipe.evaluate.max_examples)
    whole = describe_set(task, task.sets[split])
    return _Scored(task, split, examples, options, whole, describe_set(task, examples))


def _score(model: TaskModel, scored: _Scored, recipe: EvalRecipe) -> _Result:
    """Scores one model; writes nothing."""
    task, split, target = scored.task, scored.split, model.path
    name = report_name(model, scored.options, split, task.name, scored.whole, scored.part)
    encoded = model.encode(task, scored.examples, scored.options)
    notes = [encoded.rows.cut] if encoded.rows.cut else []
    outputs = model.answer(encoded, recipe.evaluate.batch_size)
    predicted = encoded.judge.decide(outputs)
    result = encoded.judge.score(predicted)
    report = {
        "target": str(target), "task": task.name, "split": split, "examples": scored.part.examples,
        "set": scored.part.digest, "metric": score_name(encoded.judge.metrics), "score": result.value,
        "figures": result.figures,
    }  # fmt: skip
    if digest := weights_digest(target):
        report[MADE_OF] = digest
    if settings := other_settings(model, scored.options):
        report["settings"] = settings
    if model.client is not None:
        report["client"] = model.client
        notes.append(f"{target}: texts are cut as {model.client} cuts them on a phone")
    title = f"{scored.title}: {result} ({target})"
    details = kind_of(model.description.kind).details(title, task, scored.examples, encoded.judge, predicted)
    report |= result.details | details.report
    reports = {evaluation_file(target, name): report}
    for ending, content in details.files.items():
        reports[evaluation_file(target, f"{name}-{ending}")] = content
    scored_model = ScoredModel(target, details.tables, result.figures, report)
    return _Result(model.sequence_length, encoded.judge, outputs, scored_model, reports, notes)


def _compare(first: _Result, other: _Result) -> ScoredModel:
    """A model with how often its answers are others than those of the first."""
    # Rows of another length cut a text in other places.
    if other is first or first.length != other.length:
        return other.scored
    differing = float(np.mean(first.judge.differ(first.outputs, other.outputs)))
    return replace(other.scored, differing=differing)


def _plan(ready: Ready) -> Page:
    """What `--dry-run` says."""
    submission, split = ready.invocation.submission, ready.recipe.evaluate.split
    if submission:
        targets = [model.path for model in ready.models]
        notes = [f"Would answer the test sets with {target} in {submission}" for target in targets]
        return Page(record={"would_answer": targets, "folder": submission}, notes=notes)
    reports = {model.path: evaluation_file(model.path, _planned_name(ready, model)) for model in ready.models}
    notes = [f"Would score {target} on {split} and write {report}" for target, report in reports.items()]
    would = [{"target": target, "split": split, "report": report} for target, report in reports.items()]
    return Page(record={"would_score": would}, notes=notes)


def _planned_name(ready: Ready, model: TaskModel) -> str:
    """The name of a report; where the task was not read, as if its set were the one that the model was chosen by."""
    split = ready.recipe.evaluate.split
    if ready.task is None:
        return f"{split}{settings_suffix(other_settings(model, ready.options))}"
    scored = _set_of(ready.task, ready.options, ready.recipe)
    return report_name(model, scored.options, split, ready.task.name, scored.whole, scored.part)


def _write(reports: Mapping[Path, Any]) -> None:
    for path, content in reports.items():
        path.parent.mkdir(exist_ok=True)
        replace_object(path, content)
        console.info(f"Written to {path}")
