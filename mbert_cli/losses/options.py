"""The loss section of a recipe."""

from typing import Annotated, Literal

from pydantic import Field

from mbert_cli.section import Section


class LossOptions(Section):
    """How much each example of a task with labels counts, where some labels are rare."""

    class_weights: Literal["balanced"] | list[Annotated[float, Field(gt=0)]] | None = None
    """A factor for the examples of each label, in the order of the labels; balanced gives every label the same total
    weight. With several labels per example, a factor counts where the example has the label."""
    focal_gamma: Annotated[float, Field(ge=0)] = 0.0
    """Exponent of the focal loss (Lin et al., 2017). The larger it is, the less an example counts that is already
    right; 0 is plain cross-entropy, 2 the paper's value."""
