"""The pre-flight of each verb: whether a recipe can be run now, without running anything of it."""

import os
import shlex
from collections.abc import Callable
from pathlib import Path

from mbert_cli import console
from mbert_cli.backend import BACKENDS, VARIABLE, require_backend
from mbert_cli.corpus.corpus import require_corpus
from mbert_cli.corpus.options import PretrainingOptions
from mbert_cli.distill.layer_map import map_places
from mbert_cli.distill.options import DistillOptions
from mbert_cli.distill.strategies import STRATEGIES
from mbert_cli.errors import UserError
from mbert_cli.model.options import Architecture
from mbert_cli.model.sequence_length import require_length
from mbert_cli.preflight.findings import Check, Report
from mbert_cli.preflight.inputs import find_model, find_run, origin_of, with_learning_rate, with_store_of
from mbert_cli.preflight.machine import (
    look_at_disk,
    look_at_extras,
    look_at_finetuning,
    look_at_pretraining,
)
from mbert_cli.preflight.task import look_at_task
from mbert_cli.preflight.vocabulary import require_same_vocabulary
from mbert_cli.recipe.invocation import TRAINING_VERBS, Invocation
from mbert_cli.runs.disk import format_bytes
from mbert_cli.runs.lineage import TASK_MODELS, TEACHERS
from mbert_cli.runs.listing import is_run, maker_of, newest_complete
from mbert_cli.section import Section
from mbert_cli.sessions.prolonging import require_same_run
from mbert_cli.tasks.kinds import kind_of
from mbert_cli.text.vocabulary import Vocabulary, load_vocabulary
from mbert_cli.train.options import TrainOptions
from mbert_cli.weights.description import ModelDescription
from mbert_cli.weights.saved_model import SavedModel

_OF_THE_MACHINE = ("memory", "disk")
"""What a dry run says beside its plan, and does not stop at: the run may be meant for another machine."""
UNKNOWN_CORPUS_BYTES = 64_000_000
"""Bytes assumed for a corpus that is not a file: about the documentation of the installed packages."""


def run_checks(invocation: Invocation, is_thorough: bool = True) -> list[Check]:
    """Looks at all that a verb needs; the recipe itself is valid, or it would not have been loaded.

    Args:
        invocation: The command.
        is_thorough: Whether files of tasks are read however large they are.
    """
    report = Report(is_thorough)
    report.passed("recipe", f"{invocation.verb}/{invocation.loaded.name} is valid")
    report.look("backend", lambda: (os.environ.get(VARIABLE) or BACKENDS[0], require_backend()))
    _CHECKS[invocation.verb](invocation, report)
    return report.checks


def require_ready(invocation: Invocation) -> None:
    """Checks what a verb needs in a fraction of the time that loading its libraries takes.

    Raises:
        UserError: Something would stop it.
    """
    if invocation.verb not in TRAINING_VERBS:
        return  # their target may be an artifact, which needs the libraries to be looked at
    with console.silence():
        checks = run_checks(invocation, is_thorough=False)
    for check in checks:
        only_said = invocation.dry_run and check.name in _OF_THE_MACHINE
        if not check.passed and not only_said:
            raise UserError(check.finding, check.hint)
        if check.state != "ok":
            console.warning(check.finding)
        elif only_said:
            console.info(f"{check.name}: {check.finding}")


def _prepare(invocation: Invocation, report: Report) -> None:
    recipe = invocation.loaded.recipe

    def corpus() -> tuple[str, int]:
        size_bytes = require_corpus(recipe.corpus)
        words = recipe.corpus.source if size_bytes is None else f"files of {format_bytes(size_bytes)}"
        return words, UNKNOWN_CORPUS_BYTES if size_bytes is None else size_bytes

    def vocabulary() -> tuple[str, None]:
        options = recipe.vocabulary
        if options.file is None:
            return f"{options.size:,} tokens, trained on the corpus", None
        return f"{options.file}: {load_vocabulary(options.file, options.lowercase).size:,} tokens", None

    size_bytes = report.look("corpus", corpus)
    report.look("vocabulary", vocabulary)
    _run(invocation, report, recipe)
    if size_bytes is not None:
        # Two bytes a token of four or more letters, and the scratch files of the workers beside it.
        look_at_disk(report, invocation.run, size_bytes)


def _train_teacher(invocation: Invocation, report: Report) -> None:
    recipe = invocation.loaded.recipe
    size = recipe.model.resolve()
    vocabulary = _store(invocation, report, recipe.data)
    _run(invocation, report, recipe)
    _length(report, "sequence length", recipe.data.sequence_length, size)
    look_at_pretraining(report, invocation.run, recipe, size, vocabulary)


def _distill(invocation: Invocation, report: Report) -> None:
    recipe = invocation.loaded.recipe
    size = recipe.model.resolve()
    found = _model(invocation, report, recipe.teacher, "teacher", TEACHERS)
    report.look("stages", lambda: _stages(recipe.distill, size, recipe.train))
    data = with_store_of(recipe.data, found.run) if found else recipe.data
    vocabulary = _store(invocation, report, data)
    _run(invocation, report, recipe)
    _length(report, "sequence length, student", recipe.data.sequence_length, size)
    if found:
        teacher = found.description
        _length(report, "sequence length, teacher", recipe.data.sequence_length, teacher.size)
        report.look("layers", lambda: _layers(teacher.size, size, recipe.distill))
        if vocabulary:
            report.look("vocabularies", lambda: _vocabularies(vocabulary, teacher, found.path))
    look_at_pretraining(
        report, invocation.run, recipe, size, vocabulary, found.description.size if found else None
    )


def _finetune(invocation: Invocation, report: Report) -> None:
    recipe = invocation.loaded.recipe
    key, named, verbs = origin_of(recipe)
    found = _model(invocation, report, named, key, verbs)
    task = look_at_task(report, recipe.task, recipe.loss)
    _run(invocation, report, recipe)
    if found:
        source = found.description
        _length(report, "sequence length", recipe.task.sequence_length, source.size)
        look_at_finetuning(report, invocation.run, with_learning_rate(recipe, source.size), source, task)
    look_at_extras(report, recipe.train)


def _evaluate(invocation: Invocation, report: Report) -> None:
    model, task = _task_model(invocation, report), invocation.loaded.recipe.task
    task = task or (model.task if model else None)
    if task:
        look_at_task(report, task)


def _predict(invocation: Invocation, report: Report) -> None:
    _task_model(invocation, report)


def _export(invocation: Invocation, report: Report) -> None:
    model = _task_model(invocation, report)
    if model and model.task:
        length = invocation.loaded.recipe.export.sequence_length or model.task.sequence_length
        _length(report, "sequence length", length, model.size)
        look_at_task(report, model.task)


_CHECKS: dict[str, Callable[[Invocation, Report], None]] = {
    "prepare": _prepare,
    "train-teacher": _train_teacher,
    "distill": _distill,
    "finetune": _finetune,
    "eval": _evaluate,
    "predict": _predict,
    "export-tflite": _export,
    "bench": _predict,
}


def _run(invocation: Invocation, report: Report, recipe: Section) -> None:
    """Looks whether the run that is in the directory already is this recipe's, and began with these inputs."""
    path = invocation.run
    if path is None or invocation.fresh or not is_run(path):
        return

    def check() -> tuple[str, None]:
        require_same_run(path, invocation.verb, recipe)
        return f"{path} goes on, with the inputs that it began with", None

    report.look("run", check)


def _store(invocation: Invocation, report: Report, options: PretrainingOptions) -> Vocabulary | None:
    """The vocabulary of the token store, or None when that is missing or will be made first."""
    nothing_there = newest_complete(invocation.root, ("prepare",)) is None
    if options.run is None and options.prepare and nothing_there:
        quoted = shlex.quote(options.prepare)
        report.passed(
            "token store", f"none yet; `{maker_of(f'prepare {quoted}', invocation.root)}` runs first"
        )
        return None

    def check() -> tuple[str, Vocabulary]:
        from mbert_cli.corpus.store import TokenStore

        run = find_run(invocation, options.run, "data.run", ("prepare",))
        vocabulary = TokenStore(run.final).vocabulary
        return f"{run.path}: {vocabulary.size:,} tokens of vocabulary", vocabulary

    return report.look("token store", check)


def _model(
    invocation: Invocation, report: Report, named: str | None, key: str, verbs: tuple[str, ...]
) -> SavedModel | None:
    def check() -> tuple[str, SavedModel]:
        model = find_model(invocation, named, key, verbs)
        return f"{model.path}: {model.description.size.num_layers} layers", model

    return report.look(key, check)


def _task_model(invocation: Invocation, report: Report) -> ModelDescription | None:
    def check() -> tuple[str, ModelDescription]:
        path = invocation.run or newest_complete(invocation.root, ("finetune",))
        if path is None:
            raise UserError(
                f"`mbert {invocation.verb}` needs a complete finetune run. Received: none in {invocation.root}",
                f"Make one with `{maker_of('finetune', invocation.root)}`.",
            )
        description = SavedModel.open(path, TASK_MODELS).description
        what = "labels" if kind_of(description.kind).has_labels else "outputs"
        return f"{path}: {what} {', '.join(description.output_names or ())}", description

    return report.look("task model", check)


def _stages(options: DistillOptions, size: Architecture, train: TrainOptions) -> tuple[str, None]:
    plan = STRATEGIES[options.strategy](options, range(size.num_layers + 1), train.optimizer)
    return f"{options.strategy}: {len(plan)} of {sum(stage.steps for stage in plan):,} steps", None


def _layers(teacher: Architecture, student: Architecture, options: DistillOptions) -> tuple[str, None]:
    layers = [place - 1 for place in map_places(teacher, student, options)[1:]]
    return f"the student's {len(layers)} learn from {', '.join(map(str, layers))} of the teacher", None


def _vocabularies(vocabulary: Vocabulary, description: ModelDescription, path: Path) -> tuple[str, None]:
    require_same_vocabulary(vocabulary, description, path)
    return "equal in token store and teacher", None


def _length(report: Report, name: str, sequence_length: int, size: Architecture) -> None:
    def check() -> tuple[str, None]:
        require_length(sequence_length, size)
        return f"{sequence_length} of {size.max_length} positions", None

    report.look(name, check)
