"""What a run that was fine-tuned with fake quantization has beside its weights: its mode and its ranges.

The file is `quantization.json` in final/.
"""

from pathlib import Path
from typing import Literal

from mbert_cli.errors import UserError
from mbert_cli.json_text import read_json
from mbert_cli.section import Section
from mbert_cli.tflite.roundings import Rounding, rounding_of

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
                f"The ranges of a run are a readable {QUANTIZATION_FILE}. Received: {path}",
                "Fine-tune it again with the section quantize.",
            ) from error
