"""All pictures of a report, for a page that can show them."""

from collections.abc import Sequence

from mbert_cli.report.choices import Choice
from mbert_cli.report.comparison import Drawn
from mbert_cli.report.curve_pictures import curve_pictures
from mbert_cli.report.score_pictures import score_pictures
from mbert_cli.report.scored_sets import by_set
from mbert_cli.report.training_table import Trained
from mbert_cli.table import Table


def draw_report(
    choices: Sequence[Choice], trainings: Sequence[Trained], attention: Sequence[Table] = ()
) -> Drawn:
    """Draws scores and curves.

    Args:
        choices: What there is to choose among.
        trainings: What was trained.
        attention: Tables with pictures of attention.
    """
    named = [*(choice.model for choice in choices), *(training.name for training in trainings)]
    models = list(dict.fromkeys(named))  # a model has one colour on the whole page
    scores = {
        one.place: score_pictures(one, f"scores-{number}", models)
        for number, one in enumerate(by_set(choices))
    }
    return Drawn(scores, curve_pictures(trainings, "training", models), attention)
