"""model.json: what a saved model is, written and read again."""

import json

import pytest

from mbert_cli.errors import UserError
from mbert_cli.examples.options import FileTask
from mbert_cli.model.options import SIZES
from mbert_cli.weights.description import (
    DESCRIPTION_FILE,
    ModelDescription,
    SetDescription,
    VocabularyDescription,
)

DESCRIPTION = ModelDescription(
    verb="finetune", size=SIZES["mobilebert_laptop"], output_names=["no", "yes"],
    vocabulary=VocabularyDescription(size=8000, lowercase=True, digest="abc", matched=2),
    task=FileTask(source="file", train="t.csv"),
    sets={"validation": SetDescription(digest="0123456789", examples=1200)},
)  # fmt: skip


def test_a_description_reads_back_as_it_was_written(tmp_path):
    DESCRIPTION.save(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [DESCRIPTION_FILE]
    assert ModelDescription.load(tmp_path) == DESCRIPTION


def test_what_earlier_versions_did_not_write_has_its_default(tmp_path):
    DESCRIPTION.save(tmp_path)
    values = json.loads((tmp_path / DESCRIPTION_FILE).read_text())
    for name in ("null_threshold", "sets", "kind", "labels", "task"):
        del values[name]
    del values["vocabulary"]["matched"]
    (tmp_path / DESCRIPTION_FILE).write_text(json.dumps(values))
    found = ModelDescription.load(tmp_path)
    assert (found.kind, found.output_names, found.task, found.sets) == ("classification", None, None, {})
    assert found.vocabulary.matched == 0


def test_the_file_calls_the_outputs_labels_as_other_programs_expect(tmp_path):
    DESCRIPTION.save(tmp_path)
    assert json.loads((tmp_path / DESCRIPTION_FILE).read_text())["labels"] == ["no", "yes"]


@pytest.mark.parametrize("content", [None, "{", "[]", "{}", '{"verb": "finetune"}', b"\xff"])
def test_a_folder_without_a_readable_description_is_refused(tmp_path, content):
    if content is not None:
        (tmp_path / DESCRIPTION_FILE).write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(UserError) as caught:
        ModelDescription.load(tmp_path)
    assert caught.value.message == f"A saved model has a readable model.json. Received: {tmp_path}/model.json"
    assert caught.value.hint == "The folder is not a complete run; `mbert runs` lists those that are."


def test_a_set_is_shown_by_its_size_and_the_beginning_of_its_digest():
    described = SetDescription.of({"set": "0123456789abcdef", "examples": 1200, "other": 1})
    assert (str(described), described.short) == ("1,200 examples (set 01234567)", "01234567")
    assert SetDescription.of({"examples": 3}) is None
    assert SetDescription.of({"set": "0"}) is None
    assert SetDescription.of({"set": None, "examples": None}) is None
