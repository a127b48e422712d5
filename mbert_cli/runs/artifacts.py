"""Where exported artifacts lie: `<run>/export/<mode>/model.tflite`."""

import glob
from pathlib import Path
from typing import Any

from mbert_cli.errors import UserError
from mbert_cli.json_text import read_object
from mbert_cli.runs.listing import EXPORT, FINAL, WEIGHTS, finished_at, is_aside, is_run
from mbert_cli.runs.manifest import is_partial, read_manifest
from mbert_cli.shell_words import path_word

ARTIFACT = ".tflite"
"""How the names of artifacts end."""

ARTIFACT_FILE = f"model{ARTIFACT}"
"""File name of every artifact; its mode is the folder's name."""

REPORT_FILE = "report.json"
"""What was measured of an artifact when it was exported, beside it."""

MADE_OF = "weights_sha256"
"""The key of a report that says which weights it is about."""


def exported(run: Path) -> list[Path]:
    """The artifacts of a run, without those that a later export moved aside, or one has not finished."""
    found = run.glob(f"{EXPORT}/*/{ARTIFACT_FILE}")
    return sorted(path for path in found if not (is_aside(path.parent) or is_partial(path.parent)))


def refuse_artifact_folder(path: Path) -> None:
    """Checks that a path is no folder of an artifact, which is named by its file.

    Raises:
        UserError: It is one.
    """
    file = path / ARTIFACT_FILE
    if file.is_file() and not is_run(path):
        raise UserError(
            f"An artifact must be named by its file. Received: {path}, its folder", f"Name {path_word(file)}."
        )


def target_name(path: Path) -> str:
    """A short name of a run or an artifact: `runs/sst2/export/int8/model.tflite` -> `sst2 int8`."""
    parts = path.absolute().parts
    if path.name == ARTIFACT_FILE and len(parts) > 4 and parts[-3] == EXPORT:
        return f"{parts[-4]} {parts[-2]}"
    return path.stem if path.suffix == ARTIFACT else path.resolve().name


def exported_report(artifact: Path) -> dict[str, Any]:
    """What the export wrote beside an artifact; nothing where that is about a file of another size."""
    report = read_object(artifact.with_name(REPORT_FILE))
    size_bytes = artifact.stat().st_size
    return report if report.get("size_bytes", size_bytes) == size_bytes else {}


def evaluation_file(target: Path, name: str) -> Path:
    """Where `mbert eval` writes a report: in the folder eval/ of a run, or beside an artifact."""
    if target.suffix == ARTIFACT:
        return target.with_name(f"{target.stem}-eval-{name}.json")
    return target / "eval" / f"{name}.json"


def evaluation_files(target: Path) -> list[Path]:
    """All that `mbert eval` wrote for a run or an artifact, by name."""
    pattern = evaluation_file(Path(glob.escape(target.stem) + target.suffix), "*").name
    return sorted(evaluation_file(target, "*").parent.glob(pattern))


def weights_digest(target: Path) -> str | None:
    """SHA-256 of the weights that a run has, or that an artifact was made of; None where that is not recorded."""
    if target.suffix == ARTIFACT:
        found = exported_report(target).get(MADE_OF)
    else:
        try:
            found = read_manifest(target / FINAL)["files"].get(WEIGHTS, {}).get("sha256")
        except UserError:
            return None
    return found if isinstance(found, str) else None


def is_outdated(run: Path, file: Path) -> bool:
    """Whether a run has another result than the one that a file was made of: an artifact, or a report of a score.

    What the file says of its weights decides. One that says nothing, as those of 0.1, is
    outdated where it is older than the result.
    """
    finished = finished_at(run)
    if finished is None:
        return False
    digest = weights_digest(file) if file.suffix == ARTIFACT else read_object(file).get(MADE_OF)
    if digest is not None:
        return digest != weights_digest(run)
    return file.stat().st_mtime < finished.timestamp()
