"""What is packed into an artifact."""

import pytest

from mbert_cli.examples.options import InstalledDocsTask
from mbert_cli.model.options import SIZES
from mbert_cli.phone.packing import artifact_files, describe_artifact
from mbert_cli.text.vocabulary import RESERVED, Vocabulary
from mbert_cli.tflite.clients import QUESTION_ANSWERER, TEXT_CLASSIFIER
from mbert_cli.weights.description import ModelDescription
from mbert_cli.weights.saved_files import describe_vocabulary
from mbert_cli.weights.saved_model import SavedModel

VOCABULARY = Vocabulary((*RESERVED, "cat"))


def describe(kind: str, *names: str) -> ModelDescription:
    return ModelDescription(
        verb="finetune", size=SIZES["mobilebert_tiny"], vocabulary=describe_vocabulary(VOCABULARY), kind=kind,
        output_names=list(names), task=InstalledDocsTask(source="installed_docs"),
    )  # fmt: skip


@pytest.fixture
def saved(tmp_path) -> SavedModel:
    description = describe("classification", "sea", "two\nlines")
    description.save(tmp_path)
    VOCABULARY.save(tmp_path / "vocab.txt")
    return SavedModel(tmp_path, tmp_path, description)


def test_the_files_are_those_of_the_model_and_a_label_a_line(saved, tmp_path):
    assert artifact_files(saved) == {
        "vocab.txt": (tmp_path / "vocab.txt").read_bytes(),
        "labels.txt": b"sea\ntwo lines\n",
        "model.json": (tmp_path / "model.json").read_bytes(),
    }


def test_what_is_matched_before_words_is_packed_where_it_exists(saved, tmp_path):
    (tmp_path / "matched_tokens.json").write_bytes(b"{}")
    assert artifact_files(saved)["matched_tokens.json"] == b"{}"


def test_a_client_finds_its_names_the_labels_and_the_vocabulary():
    metadata = describe_artifact(describe("classification", "sea", "money"), {}, TEXT_CLASSIFIER)
    assert list(metadata.inputs) == ["ids", "segment_ids", "mask"]
    output = metadata.outputs["probabilities"]
    assert (output.name, output.labels_file) == ("probability", "labels.txt")
    assert metadata.vocabulary_file == "vocab.txt"


def test_the_outputs_of_answers_keep_the_names_that_the_task_library_looks_for():
    metadata = describe_artifact(describe("question_answering", "start", "end"), {}, QUESTION_ANSWERER)
    assert {name: one.name for name, one in metadata.outputs.items()} == {
        "start_logits": "start_logits",
        "end_logits": "end_logits",
    }
    assert {one.labels_file for one in metadata.outputs.values()} == {None}


def test_without_a_client_no_tokenizer_is_named_so_that_none_reads_the_file_wrongly():
    metadata = describe_artifact(describe("classification", "sea", "money"), {}, None)
    assert metadata.vocabulary_file is None
    assert metadata.outputs["probabilities"].labels_file == "labels.txt"
