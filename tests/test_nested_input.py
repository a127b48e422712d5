"""Input nested without end: one sentence and exit code 2 wherever it is read, and never a traceback."""

from collections.abc import Callable
from pathlib import Path

import pytest

from mbert_cli.corpus.corpus import documents
from mbert_cli.corpus.options import FilesCorpus
from mbert_cli.corpus.store_format import read_store_manifest as read_store
from mbert_cli.errors import UserError
from mbert_cli.examples.loading import load_task
from mbert_cli.examples.options import FileTask, SquadTask, TokenTask
from mbert_cli.recipe.invocation import recorded_task
from mbert_cli.recipe.loading import load
from mbert_cli.runs.content import read_contents
from mbert_cli.runs.journal import Journal
from mbert_cli.runs.listing import recorded_recipe
from mbert_cli.runs.manifest import read_manifest
from mbert_cli.search.results import read_report
from mbert_cli.text.foreign_tokenizer import find_vocabulary
from mbert_cli.text.matched_tokens import load_matched
from mbert_cli.text.vocabulary import RESERVED
from mbert_cli.weights.configuration import read_configuration
from mbert_cli.weights.description import ModelDescription
from mbert_cli.weights.huggingface import read_arrays


def _tokenizer(folder: Path) -> object:
    (folder / "vocab.txt").write_text("".join(f"{token}\n" for token in RESERVED))
    return find_vocabulary(folder, len(RESERVED))


def _task(kind: type, source: str, name: str) -> Callable[[Path], object]:
    return lambda folder: load_task(
        kind(source=source, train=str(folder / name), validation=str(folder / name))
    )


def _corpus(folder: Path) -> object:
    return list(documents(FilesCorpus(source="files", globs=[str(folder / "t.jsonl")])))


READERS: dict[str, tuple[str, Callable[[Path], object]]] = {
    "tokenizer": ("tokenizer.json", _tokenizer),
    "tokenizer_config": ("tokenizer_config.json", _tokenizer),
    "added_tokens": ("added_tokens.json", _tokenizer),
    "config": ("config.json", lambda folder: read_configuration(folder / "config.json", "huggingface")),
    "shards": ("model.safetensors.index.json", read_arrays),
    "texts": ("t.jsonl", _task(FileTask, "file", "t.jsonl")),
    "text_array": ("t.json", _task(FileTask, "file", "t.json")),
    "tokens": ("t.jsonl", _task(TokenTask, "tokens", "t.jsonl")),
    "squad": ("t.json", _task(SquadTask, "squad", "t.json")),
    "corpus": ("t.jsonl", _corpus),
    "model": ("model.json", ModelDescription.load),
    "task": ("final/model.json", recorded_task),
    "matched_tokens": ("matched_tokens.json", lambda folder: load_matched(folder, 9)),
    "store": ("store.json", read_store),
    "manifest": ("manifest.json", read_manifest),
    "inputs": ("inputs.json", lambda folder: read_contents(folder / "inputs.json")),
    "journal": ("log.jsonl", lambda folder: Journal(folder / "log.jsonl").read()),
    "search": ("search.json", read_report),
    "run": ("recipe.yaml", recorded_recipe),
    "recipe": ("x.yaml", lambda folder: load("distill", str(folder / "x.yaml"))),
    "extended": ("y.yaml", lambda folder: load("distill", str(folder / "x.yaml"))),
}
"""Files that a person hands over, and what reads them."""


# The recipe of a run is read as any YAML; PyYAML ends at some hundreds of brackets, and is slow before that.
CASES = [
    (name, depth) for name, (file, _) in READERS.items()
    for depth in ([600] if file.endswith(".yaml") else [150, 700, 985, 100_000])
]  # fmt: skip


@pytest.mark.parametrize("inside", [("", ""), ('{"a": ', "}"), ('{"text": "x", "label": ', "}")])
@pytest.mark.parametrize(("reader", "depth"), CASES)
def test_a_file_that_is_nested_without_end_is_refused_in_a_sentence(tmp_path, reader, inside, depth):
    name, read = READERS[reader]
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    (tmp_path / "x.yaml").write_text("extends: y.yaml\n")
    content = inside[0] + "[" * depth + "1" + "]" * depth + inside[1]
    path.write_text(f"{content}\n{content}\n" if name == "t.jsonl" else f"{content}\n")
    with pytest.raises(UserError) as caught:
        read(tmp_path)
    assert caught.value.exit_code == 2
    assert len(caught.value.message) < 1000 and "recursion" not in caught.value.message


@pytest.mark.parametrize("value", ["[" * 150 + "]" * 150, "{a: " * 400 + "}" * 400, "&a [*a]"])
def test_a_setting_that_is_nested_without_end_is_refused_in_a_sentence(value):
    for key in ("train", "seed", "distill.layer_map", "distill.warm_start"):
        with pytest.raises(UserError) as caught:
            load("distill", settings=[f"{key}={value}"])
        assert caught.value.exit_code == 2


def test_a_cell_that_is_nested_without_end_is_no_list_of_labels(tmp_path):
    deep = "[" * 5000 + "]" * 5000
    (tmp_path / "t.csv").write_text(f'text,label\na,"{deep}"\nb,x\nc,x\n')
    with pytest.raises(UserError, match="Labels in brackets must be a list"):
        load_task(FileTask(source="file", kind="multi_label", train=str(tmp_path / "t.csv")))
