"""`mbert runs`: what is in runs/."""

from datetime import datetime
from pathlib import Path

from mbert_cli import console
from mbert_cli.figures import show_share
from mbert_cli.report.run_page import show_run
from mbert_cli.report.search import show_report
from mbert_cli.runs.disk import format_bytes
from mbert_cli.runs.listing import (
    RunInfo,
    is_run,
    is_search,
    list_runs,
    maker_of,
    require_root,
    unknown_folders,
)
from mbert_cli.search.results import read_report

_COLUMNS = ["name", "kind", "state", "steps", "size", "score", "of examples (set)", "when"]
_SET = _COLUMNS.index("of examples (set)")


def run(root: Path) -> None:
    """Shows every run with its kind, state, steps, size and score.

    Args:
        root: The folder of the runs; folders inside it that group runs are looked into. Of a run, everything
            about it is shown, of a search its table too.
    """
    require_root(root)
    if is_run(root):
        show_run(root)
        if is_search(root):
            show_report(root, read_report(root))
        return
    runs = list_runs(root)
    if runs:
        rows = [_row(root, info) for info in runs]
        shown = [place for place in range(len(_COLUMNS)) if place != _SET or any(row[_SET] for row in rows)]
        console.table(
            f"{root}", [_COLUMNS[place] for place in shown], [[row[place] for place in shown] for row in rows]
        )
    else:
        console.result(f"There are no runs in {root}. `{maker_of('train-teacher', root)}` makes the first.")
    unknown = unknown_folders(root)
    if unknown:
        console.result(f"Not runs: {', '.join(str(folder) for folder in unknown)}")


def _row(root: Path, info: RunInfo) -> list[str]:
    return [
        info.path.relative_to(root).as_posix(),
        info.verb,
        info.state,
        _extent(info),
        format_bytes(info.size_bytes),
        "" if info.score is None else f"{info.score_name} {show_share(info.score, info.deviation)}",
        "{:,} ({})".format(*info.scored_on) if info.scored_on else "",
        _local(info.finished or info.started),
    ]


def _extent(info: RunInfo) -> str:
    """Steps of a run, trials of a search."""
    if info.trials:
        return "{} of {} trials".format(*info.trials)
    return "" if info.steps is None else f"{info.steps:,}"


def _local(moment: datetime | None) -> str:
    return "" if moment is None else f"{moment.astimezone():%Y-%m-%d %H:%M}"
