"""`mbert runs`: what is in runs/."""

from datetime import datetime
from pathlib import Path

from mbert_cli import console
from mbert_cli.train.disk import format_bytes
from mbert_cli.train.run_list import RunInfo, list_runs, unknown_folders

_COLUMNS = ["name", "kind", "state", "steps", "size", "score", "when"]


def run(root: Path) -> None:
    """Shows every run with its kind, state, steps, size and score.

    Args:
        root: The folder of the runs; folders inside it that group runs are looked into.
    """
    runs = list_runs(root)
    if runs:
        console.table(f"{root}", _COLUMNS, [_row(root, info) for info in runs])
    else:
        console.result(f"There are no runs in {root}. `mbert train-teacher` makes the first.")
    unknown = unknown_folders(root)
    if unknown:
        console.result(f"Not runs: {', '.join(str(folder) for folder in unknown)}")


def _row(root: Path, info: RunInfo) -> list[str]:
    return [
        info.path.relative_to(root).as_posix(),
        info.verb,
        info.state,
        "" if info.steps is None else f"{info.steps:,}",
        format_bytes(info.size_bytes),
        "" if info.score is None else f"{info.score_name} {info.score:.4f}",
        _local(info.finished or info.started),
    ]


def _local(moment: datetime | None) -> str:
    return "" if moment is None else f"{moment.astimezone():%Y-%m-%d %H:%M}"
