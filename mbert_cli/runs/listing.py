"""What is in runs/: which directories are runs, of which kind, and how far each one came."""

import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import yaml

from mbert_cli.errors import UserError
from mbert_cli.json_text import read_object
from mbert_cli.runs.disk import directory_bytes
from mbert_cli.runs.journal import Journal
from mbert_cli.runs.lock import is_locked
from mbert_cli.runs.manifest import is_partial, read_manifest
from mbert_cli.runs.older_recipes import renewed

RECIPE = "recipe.yaml"
ORIGIN = "origin.json"
INPUTS_FILE = "inputs.json"
JOURNAL = "log.jsonl"
CHECKPOINTS = "checkpoints"
STEP_PREFIX = "step-"
"""Begins the name of a checkpoint; the steps that were done follow."""
FINAL = "final"
EXPORT = "export"
FAILURE = "failed.json"
LONGER = "longer.json"
"""Says which keys have grown, in a finished run that continues for more steps."""
BENCH_FOLDERS = ("bench", "reference")
SUMMARY = "summary.json"
WEIGHTS = "weights.safetensors"
"""The file of a model's arrays, in final/."""
SEARCH = "search.json"
"""The settings of a search, and how far each is."""
TRIALS = "trials"
"""The folder of the runs that a search consists of."""
CORPUS_PARTS = "parts"
"""The folder of what a `prepare` has encoded, until its store is there."""
CANDIDATES = "candidates"
"""The folder of what a run of `mbert augment` has found, until its result is there."""
STOPPED = "stopped.json"
"""Says why a search gave a trial up."""

State = Literal["running", "complete", "failed", "pruned", "interrupted", "empty"]


SMOKE_ROOT = Path("runs", "smoke")
"""Where `--smoke` puts its runs and looks for others."""


@dataclass(frozen=True)
class RunInfo:
    """One run as `mbert runs` shows it."""

    path: Path
    """Its directory."""
    kind: str
    """The verb that made it, or `distill-task`; "unknown" when origin.json is damaged."""
    state: State
    """running: a live process owns it; complete: final/ is there; failed: it stopped on an error;
    pruned: its search gave it up; interrupted: there are checkpoints, trials, parts or candidates; empty: it has not
    come so far."""
    size_bytes: int
    """All of its files."""
    steps: int | None
    """Steps done, where the command counts steps."""
    score: float | None
    """The figure of final/summary.json under "score"."""
    score_name: str | None
    """What that figure is."""
    began: datetime | None
    """When its first session began."""
    last_began: datetime | None
    """When its last session did."""
    finished: datetime | None
    """When final/ was completed."""
    scored_on: tuple[int, str] | None = None
    """How many examples were scored, and their hash."""
    deviation: float | None = None
    """Standard deviation over the seeds, for a search whose score is their mean."""
    trials: tuple[int, int] | None = None
    """Trials of a search that need no more work, and all of them."""


def is_search(path: Path) -> bool:
    """Whether a run is a search, which consists of trials."""
    return (path / SEARCH).is_file()


def is_run(path: Path) -> bool:
    """Whether a directory is a run: it has a recipe."""
    return (path / RECIPE).is_file()


def run_around(path: Path) -> Path | None:
    """The run that something lies in, such as its folder final/; None where it is a run, or lies in none."""
    if not path.exists() or "verb" in read_origin(path):
        return None
    return next((folder for folder in path.parents if is_run(folder) and "verb" in read_origin(folder)), None)


def list_runs(root: Path) -> list[RunInfo]:
    """Returns the runs in `root` and in its folders, one level deep, by path."""
    return [describe_run(path) for path in run_paths(root)]


def runs_in_use(root: Path) -> list[RunInfo]:
    """As `list_runs`, without runs that were moved aside, and those of --smoke unless their folder is the root."""
    paths = [path for path in run_paths(root) if not is_aside(path)]
    return [describe_run(path) for path in paths if SMOKE_ROOT not in path.parents or root == SMOKE_ROOT]


def run_paths(root: Path) -> list[Path]:
    """The directories that `list_runs` describes."""
    runs: list[Path] = []
    for folder in _folders(root):
        runs += [folder] if is_run(folder) else [inner for inner in _folders(folder) if is_run(inner)]
    return runs


def unknown_folders(root: Path) -> list[Path]:
    """Returns the folders of `root` that neither are a run, hold one, nor belong to `mbert bench`."""
    return [
        folder for folder in _folders(root)
        if folder.name not in BENCH_FOLDERS
        and not is_run(folder) and not any(is_run(inner) for inner in _folders(folder))
    ]  # fmt: skip


def newest_complete(
    root: Path, kinds: Sequence[str], serves: Callable[[Path], bool] = lambda path: True
) -> Path | None:
    """Returns the run in `root` of one of these kinds that was completed last, or None.

    Runs that `--fresh` moved aside do not count, nor do those in folders of `root`, such as runs/smoke/. Two small
    files of each run are read, origin.json and the manifest of its result, however much else lies there.

    Args:
        root: The folder of the runs.
        kinds: The kinds.
        serves: Whether a complete run can serve; the newest is asked first, and none after one that can.
    """
    runs = [
        path for path in _folders(root) if is_run(path) and not is_aside(path) and run_kind(path) in kinds
    ]
    finished = [(moment, path) for path in runs if (moment := finished_at(path))]
    return next((path for _, path in sorted(finished, reverse=True) if serves(path)), None)


def is_aside(path: Path) -> bool:
    """Whether `--fresh` moved this directory aside."""
    return re.search(r"\.old-\d+$", path.name) is not None


def describe_run(path: Path) -> RunInfo:
    """Returns what is known of one run."""
    sessions = read_origin(path).get("sessions") or [{}]
    summary = read_object(path / FINAL / SUMMARY)
    return RunInfo(
        path=path,
        kind=run_kind(path),
        state=state_of(path),
        size_bytes=directory_bytes(path),
        steps=steps_of(path),
        score=summary.get("score"),
        score_name=summary.get("score_name"),
        began=_time(sessions[0].get("started")),
        last_began=_time(sessions[-1].get("started")),
        finished=finished_at(path),
        scored_on=(summary["examples"], summary["set"]) if "set" in summary else None,
        deviation=summary.get("deviation"),
        trials=_trials(path),
    )


def read_origin(path: Path) -> dict[str, Any]:
    """Returns origin.json of a run: `verb` and the list `sessions`; empty when it cannot be read."""
    return read_object(path / ORIGIN)


def run_kind(path: Path) -> str:
    """Returns the kind of a run, as in `RunInfo`."""
    return str(read_origin(path).get("verb", "unknown"))


def recorded_recipe(path: Path) -> dict[str, Any]:
    """Returns the recipe that a run was begun with, in the keys of today, or an empty dict where there is no run.

    The result has a copy, which is read where the file itself is damaged.

    Raises:
        UserError: Neither can be read, or a section or the name of a run is something else.
    """
    if not is_run(path):
        return {}
    file = path / RECIPE
    found = (_mapping_in(each) for each in (file, path / FINAL / RECIPE))
    recipe = next((recipe for recipe in found if recipe is not None), None)
    if recipe is None:
        raise _unreadable("A run's recipe must be a YAML mapping", f"{file}, which cannot be read")
    for key, kind in _KINDS.items():
        if not isinstance(value := recipe.get(key), kind | None):
            what = "a section" if kind is dict else "the name of a run"
            raise _unreadable(f"In a run's recipe, {key} must be {what} or null", f"{value!r:.60} in {file}")
    return renewed(recipe)


def _mapping_in(file: Path) -> dict[str, Any] | None:
    """The mapping that a YAML file holds; None where it holds nothing of the kind."""
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError, yaml.YAMLError):
        return None
    return content if isinstance(content, dict) else None


_KINDS: dict[str, type] = {
    **dict.fromkeys(("corpus", "data", "distill", "model", "task", "train"), dict),
    **dict.fromkeys(("initialize_from", "source", "teacher"), str),
}
"""What the keys of a recipe are that are read from runs of any version."""


def _unreadable(rule: str, received: str) -> UserError:
    return UserError(
        f"{rule}. Received: {received}", "Restore the file, or use another directory with `--run DIR`."
    )


def checkpoint_steps(path: Path) -> list[int]:
    """Returns the steps of a run's checkpoints, ascending."""
    return list(numbered_folders(path / CHECKPOINTS, STEP_PREFIX))


def numbered_folders(directory: Path, prefix: str) -> dict[int, Path]:
    """The folders whose name is a prefix and a number, by this number, ascending."""
    begun = [folder for folder in _folders(directory) if folder.name.startswith(prefix)]
    numbers = {folder.name.removeprefix(prefix): folder for folder in begun}
    return dict(sorted((int(number), folder) for number, folder in numbers.items() if number.isdecimal()))


def _folders(root: Path) -> list[Path]:
    try:
        with os.scandir(root) as entries:
            paths = [root / entry.name for entry in entries if entry.is_dir() and entry.name[0] != "."]
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return []
    return sorted(path for path in paths if not is_partial(path))


def state_of(path: Path) -> State:
    """How far a run came, in the words of `RunInfo`."""
    if (path / FINAL).is_dir() and not (path / LONGER).exists():
        return "complete"
    if is_locked(path):
        return "running"
    if (path / FAILURE).exists():
        return "failed"
    if (path / STOPPED).exists():
        return "pruned"
    has_begun = checkpoint_steps(path) or is_search(path) or _has_found(path)
    return "interrupted" if has_begun else "empty"


def _has_found(path: Path) -> bool:
    # The first thing that an augmentation makes, word vectors, lies among the caches.
    return (path / CANDIDATES).is_dir() or any((path / CORPUS_PARTS).glob("*"))


def _trials(path: Path) -> tuple[int, int] | None:
    counts = read_object(path / SEARCH).get("trials")
    return (counts["done"], counts["total"]) if counts else None


def finished_at(path: Path) -> datetime | None:
    """When the result of a run was completed; None where there is none, or its manifest cannot be read."""
    try:
        return _time(read_manifest(path / FINAL)["completed"])
    except UserError:
        return None


def steps_of(path: Path) -> int | None:
    """Steps that a run has done, where its command counts steps."""
    summary = read_object(path / FINAL / SUMMARY)
    record = Journal(path / JOURNAL).last() or {}
    steps = summary.get("steps")
    if isinstance(steps, int) and not (path / LONGER).exists():
        return steps
    counts = [*checkpoint_steps(path)[-1:], record.get("step")]
    return max((count for count in counts if isinstance(count, int)), default=None)


def _time(text: str | None) -> datetime | None:
    try:
        return datetime.fromisoformat(text) if text else None
    except ValueError:
        return None


MAKERS = {"distill-task": "distill --strategy task"}
"""What is typed for kinds of runs that do not bear the name of a verb."""


def command_of(kind: str) -> str:
    """Returns the verb that writes a kind of runs."""
    return MAKERS.get(kind, kind).partition(" ")[0]


def maker_of(kind: str, root: Path) -> str:
    """Returns the command that makes such a run where others are looked for, with `--smoke` in its folder."""
    return f"mbert {MAKERS.get(kind, kind)}{' --smoke' if Path(root) == SMOKE_ROOT else ''}"


USUAL_ROOT = Path("runs")


def require_root(root: Path) -> None:
    """Checks that a folder that was named is there; the usual one may be missing.

    Raises:
        UserError: It is not a folder.
    """
    if not root.is_dir() and (root.exists() or root != USUAL_ROOT):
        raise UserError(
            f"`mbert runs` looks into a folder. Received: {root}, which is none",
            f"Name an existing folder, or leave it out to look in {USUAL_ROOT}/.",
        )
