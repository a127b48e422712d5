"""A complete run, opened once to be read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mbert_cli.errors import UserError
from mbert_cli.home import hint_of_home
from mbert_cli.runs.lineage import IMPORT
from mbert_cli.runs.listing import (
    EXPORT,
    FINAL,
    RECIPE,
    USUAL_ROOT,
    command_of,
    is_run,
    maker_of,
    recorded_recipe,
    run_around,
    run_kind,
    run_paths,
    state_of,
    steps_of,
)
from mbert_cli.runs.lock import read_owner
from mbert_cli.runs.manifest import verify_directory
from mbert_cli.shell_words import path_word
from mbert_cli.word_lists import joined


@dataclass(frozen=True)
class Run:
    """A complete run whose files were compared with their hashes when it was opened.

    Attributes:
        path: Its directory.
        kind: The command that made it.
        recipe: The recipe that it was begun with, as plain values.
        files: Size and hash of every file of its result, by name, as in the manifest.
    """

    path: Path
    kind: str
    recipe: Mapping[str, Any]
    files: Mapping[str, Mapping[str, Any]]

    @classmethod
    def open(cls, path: Path, kinds: Sequence[str]) -> "Run":
        """Opens the run in a directory.

        Args:
            path: The directory.
            kinds: The kinds of runs that serve.

        Raises:
            UserError: It does not exist, is not complete, is not of one of these kinds, or is damaged.
        """
        path = Path(path)
        if run := run_around(path):
            raise UserError(
                f"A run is named by its directory. Received: {path}, which lies in one",
                f"Name {path_word(run)}.",
            )
        if not is_run(path):
            raise UserError(
                f"{_broken_rule(path)}. Received: {path}", hint_of_home(path) or _choices(path, kinds)
            )
        kind = run_kind(path)
        if kind not in kinds:
            raise UserError(
                f"The run must be of the kind {joined(kinds)}. Received: {path} of the kind {kind}",
                _choices(path, kinds),
            )
        if not (path / FINAL).is_dir():
            raise _incomplete(path, kind)
        files = verify_directory(path / FINAL)
        return cls(path, kind, recorded_recipe(path), files)

    @property
    def final(self) -> Path:
        """The folder of its result."""
        return self.path / FINAL

    @property
    def export(self) -> Path:
        """The folder of its artifacts, which need not exist."""
        return self.path / EXPORT


def _incomplete(path: Path, kind: str) -> UserError:
    state, steps = state_of(path), steps_of(path)
    reached = f" at step {steps}" if steps is not None else ""
    message = f"The run must be complete. Received: {path}, {state}{reached}"
    if state == "running":
        return UserError(message, f"Wait for {read_owner(path) or 'the process that works on it'}.")
    what = _imported(recorded_recipe(path)) if kind == IMPORT else [path_word(path / RECIPE)]
    return UserError(
        message, f"Finish it: mbert {' '.join([command_of(kind), *what])} --run {path_word(path)}"
    )


def _imported(recipe: Mapping[str, Any]) -> list[str]:
    """What was imported, and with which flags: an import names a checkpoint where other commands take a recipe."""
    words = [path_word(recipe.get("source") or "SOURCE")]
    for name, value in recipe.items():
        flag = name.replace("_", "-")
        if isinstance(value, bool) and (value or name == "normalize"):
            words.append(f"--{flag}" if value else f"--no-{flag}")
        elif name in ("length", "pooling"):
            words.append(f"--{flag} {value}")
    return words


def _broken_rule(path: Path) -> str:
    """What a path that is no run fails to be."""
    if path.is_file():
        return "A run is a directory, and this is a file"
    return "A run directory must have a recipe.yaml" if path.exists() else "A run directory must exist"


def _choices(path: Path, kinds: Sequence[str]) -> str:
    """Says which runs would have been accepted, looking beside `path` and in runs/."""
    roots = dict.fromkeys([path.parent, USUAL_ROOT])
    runs = {str(run): run for root in roots for run in run_paths(root)}
    found = [name for name, run in runs.items() if (run / FINAL).is_dir() and run_kind(run) in kinds]
    if found:
        return f"Complete runs of the kind {joined(kinds)}: {', '.join(found)}."
    maker = maker_of([kind for kind in kinds if kind != "import"][-1], path.parent)
    return f"There is no complete run of the kind {joined(kinds)}; make one: {maker}"
