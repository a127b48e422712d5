"""All pictures of a report, for a page that can show them."""

from collections.abc import Sequence

from mbert_cli.report.candidates import Candidate
from mbert_cli.report.compared_sets import compare
from mbert_cli.report.comparison import Drawn
from mbert_cli.report.curve_pictures import curve_pictures
from mbert_cli.report.score_pictures import score_pictures
from mbert_cli.report.training_table import Trained
from mbert_cli.table import Table


def draw_report(
    candidates: Sequence[Candidate], trainings: Sequence[Trained], attention: Sequence[Table] = ()
) -> Drawn:
    """Draws scores and curves.

    Args:
        candidates: What there is to choose among.
        trainings: What was trained.
        attention: Tables with pictures of attention.
    """
    scores = {
        one.place: score_pictures(one, f"scores-{number}") for number, one in enumerate(compare(candidates))
    }
    return Drawn(scores, curve_pictures(trainings, "training"), attention)
