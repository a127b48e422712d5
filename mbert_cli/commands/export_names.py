"""Where exported artifacts lie: `<run>/export/<mode>/model.tflite`."""

from pathlib import Path

from mbert_cli.train.run_list import EXPORT, is_aside

MODEL = "model.tflite"
"""File name of every artifact; its mode is the folder's name."""


def exported(run: Path) -> list[Path]:
    """The artifacts of a run, without those that a later export moved aside."""
    return sorted(path for path in run.glob(f"{EXPORT}/*/{MODEL}") if not is_aside(path.parent))
