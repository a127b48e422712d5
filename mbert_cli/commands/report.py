"""`mbert report`: runs and artifacts side by side, as a page that a person chooses by."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from mbert_cli import __version__, console
from mbert_cli.backend import load_keras, require_backend
from mbert_cli.figures import show_moment
from mbert_cli.home import lend_home
from mbert_cli.native_output import hidden_native_output
from mbert_cli.preflight.report import Ready
from mbert_cli.report.choices import Choice, read_choices
from mbert_cli.report.comparison import NOTHING_DRAWN, comparison_page
from mbert_cli.report.confusion import read_confusions
from mbert_cli.report.sweep import read_sweeps, sweep_table
from mbert_cli.report.terminal import deliver
from mbert_cli.report.training_table import read_trainings
from mbert_cli.runs.ancestry import teacher_of
from mbert_cli.runs.lineage import WITH_WEIGHTS
from mbert_cli.runs.listing import state_of
from mbert_cli.table import Table
from mbert_cli.weights.saved_model import RunModel


def run(ready: Ready) -> None:
    """Gathers what was measured of runs and artifacts, and shows it; nothing is measured anew."""
    choices = read_choices([model.path for model in ready.models], ready.artifacts)
    trainings = read_trainings([choice for choice in choices if not choice.is_artifact])
    confusions = read_confusions(choices)
    drawn, is_html = NOTHING_DRAWN, ready.command.delivery.format == "html"
    if is_html:
        from mbert_cli.report.drawing import draw_report

        drawn = draw_report(choices, trainings, _attention(ready, choices))
    sweeps = read_sweeps(choices)
    tables = [sweep_table(sweep, f"sweep-{number}", draws=is_html) for number, sweep in enumerate(sweeps)]
    page = comparison_page(choices, trainings, confusions, drawn, tables)
    page = replace(page, record={**page.record, "sweeps": sweeps})
    if is_html:  # it is passed on, and read later
        page = replace(
            page, notes=[*page.notes, f"Made by mbert {__version__} on {show_moment(datetime.now(UTC))}."]
        )
    deliver(page, ready.command.delivery)


def _attention(ready: Ready, choices: Sequence[Choice]) -> list[Table]:
    """Attention of each model and its teacher to the text, where one was given: the only figures that are computed."""
    text, second = ready.command.text, ready.command.second_text
    if text is None:
        return []
    require_backend()
    lend_home()
    with hidden_native_output():
        load_keras()
        from mbert_cli.report.attention_maps import TracedModel
        from mbert_cli.report.attention_tables import attention_table
        from mbert_cli.tasks.tracing import trace_model

    traced: dict[Path, TracedModel] = {}

    def trace(run: Path) -> TracedModel:
        if run.resolve() not in traced:
            console.info(f"Reading the text with {run}")
            model = RunModel.open(run, WITH_WEIGHTS)
            traced[run.resolve()] = TracedModel(run.name, trace_model(model, text, second))
        return traced[run.resolve()]

    tables = []
    for number, choice in enumerate(choice for choice in choices if not choice.is_artifact):
        teacher = teacher_of(choice.runs[0])
        beside = trace(teacher) if teacher is not None and state_of(teacher) == "complete" else None
        shown = text if second is None else f"{text} / {second}"
        model = trace(choice.runs[0])
        tables.append(attention_table(model, beside, shown, ready.command.layers, f"attention-{number}"))
    return tables
