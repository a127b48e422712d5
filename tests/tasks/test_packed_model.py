"""What an artifact is: read from inside of it, or from beside it."""

import flatbuffers
import pytest
from ai_edge_litert import schema_py_generated as schema

from mbert_cli.errors import UserError
from mbert_cli.examples.options import InstalledDocsTask
from mbert_cli.model.options import SIZES
from mbert_cli.tasks.packed_model import read_artifact_files
from mbert_cli.text.matched_tokens import MatchedToken
from mbert_cli.text.vocabulary import RESERVED, Vocabulary
from mbert_cli.tflite.metadata import ArtifactMetadata, write_metadata
from mbert_cli.weights.description import ModelDescription
from mbert_cli.weights.saved_files import describe_vocabulary

VOCABULARY = Vocabulary((*RESERVED, "cat", "<new>"), matched=(MatchedToken(6, "<new>"),))
DESCRIPTION = ModelDescription(
    verb="finetune",
    size=SIZES["mobilebert_tiny"],
    vocabulary=describe_vocabulary(VOCABULARY),
    output_names=["two\nlines", "b"],
    task=InstalledDocsTask(source="installed_docs"),
)


@pytest.fixture(scope="module")
def content() -> bytes:
    """A .tflite file that computes nothing."""
    model = schema.ModelT(version=3, subgraphs=[schema.SubGraphT(inputs=[], outputs=[])], buffers=[])
    builder = flatbuffers.Builder(100)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


@pytest.fixture
def files(tmp_path) -> dict[str, bytes]:
    """As they lie beside the artifact of an older version."""
    DESCRIPTION.save(tmp_path)
    VOCABULARY.save(tmp_path / "vocab.txt")
    return {path.name: path.read_bytes() for path in tmp_path.iterdir()}


@pytest.fixture
def moved(tmp_path):
    """Where the artifact lies alone."""
    (tmp_path / "moved").mkdir()
    return tmp_path / "moved" / "model.tflite"


def test_packed_files_are_read_with_what_is_matched_and_labels_as_they_are(content, files, moved):
    moved.write_bytes(write_metadata(content, ArtifactMetadata("a", files=files)))
    assert set(files) == {"model.json", "vocab.txt", "matched_tokens.json"}
    assert read_artifact_files(moved) == (DESCRIPTION, VOCABULARY)


def test_files_beside_an_artifact_without_metadata_are_read(content, files, tmp_path):
    (tmp_path / "model.tflite").write_bytes(content)
    assert read_artifact_files(tmp_path / "model.tflite") == (DESCRIPTION, VOCABULARY)


def test_an_artifact_of_another_program_alone_is_refused(content, moved):
    moved.write_bytes(write_metadata(content, ArtifactMetadata("a", files={"vocab.txt": b"[PAD]\n"})))
    with pytest.raises(UserError) as caught:
        read_artifact_files(moved)
    assert caught.value.message == (
        "An artifact is read with model.json and vocab.txt, which are packed into it or lie beside it. "
        f"Received: {moved} without model.json"
    )
    assert caught.value.hint == (
        "Export it again with `mbert export-tflite`, or copy the whole folder export/MODE of an older version."
    )


def test_what_was_taken_out_of_an_artifact_is_read_beside_it(content, files, moved):
    description = files.pop("model.json")
    moved.write_bytes(write_metadata(content, ArtifactMetadata("a", files=files)))
    with pytest.raises(UserError, match=r"without model\.json"):
        read_artifact_files(moved)
    moved.with_name("model.json").write_bytes(description)
    assert read_artifact_files(moved) == (DESCRIPTION, VOCABULARY)


def test_packed_files_that_do_not_belong_together_are_named_by_the_artifact(content, files, moved):
    files["vocab.txt"] += b"dog\n"
    moved.write_bytes(write_metadata(content, ArtifactMetadata("a", files=files)))
    with pytest.raises(UserError) as caught:
        read_artifact_files(moved)
    assert caught.value.message == (
        "A model is read with the 7 tokens it was trained with. "
        f"Received: {moved}/vocab.txt with 8 tokens, which are others or matched otherwise"
    )
