"""What a person chooses among: models and artifacts, each with everything that is known of it."""

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mbert_cli.errors import UserError
from mbert_cli.json_text import read_object
from mbert_cli.model.cost import count_flops, count_parameters, count_task_parameters
from mbert_cli.report.exported_artifact import ExportedArtifact, read_artifact
from mbert_cli.report.recorded_scores import SetPlace, SetScore, over_seeds, scores_of_artifact, scores_of_run
from mbert_cli.report.seeds import common_name, runs_by_seed
from mbert_cli.runs.ancestry import task_of
from mbert_cli.runs.artifacts import ARTIFACT, ARTIFACT_FILE, REPORT_FILE, exported, target_name
from mbert_cli.runs.listing import (
    EXPORT,
    FINAL,
    SUMMARY,
    USUAL_ROOT,
    WEIGHTS,
    is_run,
    recorded_recipe,
    run_kind,
)
from mbert_cli.tasks.kinds import head_of
from mbert_cli.tflite.latency_reports import Latency, newest_latencies
from mbert_cli.weights.description import DESCRIPTION_FILE, ModelDescription
from mbert_cli.weights.store import load_weights

PRETRAINING = "pre-training"
"""What stands in the place of a task for a run that has none."""


@dataclass(frozen=True)
class Choice:
    """A model, which is a run or several that differ in their seed, or an artifact.

    Attributes:
        name: What it is called in tables.
        model: Name of the model that it is, or is an artifact of.
        path: The first run, or the .tflite file.
        runs: The runs of a model; for an artifact the run that it is of, where that is known.
        mode: How an artifact is quantized; "" for a model.
        kind: The verb that made the model; "" where that is not known.
        task: Name of the task.
        parameters: All of the model: encoder, word table and head.
        word_table: Those of the word table.
        tokens: Length of a text in tokens; for a run the longest that it reads.
        flops: Operations of the encoder for one text of that length.
        size_bytes: Of the artifact, or of a model's weights as they are saved.
        scores: A score for each set that it was scored on.
        latency: The newest times of an artifact.
        is_outdated: Whether an artifact's run has another result since.
    """

    name: str
    model: str
    path: Path
    runs: tuple[Path, ...]
    mode: str
    kind: str
    task: str
    parameters: int | None
    word_table: int | None
    tokens: int | None
    flops: int | None
    size_bytes: int
    scores: Sequence[SetScore]
    latency: Latency | None = None
    is_outdated: bool = False

    @property
    def is_artifact(self) -> bool:
        """Whether it is a file for a phone, and no run."""
        return self.path.suffix == ARTIFACT

    def score_at(self, place: SetPlace) -> SetScore | None:
        """Its score on one set."""
        return next((score for score in self.scores if score.place == place), None)


def read_choices(runs: Sequence[Path], artifacts: Sequence[Path]) -> list[Choice]:
    """Models with their artifacts behind them, then artifacts that were named alone.

    Args:
        runs: Complete runs with weights.
        artifacts: .tflite files.

    Raises:
        UserError: What lies in a run cannot be read.
    """
    groups = runs_by_seed(runs)
    latencies = _latencies([*runs, *artifacts])
    found: list[Choice] = []
    for group in groups:
        name = common_name([_name_among(run, runs) for run in group])
        found.append(_read_model(name, group))
        found += [
            _read_exported(name, _name_among(run, runs), run, path, latencies)
            for run in group
            for path in exported(run)
        ]
    known = {choice.path.resolve() for choice in found}
    found += [_read_alone(path, latencies) for path in artifacts if path.resolve() not in known]
    return found


def _name_among(run: Path, runs: Sequence[Path]) -> str:
    """The name of a run's directory, or its whole path where another one is called the same."""
    name = target_name(run)
    return name if [target_name(other) for other in runs].count(name) == 1 else str(run)


def _latencies(places: Sequence[Path]) -> dict[Path, Latency]:
    """The newest times of all artifacts, from the reports beside the runs and in the usual folder."""
    roots = {(_run_of(place) or place).resolve().parent for place in places}
    return newest_latencies(*sorted(roots | {USUAL_ROOT.resolve()}))


def _read_model(name: str, runs: Sequence[Path]) -> Choice:
    run = runs[0]
    recipe, description = recorded_recipe(run), ModelDescription.load(run / FINAL)
    task = _task_name(recipe, description)
    data = recipe.get("data") or {}
    tokens = description.task.sequence_length if description.task else data.get("sequence_length")
    recorded = read_object(run / FINAL / SUMMARY).get("parameters")
    counted = recorded if isinstance(recorded, int) else _count_parameters(description)
    parameters = counted if counted is not None else _count_saved(run)
    return Choice(
        name=name, model=name, path=run, runs=tuple(runs), mode="", kind=run_kind(run), task=task,
        parameters=parameters, word_table=_count_word_table(description), tokens=tokens,
        flops=_count_flops(description, tokens), size_bytes=(run / FINAL / WEIGHTS).stat().st_size,
        scores=over_seeds([scores_of_run(one, task) for one in runs]),
    )  # fmt: skip


def _read_exported(
    model: str, run_name: str, run: Path, path: Path, latencies: Mapping[Path, Latency]
) -> Choice:
    """An artifact of a run; the score that it was verified with stays out where `eval` knows that of the run's set."""
    artifact = read_artifact(run, path, latencies.get(path.resolve()))
    choice = _read_file(f"{run_name} {path.parent.name}", model, run, artifact)
    own = next(iter(scores_of_run(run, choice.task)), None)
    shared = own and choice.score_at(own.place)
    if shared is None:
        return choice
    return replace(
        choice,
        scores=[
            score
            for score in choice.scores
            if score == shared or score.settings or score.scored != artifact.scored
        ],
    )


def _read_alone(path: Path, latencies: Mapping[Path, Latency]) -> Choice:
    """An artifact that was named itself: of a run, or copied from one."""
    run = _run_of(path)
    if run is not None:
        return _read_exported(target_name(run), target_name(run), run, path, latencies)
    artifact = read_artifact(path.parent, path, latencies.get(path.resolve()))
    name = str(path) if path.name == ARTIFACT_FILE else path.stem
    return _read_file(name, name, None, artifact)


def _read_file(name: str, model: str, run: Path | None, artifact: ExportedArtifact) -> Choice:
    """An artifact with what `model.json` inside or beside it says; without one only size and times are known."""
    folder, description = artifact.path.parent, _description_of(artifact.path, run)
    task = _task_name(recorded_recipe(run) if run else {}, description)
    mode = str(read_object(folder / REPORT_FILE).get("mode") or (folder.name if run else ""))
    return Choice(
        name=name, model=model, path=artifact.path, runs=(run,) if run else (), mode=mode,
        kind=description.verb if description else "", task=task,
        parameters=_count_parameters(description), word_table=_count_word_table(description), tokens=artifact.tokens,
        flops=_count_flops(description, artifact.tokens), size_bytes=artifact.size_bytes,
        scores=scores_of_artifact(artifact, run, task), latency=artifact.latency, is_outdated=artifact.is_outdated,
    )  # fmt: skip


def _description_of(path: Path, run: Path | None) -> ModelDescription | None:
    """What an artifact is; one that lies alone says it itself, as other files may be there with others."""
    if run is None:
        from mbert_cli.tasks.packed_model import read_artifact_files  # loads LiteRT's schema

        with contextlib.suppress(UserError):
            return read_artifact_files(path)[0]
    return ModelDescription.load(path.parent) if path.with_name(DESCRIPTION_FILE).is_file() else None


def _run_of(path: Path) -> Path | None:
    """The run that exported an artifact to `RUN/export/MODE/`; a run itself is none of these."""
    folders = path.absolute().parents
    is_exported = path.suffix == ARTIFACT and len(folders) > 2 and folders[1].name == EXPORT
    if not is_exported or not is_run(folders[2]):
        return None
    return path.parents[2] if len(path.parents) > 2 else folders[2]


def _task_name(recipe: Mapping[str, object], description: ModelDescription | None) -> str:
    if recipe.get("task"):
        return task_of(recipe)
    if description is None or description.task is None:
        return PRETRAINING if description else "unknown task"
    return task_of({"task": description.task.model_dump(mode="json")})


def _count_parameters(description: ModelDescription | None) -> int | None:
    """Those of a task model; None of one without a task, whose heads the description does not tell."""
    if description is None or description.task is None:
        return None
    encoder = count_parameters(description.size, description.vocabulary.size)
    head, outputs = head_of(description), len(description.output_names or ())
    return encoder + count_task_parameters(description.size, head, outputs)


def _count_saved(run: Path) -> int:
    """Those of a run without a task that recorded none, as an import: all numbers that it saved."""
    return sum(array.size for array in load_weights(run / FINAL / WEIGHTS).values())


def _count_word_table(description: ModelDescription | None) -> int | None:
    return None if description is None else description.vocabulary.size * description.size.embedding_dim


def _count_flops(description: ModelDescription | None, tokens: int | None) -> int | None:
    return count_flops(description.size, tokens) if description is not None and tokens else None
