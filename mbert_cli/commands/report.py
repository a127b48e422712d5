"""`mbert report`: runs and artifacts side by side, as a page that a person chooses by."""

from mbert_cli.preflight.report import Ready
from mbert_cli.report.choices import read_choices
from mbert_cli.report.comparison import NOTHING_DRAWN, comparison_page
from mbert_cli.report.confusion import read_confusions
from mbert_cli.report.terminal import deliver
from mbert_cli.report.training_table import read_trainings


def run(ready: Ready) -> None:
    """Gathers what was measured of runs and artifacts, and shows it; nothing is measured anew."""
    choices = read_choices([model.path for model in ready.models], ready.artifacts)
    trainings = read_trainings([choice for choice in choices if not choice.is_artifact])
    confusions = read_confusions(choices)
    drawn = NOTHING_DRAWN
    if ready.command.delivery.format == "html":
        from mbert_cli.report.drawing import draw_report

        drawn = draw_report(choices, trainings)
    deliver(comparison_page(choices, trainings, confusions, drawn), ready.command.delivery)
