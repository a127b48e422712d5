"""How a token store lies on disk."""

import json
from pathlib import Path

import numpy as np
import pytest

from mbert_cli.corpus.store_format import (
    StoreReport,
    read_store_manifest,
    token_type,
    write_again,
    write_manifest,
)
from mbert_cli.errors import UserError

RULE = "A token store must be one that this version of `mbert prepare` wrote. Received: "


def refused(directory: Path) -> str:
    with pytest.raises(UserError) as caught:
        read_store_manifest(directory)
    run = directory.parent
    assert caught.value.hint == (
        f"Write the store again: mbert prepare {run / 'recipe.yaml'} --run {run} --fresh"
    )
    return caught.value.message


def test_ids_take_two_bytes_as_long_as_these_hold_all_of_them():
    assert token_type(2**16) is np.uint16
    assert token_type(2**16 + 1) is np.uint32


def test_a_manifest_reads_back_as_it_was_written(tmp_path, vocabulary):
    report = StoreReport(9, 1, 27, 81, 0.25, 7, 500, 700, 0.5, {"documents without text": 2})
    write_manifest(tmp_path, vocabulary, report)
    manifest = read_store_manifest(tmp_path)
    assert StoreReport(**manifest.pop("report")) == report
    assert manifest == {
        "format": 1, "vocabulary_size": vocabulary.size, "vocabulary_digest": vocabulary.digest, "lowercase": True,
    }  # fmt: skip


@pytest.mark.parametrize("content", ["{", "[]", "7", "{}", "null"])
def test_a_damaged_manifest_is_refused(tmp_path, content):
    (tmp_path / "store.json").write_text(content)
    assert refused(tmp_path) == f"{RULE}a damaged store.json in {tmp_path}"


def test_a_folder_that_is_no_store_is_refused(tmp_path):
    assert refused(tmp_path) == f"{RULE}{tmp_path} without store.json"
    (tmp_path / "store.json").write_text("{")
    assert refused(tmp_path) == f"{RULE}a damaged store.json in {tmp_path}"
    (tmp_path / "store.json").write_text(json.dumps({"format": 7}))
    assert refused(tmp_path) == f"{RULE}format 7 in {tmp_path}"


def test_the_command_of_the_hint_can_be_pasted_into_a_shell():
    assert write_again(Path("runs/my corpus/final")) == (
        "Write the store again: mbert prepare 'runs/my corpus/recipe.yaml' --run 'runs/my corpus' --fresh"
    )
