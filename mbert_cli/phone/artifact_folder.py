"""The folder of an artifact: the .tflite file, its report, and the files that it is read with."""

from pathlib import Path
from typing import Any

from mbert_cli import console
from mbert_cli.json_text import write_json
from mbert_cli.phone.packing import artifact_files
from mbert_cli.phone.presentation import Presentation
from mbert_cli.phone.web_page import PAGE_FOLDER
from mbert_cli.runs.artifacts import ARTIFACT_FILE, REPORT_FILE, evaluation_files
from mbert_cli.runs.manifest import other_files, write_directory
from mbert_cli.weights.saved_model import SavedModel
from mbert_cli.word_lists import listed


def write_artifact(
    directory: Path, model: SavedModel, content: bytes, report: dict[str, Any], presentation: Presentation
) -> None:
    """Writes an artifact whole or not at all; one that was there is replaced, or moved aside with what a person added.

    Args:
        directory: `<run>/export/<mode>`.
        model: The model that was exported.
        content: The content of the .tflite file.
        report: Becomes report.json.
        presentation: Shows the artifact to people, beside it.
    """
    if directory.exists():
        console.info(f"{directory}: replaces the artifact that was there")
    if (directory / PAGE_FOLDER).is_dir() and presentation.web_packages is None:
        console.warning(
            f"The page of the previous artifact is removed with it; --page writes one for {directory}"
        )

    def write(folder: Path) -> None:
        (folder / ARTIFACT_FILE).write_bytes(content)
        write_json(folder / REPORT_FILE, report)
        for name, packed in artifact_files(model).items():
            (folder / name).write_bytes(packed)
        presentation.write(folder, report)

    evaluations = {file.name for file in evaluation_files(directory / ARTIFACT_FILE)}  # of the one that goes
    others = (
        [name for name in other_files(directory) if name not in evaluations] if directory.exists() else []
    )
    kept = write_directory(directory, write, replace=True, keeps_replaced=bool(others))
    if kept is not None:
        console.warning(
            f"{directory} held what mbert did not write: {listed(others)}. All that was there is now in {kept.name}"
        )
