"""`mbert runs RUN`: everything about one run."""

from collections.abc import Mapping, Sequence
from typing import Any

from mbert_cli.figures import counted, show_figure, show_megabytes, show_moment, show_score
from mbert_cli.page import Page
from mbert_cli.recipe.yaml_text import written
from mbert_cli.report.run_details import Evaluation, RunDetails
from mbert_cli.report.run_table import run_record, scored_set
from mbert_cli.report.score_fields import score_fields
from mbert_cli.runs.content import Contents
from mbert_cli.runs.disk import format_bytes
from mbert_cli.runs.listing import RECIPE
from mbert_cli.table import Table
from mbert_cli.weights.description import SetDescription

OUTDATED = "of an earlier result"
"""Marks what was made before the run continued for more steps."""

_SHOWN_ABOVE = {"steps", "score", "deviation", "set", "examples"}
"""Figures that stand among the facts."""

_Rows = list[tuple[str, ...]]


def run_page(details: RunDetails) -> Page:
    """Kind, state, recipe, inputs, figures, checkpoints, artifacts and sizes of a run.

    Args:
        details: All that is known of it.
    """
    path = details.info.path
    recipe = f"Recipe, keys that are not the default ({path / RECIPE} has all)"
    changed = [(key, written(value)) for key, value in details.recipe.items()]
    tables = [
        Table(f"{path}", ["", ""], _facts(details), [f"Last command: {details.commands[-1]}"]),
        Table(recipe, ["key", "value"], changed),
    ]
    further = [
        Table("Inputs", ["key", "what", "files", "size"], _inputs(details.contents)),
        Table("Figures", ["figure", "value"], _figures(details.summary)),
        Table("Checkpoints", ["name", "size"], _checkpoints(details.checkpoints)),
        Table("Artifacts", ["artifact", "MB", "score", "on", ""], _artifacts(details.artifacts)),
        Table("Evaluations", ["report", "score", "on", ""], _evaluations(details.evaluations)),
    ]
    return Page([*tables, *(table for table in further if table.rows)], details_record(details))


def details_record(details: RunDetails) -> dict[str, Any]:
    """All that is known of a run, as JSON has it."""
    return {
        **run_record(details.info.path.parent, details.info),
        "explanation": "; ".join(filter(None, (details.explanation, details.growth))) or None,
        "commands": details.commands,
        "recipe": details.recipe,
        "inputs": _input_records(details.contents),
        "figures": {name: value for name, value in details.summary.items() if _is_number(value)},
        "checkpoints": [
            {"name": name, "size_bytes": size_bytes} for name, size_bytes in details.checkpoints.items()
        ],
        "artifacts": [_evaluation_record(one) for one in details.artifacts],
        "evaluations": [_evaluation_record(one) for one in details.evaluations],
    }


def _input_records(contents: Contents) -> list[dict[str, Any]]:
    return [
        {
            "key": key,
            "path": content.path,
            "files": len(content.files),
            "size_bytes": sum(file.bytes for file in content.files),
        }
        for key, content in contents.items()
    ]


def _evaluation_record(one: Evaluation) -> dict[str, Any]:
    score = score_fields(one.metric, one.score, None, one.scored)
    return {
        "name": one.name,
        "path": one.path,
        "size_bytes": one.size_bytes,
        "score": score and score | {"examples": one.examples},
        "of_an_earlier_result": one.is_outdated,
    }


def _facts(details: RunDetails) -> _Rows:
    info = details.info
    facts = {
        "kind": info.kind,
        "state": _state(details),
        "steps": "" if info.steps is None else f"{info.steps:,}",
        "trials": "{} of {}".format(*info.trials) if info.trials else "",
        "score": show_score(info.score_name, info.score, info.deviation),
        "scored on": _scored_on(details.summary.get("examples"), scored_set(info)),
        "sessions": f"{len(details.commands)}",
        "began": show_moment(info.began),
        "finished": show_moment(info.finished),
        "size": format_bytes(info.size_bytes),
    }
    return [(name, value) for name, value in facts.items() if value]


def _state(details: RunDetails) -> str:
    """The state, and what stands behind it."""
    explained = f": {details.explanation}" if details.explanation else ""
    growth = f"; {details.growth}" if details.growth else ""
    return f"{details.info.state}{explained}{growth}"


def _inputs(contents: Contents) -> _Rows:
    return [
        (one["key"], one["path"], f"{one['files']:,}", format_bytes(one["size_bytes"]))
        for one in _input_records(contents)
    ]


def _figures(summary: Mapping[str, Any]) -> _Rows:
    return [
        (name, f"{value:,}" if isinstance(value, int) else show_figure(name, value))
        for name, value in summary.items()
        if _is_number(value) and name not in _SHOWN_ABOVE
    ]


def _is_number(value: object) -> bool:
    return isinstance(value, int | float)


def _checkpoints(checkpoints: Mapping[str, int]) -> _Rows:
    return [(name, format_bytes(size_bytes)) for name, size_bytes in checkpoints.items()]


def _artifacts(artifacts: Sequence[Evaluation]) -> _Rows:
    return [(one.name, show_megabytes(one.size_bytes or 0), *_score_cells(one)) for one in artifacts]


def _evaluations(evaluations: Sequence[Evaluation]) -> _Rows:
    return [(one.name, *_score_cells(one)) for one in evaluations]


def _score_cells(one: Evaluation) -> tuple[str, str, str]:
    """The score, the examples that it is of, and whether it is of an earlier result."""
    return (
        show_score(one.metric, one.score),
        _scored_on(one.examples, one.scored),
        OUTDATED if one.is_outdated else "",
    )


def _scored_on(examples: int | None, scored: SetDescription | None) -> str:
    if scored is not None:
        return str(scored)
    return "" if examples is None else counted(examples, "example")
