"""The strategy `distilbert`: the teacher's predictions, the words themselves, and the direction of the last states.

Source: Sanh et al., "DistilBERT, a distilled version of BERT", 2019, section 3. The factors of the three losses are
those of its code.
"""

from collections.abc import Sequence

from mbert_cli.distill.options import DistilBertOptions
from mbert_cli.train.options import OptimizerOptions
from mbert_cli.train.stage import Comparison, Stage, make_schedule


def distilbert(options: DistilBertOptions, places: Sequence[int], optimizer: OptimizerOptions) -> list[Stage]:
    """Returns one stage.

    Args:
        options: Steps and factors of the losses; those with a factor of 0 are left out.
        places: The teacher's place for each place of the student, of which the last ones are compared.
        optimizer: Learning rate and its schedule.
    """
    weights = {name: factor for name, factor in options.factors.model_dump().items() if factor}
    compare = []
    if "soft_targets" in weights:
        compare.append(Comparison(None, None, ("soft_targets",)))
    if "hidden_cosine" in weights:
        compare.append(Comparison(places[-1], len(places) - 1, ("hidden_cosine",)))
    return [
        Stage(
            name="distillation of predictions",
            steps=options.steps,
            loss_weights=weights,
            schedule=make_schedule(optimizer, options.steps),
            compare=tuple(compare),
        )
    ]
