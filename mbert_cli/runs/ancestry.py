"""Where a run comes from: the runs before it, its teacher, and how a person is told."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from mbert_cli.errors import UserError
from mbert_cli.runs.content import read_contents
from mbert_cli.runs.listing import FINAL, INPUTS_FILE, is_run, recorded_recipe
from mbert_cli.runs.manifest import read_manifest


def task_of(recipe: Mapping[str, Any]) -> str:
    """What the task of a recorded recipe is called: its name, or that of its file."""
    task = recipe.get("task") or {}
    return str(task.get("name") or Path(str(task.get("train") or task.get("source", "a task"))).name)


def weights_from(run: Path) -> Path | None:
    """The run whose weights a run began with; None where it began with fresh ones."""
    recipe = recorded_recipe(run)
    key = "initialize_from" if recipe.get("initialize_from") else "source"
    return named_run(run, key) if recipe.get("pretrained", True) else None


def started_from(run: Path) -> Path:
    """The run that a fine-tuning or task distillation started from; the teacher's where it drew a student.

    Raises:
        ValueError: Its recipe names no other run.
    """
    for key in ("initialize_from", "source", "teacher"):
        if (found := named_run(run, key)) is not None:
            return found
    raise ValueError(f"{run} names no run that it started from")


def taught_by(run: Path) -> Path | None:
    """The run that taught; None where none did."""
    return named_run(run, "teacher")


def named_run(run: Path, key: str) -> Path | None:
    """Where a run lies that another one names, seen from here; None where it names none.

    A recipe holds a path as it was typed, which may begin at another folder than this one, or at one that both have
    left together. Among the runs of that path here and in the folders that the run lies in, it is the one that still
    holds what was read; else one at the end of that path there, if that is known to hold it.

    Args:
        run: The directory of the run.
        key: The key of its recipe.
    """
    named = recorded_recipe(run).get(key)
    if not named:
        return None
    folders, parts = run.resolve().parents, Path(named).parts
    places = [Path(named), *(folder / named for folder in folders)]
    if key in read_contents(run / INPUTS_FILE):
        places += [folder.joinpath(*parts[first:]) for folder in folders for first in range(1, len(parts))]
    runs = (place for place in places if is_run(place))
    return next((place for place in runs if holds_what_was_read(run, key, place)), Path(named))


def holds_what_was_read(run: Path, key: str, other: Path) -> bool:
    """Whether a run still has the result that another one read; so too where that was not recorded.

    Args:
        run: The one that read it.
        key: The key of its recipe that names the other.
        other: The directory of the other.
    """
    content = read_contents(run / INPUTS_FILE).get(key)
    if content is None:
        return True
    try:
        files = read_manifest(other / FINAL)["files"]
    except UserError:
        return False
    return all(files.get(file.name, {}).get("sha256") == file.sha256 for file in content.files)


def origin_in_words(run: Path, after: tuple[Path, ...] = ()) -> str:
    """`distill-quickstart (progressive, from train-teacher-quickstart)`.

    Args:
        run: Its directory.
        after: Runs that were named before it, which are not followed again.
    """
    recipe = recorded_recipe(run)
    teacher, source = taught_by(run), weights_from(run)
    is_new = source is not None and source not in after
    before = f", from {origin_in_words(source, (*after, run))}" if source and is_new else ""
    if teacher is None:
        return f"{run.name}{before}"
    return f"{run.name} ({recipe['distill']['strategy']}, from {teacher.name}){before}"


def runs_before(run: Path) -> list[Path]:
    """The runs that a run was made from, whether they are still there or not: what it began with, then its teacher."""
    return [path for path in (weights_from(run), taught_by(run)) if path is not None]


def ancestors(run: Path) -> list[Path]:
    """All runs before a run that are still there, the nearest first, each once."""
    found: dict[Path, Path] = {}

    def visit(path: Path) -> Iterator[Path]:
        for before in runs_before(path):
            if is_run(before) and before.resolve() not in found:
                found[before.resolve()] = before
                yield before

    level = [run]
    while level:
        level = [before for path in level for before in visit(path)]
    return list(found.values())


def teacher_of(run: Path) -> Path | None:
    """The teacher of a run, or of the run that it began with; None where there was none."""
    seen: set[Path] = set()
    path: Path | None = run
    while path is not None and path not in seen:
        seen.add(path)
        if (teacher := taught_by(path)) is not None:
            return teacher
        path = weights_from(path)
    return None


def family_of(run: Path) -> tuple[Path | None, str]:
    """The teacher of a run, and in words what it began with; "" where that is not known."""
    source = weights_from(run)
    if source is not None:
        return teacher_of(run), origin_in_words(source)
    is_task_model = bool(recorded_recipe(run).get("task"))
    return teacher_of(run), "fresh weights" if is_task_model else ""
