"""Where a run comes from: the runs before it, its teacher, and how a person is told."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from mbert_cli.runs.listing import is_run, recorded_recipe


def task_of(recipe: Mapping[str, Any]) -> str:
    """What the task of a recorded recipe is called: its name, or that of its file."""
    task = recipe.get("task") or {}
    return str(task.get("name") or Path(str(task.get("train") or task.get("source", "a task"))).name)


def weights_from(recipe: Mapping[str, Any]) -> Path | None:
    """The run whose weights a recorded recipe began with; None where it began with fresh ones."""
    if not recipe.get("pretrained", True):
        return None
    named = recipe.get("initialize_from") or recipe.get("source")
    return Path(named) if named else None


def taught_by(recipe: Mapping[str, Any]) -> Path | None:
    """The run that taught in a recorded recipe; None where none did."""
    return Path(recipe["teacher"]) if recipe.get("teacher") else None


def origin_in_words(run: Path, after: tuple[Path, ...] = ()) -> str:
    """`distill-quickstart (progressive, from train-teacher-quickstart)`.

    Args:
        run: Its directory.
        after: Runs that were named before it, which are not followed again.
    """
    recipe = recorded_recipe(run)
    teacher, source = taught_by(recipe), weights_from(recipe)
    is_new = source is not None and source not in after
    before = f", from {origin_in_words(source, (*after, run))}" if source and is_new else ""
    if teacher is None:
        return f"{run.name}{before}"
    return f"{run.name} ({recipe['distill']['strategy']}, from {teacher.name}){before}"


def runs_before(run: Path) -> list[Path]:
    """The runs that a run was made from, whether they are still there or not: what it began with, then its teacher."""
    recipe = recorded_recipe(run)
    return [path for path in (weights_from(recipe), taught_by(recipe)) if path is not None]


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
        recipe = recorded_recipe(path)
        if taught_by(recipe) is not None:
            return taught_by(recipe)
        path = weights_from(recipe)
    return None


def family_of(run: Path) -> tuple[Path | None, str]:
    """The teacher of a run, and in words what it began with; "" where that is not known."""
    recipe = recorded_recipe(run)
    source = weights_from(recipe)
    if source is not None:
        return teacher_of(run), origin_in_words(source)
    is_task_model = bool(recipe.get("task"))
    return teacher_of(run), "fresh weights" if is_task_model else ""
