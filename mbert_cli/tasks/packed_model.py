"""The description and the vocabulary of an artifact: inside the file, or beside it as older versions wrote them."""

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from mbert_cli.errors import UserError
from mbert_cli.text.matched_tokens import MATCHED_TOKENS_FILE
from mbert_cli.text.vocabulary import VOCABULARY_FILE, Vocabulary
from mbert_cli.tflite.metadata import read_metadata
from mbert_cli.weights.description import DESCRIPTION_FILE, ModelDescription
from mbert_cli.weights.saved_files import load_run_vocabulary

_NEEDED = (DESCRIPTION_FILE, VOCABULARY_FILE)
READ_WITH_ARTIFACT = (*_NEEDED, MATCHED_TOKENS_FILE)
"""What is read with a .tflite file where it lies beside that and is not packed into it."""


def read_artifact_files(path: Path) -> tuple[ModelDescription, Vocabulary]:
    """What a .tflite file is and which vocabulary it reads.

    Raises:
        UserError: The file was cut off, its metadata are of another program, or it has none and nothing lies beside
            it; or what is there does not belong together.
    """
    metadata = read_metadata(path.read_bytes(), path)
    packed = dict(metadata.files) if metadata is not None else {}
    beside = [name for name in _NEEDED if path.with_name(name).is_file()]
    if set(_NEEDED) <= {*packed, *beside} and set(_NEEDED) & set(packed):
        # model.json may have been taken out before the file was published
        return _read_packed(path, {name: path.with_name(name).read_bytes() for name in beside} | packed)
    missing = [name for name in _NEEDED if name not in packed and name not in beside]
    if missing:
        raise UserError(
            f"An artifact is read with {' and '.join(_NEEDED)}, which are packed into it or lie beside it. "
            f"Received: {path} without {' and '.join(missing)}",
            "Export it again with `mbert export-tflite`, or copy the whole folder export/MODE of an older version.",
        )
    description = ModelDescription.load(path.parent)
    return description, load_run_vocabulary(path.parent, description)


def _read_packed(path: Path, files: Mapping[str, bytes]) -> tuple[ModelDescription, Vocabulary]:
    with TemporaryDirectory() as scratch:
        folder = Path(scratch)
        for name in set(READ_WITH_ARTIFACT) & set(files):
            (folder / name).write_bytes(files[name])
        try:
            description = ModelDescription.load(folder)
            return description, load_run_vocabulary(folder, description)
        except UserError as error:
            raise UserError(error.message.replace(scratch, str(path)), error.hint) from error
