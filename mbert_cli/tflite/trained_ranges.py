"""What a run that was fine-tuned with fake quantization has beside its weights: its mode and its ranges.

The file is `quantization.json` in final/. The network of such a run computes with rounded numbers, and its artifact
takes the ranges from here.
"""

from pathlib import Path
from typing import Literal

import keras

from mbert_cli.errors import UserError
from mbert_cli.json_text import read_json
from mbert_cli.model.heads import build_task_network, logits_alone
from mbert_cli.model.options import Architecture
from mbert_cli.model.task_head import TaskHead
from mbert_cli.section import Section
from mbert_cli.tflite.fake_quantization import FakeQuantization
from mbert_cli.tflite.roundings import Rounding, rounding_of
from mbert_cli.weights.saved_model import SavedModel
from mbert_cli.weights.saved_network import load_task_network
from mbert_cli.weights.variables import assign_variables

QUANTIZATION_FILE = "quantization.json"


class TrainedRanges(Section):
    """A mode, and the ranges with which a network learned it."""

    mode: str
    """A key of `MODES`."""
    target: Literal["cpu", "npu"] = "cpu"
    """What the artifact was meant for."""
    block_size: int | None = None
    """Input channels that share a scale in a kernel of four bits; null for all."""
    ranges: dict[str, tuple[float, float]]
    """Smallest and largest value by `<layer>/<place>`, as in `mbert_cli.model.quantizing`."""

    @property
    def rounding(self) -> Rounding:
        """What the mode rounds."""
        return rounding_of(self.mode, self.target, self.block_size)

    def save(self, directory: Path) -> None:
        """Writes `quantization.json` into the directory."""
        (directory / QUANTIZATION_FILE).write_text(self.model_dump_json(indent=2) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, directory: Path) -> "TrainedRanges | None":
        """Reads `quantization.json` of a directory; None where there is none.

        Raises:
            UserError: It is not what `save` wrote.
        """
        path = directory / QUANTIZATION_FILE
        if not path.exists():
            return None
        try:
            return cls.model_validate(read_json(path))
        except (OSError, ValueError) as error:
            raise UserError(
                f"The ranges of a run are a readable {QUANTIZATION_FILE}. Received: {path}.",
                "Fine-tune it again with the section quantize.",
            ) from error


def build_rounded_network(
    size: Architecture,
    head: TaskHead,
    rounding: Rounding,
    *,
    num_outputs: int,
    vocab_size: int,
    seed: int | None = None,
    dropout_rate: float = 0.0,
) -> keras.Model:
    """The network of a folded architecture as its artifact computes it: with its mask, and [CLS] alone at the end.

    Args: those of `build_task_network`, and
        rounding: That of the artifact's mode.
    """
    return build_task_network(
        size,
        head=head,
        num_outputs=num_outputs,
        vocab_size=vocab_size,
        seed=seed,
        dropout_rate=dropout_rate,
        dtype="float32",
        ends_in_cls=True,
        masked=rounding.masked,
    )


def load_answering_network(model: SavedModel, head: TaskHead) -> keras.Model:
    """The network of a run as it was validated: with rounded numbers if it was fine-tuned with them.

    Args:
        model: The run's result.
        head: The head of its task.
    """
    trained = TrainedRanges.load(model.folder)
    if trained is None:
        return load_task_network(model, head)
    description, rounding = model.description, trained.rounding
    network = build_rounded_network(
        description.size,
        head,
        rounding,
        num_outputs=len(description.output_names or ()),
        vocab_size=description.vocabulary.size,
    )
    assign_variables(network, model.weights)
    return with_ranges(network, FakeQuantization(network, rounding, ranges=trained.ranges))


def with_ranges(network: keras.Model, quantization: FakeQuantization) -> keras.Model:
    """A network, made of the very same layers, that returns its logits and knows its ranges as variables of its own.

    What JAX compiles sees the variables of a model as they are; all others stay what they were when it was compiled.
    """
    knowing = logits_alone(network)
    knowing.fake_quantization = quantization
    return knowing
