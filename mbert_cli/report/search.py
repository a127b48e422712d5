"""A search as a table: its settings, the best mean first, and what was chosen."""

from dataclasses import asdict
from pathlib import Path

from mbert_cli.figures import counted, counted_of, show_share
from mbert_cli.page import Page
from mbert_cli.search.grid import SearchPlan
from mbert_cli.search.results import (
    GIVEN_UP,
    SearchReport,
    SettingResult,
    describe_choice,
    rank,
    search_record,
)
from mbert_cli.table import Table

_COLUMNS = ["learning rate", "batch size", "epochs", "seeds", "", "best after steps", "outcome"]


def search_page(search: Path, report: SearchReport) -> Page:
    """The table, the best mean first, and what was chosen.

    Args:
        search: The directory of the search.
        report: What it has found.
    """
    columns = [column or report.score_name for column in _COLUMNS]
    ranked = sorted(report.results, key=lambda result: rank(result.mean), reverse=True)
    rows = [_row(result, report.chosen) for result in ranked]
    table = Table(f"search: {search}", columns, rows, _conclusion(search, report))
    return Page([table], {"search": search, **search_record(report)})


def plan_page(search: Path, plan: SearchPlan, steps: int) -> Page:
    """What a search is about to try.

    Args:
        search: The directory that it will write.
        plan: Its settings and seeds.
        steps: Those of all trials together.
    """
    axes = {
        "learning rate": [f"{setting.learning_rate:g}" for setting in plan.grid],
        "batch size": [f"{setting.batch_size}" for setting in plan.grid],
        "epochs": [f"{setting.epochs}" for setting in plan.grid],
        "seed": [f"{seed}" for seed in plan.seeds],
    }
    title = (
        f"Search: at most {counted(plan.num_trials, 'trial')}, {counted(steps, 'step')}, written to {search}"
    )
    rows = [(name, ", ".join(dict.fromkeys(values))) for name, values in axes.items()]
    record = {
        "search": search,
        "trials": plan.num_trials,
        "steps": steps,
        "settings_of_the_grid": len(plan.grid),
        "settings": [asdict(setting) for setting in plan.settings],
        "seeds": plan.seeds,
        "prune_margin": plan.prune_margin,
    }
    return Page([Table(title, ["", "values"], rows, _plan_notes(plan))], record)


def _plan_notes(plan: SearchPlan) -> list[str]:
    settings = f"{len(plan.settings)}"
    if len(plan.grid) > len(plan.settings):
        settings += f" of {len(plan.grid)}, drawn evenly by seed {plan.drawn_by} (search.max_trials)"
    margin = plan.prune_margin
    pruning = "none" if margin is None else f"a setting whose first seed is behind by more than {margin:g}"
    return [f"settings: {settings}", f"seeds of each: {len(plan.seeds)}", f"given up: {pruning}"]


def _row(result: SettingResult, chosen: SettingResult | None) -> tuple[str, ...]:
    complete = [trial for trial in result.trials if trial.state == "complete"]
    return (
        f"{result.setting.learning_rate:g}",
        f"{result.setting.batch_size}",
        f"{result.setting.epochs}",
        f"{len(complete)} of {len(result.trials)}",
        "" if result.mean is None else show_share(result.mean, result.deviation),
        ", ".join(f"{trial.best_step:,}" for trial in complete),
        "chosen" if result is chosen else _outcome(result),
    )


def _outcome(result: SettingResult) -> str:
    """Why a setting has no mean; empty where it has one."""
    stopped = next((trial for trial in result.trials if trial.state in GIVEN_UP), None)
    if stopped is None:
        return "" if result.state == "complete" else result.state
    at = "" if stopped.score is None else f" at {show_share(stopped.score)}"
    return f"{stopped.state}{at} after {counted(stopped.steps or 0, 'step')}"


def _conclusion(search: Path, report: SearchReport) -> list[str]:
    if report.done < report.total:
        said = counted_of(report.done, report.total, "trial", "is done", "are done")
        return [f"{said}; the same command continues from there."]
    if report.chosen is None:
        return []
    several = len(report.chosen.trials) > 1
    deviation = (
        "Scores are means over the seeds ± their sample standard deviation." if several
        else "With one seed no deviation is known: search.seed takes several."
    )  # fmt: skip
    flattered = " Chance flatters the best of many: expect less on new text." * (
        len([result for result in report.results if result.mean is not None]) > 1
    )
    return [describe_choice(search, report), deviation + flattered]
