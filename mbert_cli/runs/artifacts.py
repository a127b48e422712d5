"""Where exported artifacts lie: `<run>/export/<mode>/model.tflite`."""

from pathlib import Path
from typing import Any

from mbert_cli.json_text import read_object
from mbert_cli.runs.listing import EXPORT, finished_at, is_aside
from mbert_cli.runs.manifest import is_partial

ARTIFACT_FILE = "model.tflite"
"""File name of every artifact; its mode is the folder's name."""


def exported(run: Path) -> list[Path]:
    """The artifacts of a run, without those that a later export moved aside, or one has not finished."""
    found = run.glob(f"{EXPORT}/*/{ARTIFACT_FILE}")
    return sorted(path for path in found if not (is_aside(path.parent) or is_partial(path.parent)))


def target_name(path: Path) -> str:
    """A short name of a run or an artifact: `runs/sst2/export/int8/model.tflite` -> `sst2 int8`."""
    parts = path.absolute().parts
    if path.name == ARTIFACT_FILE and len(parts) > 4 and parts[-3] == EXPORT:
        return f"{parts[-4]} {parts[-2]}"
    return path.stem if path.suffix == ".tflite" else path.resolve().name


def exported_report(artifact: Path) -> dict[str, Any]:
    """What the export wrote beside an artifact; nothing where that is about a file of another size."""
    report = read_object(artifact.with_name("report.json"))
    size_bytes = artifact.stat().st_size
    return report if report.get("size_bytes", size_bytes) == size_bytes else {}


def is_outdated(run: Path, file: Path) -> bool:
    """Whether a file that was made of a run's result, an artifact or a report, is older than the result."""
    finished = finished_at(run)
    return finished is not None and file.stat().st_mtime < finished.timestamp()
