"""`mbert runs`: a row for each run."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mbert_cli.figures import show_moment, show_score
from mbert_cli.page import Page
from mbert_cli.report.score_fields import score_fields
from mbert_cli.runs.disk import format_bytes
from mbert_cli.runs.listing import RunInfo, maker_of
from mbert_cli.table import Table
from mbert_cli.weights.description import SetDescription

_COLUMNS = ["name", "kind", "state", "steps", "size", "score", "of examples (set)", "when"]
_SET = _COLUMNS.index("of examples (set)")


def runs_page(root: Path, runs: Sequence[RunInfo], others: Sequence[Path]) -> Page:
    """All runs of a folder.

    Args:
        root: The folder.
        runs: Its runs.
        others: Folders in it that are not runs.
    """
    rows = [_row(root, info) for info in runs]
    shown = [place for place in range(len(_COLUMNS)) if place != _SET or any(row[_SET] for row in rows)]
    columns = [_COLUMNS[place] for place in shown]
    table = Table(f"{root}", columns, [[row[place] for place in shown] for row in rows])
    nothing = f"There are no runs in {root}. `{maker_of('train-teacher', root)}` makes the first."
    unknown = [f"Not runs: {', '.join(map(str, others))}"] if others else []
    record = {
        "folder": root,
        "runs": [run_record(root, info) for info in runs],
        "folders_that_are_no_runs": list(others),
    }
    return Page([table] if runs else [], record, [*([] if runs else [nothing]), *unknown])


def run_record(root: Path, info: RunInfo) -> dict[str, Any]:
    """What is known of one run, as JSON has it."""
    return {
        "name": info.path.relative_to(root).as_posix(),
        "path": info.path,
        "kind": info.kind,
        "state": info.state,
        "steps": info.steps,
        "trials": info.trials and dict(zip(("done", "total"), info.trials, strict=True)),
        "size_bytes": info.size_bytes,
        "score": score_fields(info.score_name, info.score, info.deviation, scored_set(info)),
        "began": info.began,
        "last_session_began": info.last_began,
        "finished": info.finished,
    }


def scored_set(info: RunInfo) -> SetDescription | None:
    """The examples that the score of a run is of, where that was recorded."""
    if info.scored_on is None:
        return None
    examples, digest = info.scored_on
    return SetDescription(digest=digest, examples=examples)


def _row(root: Path, info: RunInfo) -> list[str]:
    scored = scored_set(info)
    return [
        info.path.relative_to(root).as_posix(),
        info.kind,
        info.state,
        _extent(info),
        format_bytes(info.size_bytes),
        show_score(info.score_name, info.score, info.deviation),
        f"{scored.examples:,} ({scored.short})" if scored else "",
        show_moment(info.finished or info.last_began),
    ]


def _extent(info: RunInfo) -> str:
    """Steps of a run, trials of a search."""
    if info.trials:
        return "{} of {} trials".format(*info.trials)
    return "" if info.steps is None else f"{info.steps:,}"
