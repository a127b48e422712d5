"""`mbert augment` as a person types it: what lies there in the end, and after a kill, and what learns from it."""

import json
import os
import shutil
import signal
from pathlib import Path

import numpy as np
import pytest

from mbert_cli.augment import candidates, sentence_blocks
from mbert_cli.augment.masked_words import MaskedWords
from mbert_cli.augment.trained_vectors import VectorTraining
from mbert_cli.corpus.document import Document
from mbert_cli.corpus.options import StoreOptions
from mbert_cli.examples.loading import load_task
from mbert_cli.examples.options import FileTask, GlueTask
from mbert_cli.model.heads import build_pretraining_network
from mbert_cli.model.options import Architecture
from mbert_cli.runs.directory import RunDir
from mbert_cli.runs.listing import describe_run
from mbert_cli.text.vocabulary import LEADING_TOKENS, VOCABULARY_FILE, Vocabulary, load_vocabulary
from mbert_cli.weights.description import ModelDescription
from mbert_cli.weights.saved_files import describe_vocabulary
from mbert_cli.weights.saved_network import save_network
from tests.corpus.store_writing import write_store

WORDS = (
    "movie",
    "film",
    "good",
    "great",
    "bad",
    "poor",
    "plot",
    "story",
    "the",
    "was",
    ".",
    ",",
    "act",
    "##or",
)
VOCABULARY = Vocabulary((*LEADING_TOKENS, *WORDS))
SIZE = Architecture(
    num_layers=1, hidden_dim=8, num_heads=1, intermediate_dim=8, embedding_dim=8, initializer_range=0.5
)
SENTENCES = (
    "The Movie was good .",
    "a poor actor , the plot was bad",
    "GREAT story",
    "the actor",
    "it rains",
)
SST2 = ("augment", "sst2", "--set", "task.folder=GLUE", "--set", "augment.copies=6")
VECTORS = ("--set", "vectors.source=file", "--set", "vectors.path=vectors.txt")


@pytest.fixture(scope="module")
def prepared(tmp_path_factory) -> Path:
    """A masked LM with random weights, a small SST-2, a table and word vectors."""
    folder = tmp_path_factory.mktemp("augment")
    VOCABULARY.save(folder / "vocab.txt")
    network = build_pretraining_network(SIZE, vocab_size=VOCABULARY.size, seed=1)
    description = ModelDescription(
        verb="train-teacher", size=SIZE, vocabulary=describe_vocabulary(VOCABULARY)
    )
    with RunDir.open(folder / "runs/teacher", "train-teacher", {"seed": 0}, fresh=False, origin={}) as run:
        run.finish(
            lambda target: save_network(
                target, network, description, load_vocabulary(folder / "vocab.txt", True)
            )
        )
    assert (run.final / VOCABULARY_FILE).exists()
    (folder / "GLUE").mkdir()
    rows = [f"{text}\t{row % 2}" for row, text in enumerate(SENTENCES * 2)]
    for name in ("train.tsv", "dev.tsv"):
        (folder / "GLUE" / name).write_text("\n".join(["sentence\tlabel", *rows]) + "\n")
    table = [f"{text};{('sea', 'land')[row % 2]}" for row, text in enumerate(SENTENCES * 8)]
    (folder / "mail.csv").write_text("\n".join(["body;topic", *table]) + "\n")
    (folder / "vectors.txt").write_text("actor 1 0\nactress 1 0.1\nrains 0 1\npours 0.1 1\ngood 1 1\n")
    return folder


@pytest.fixture(autouse=True)
def _work_in_a_folder_with_input(prepared, tmp_path, monkeypatch):
    shutil.copytree(prepared, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)


def augmented(path="runs/augment-sst2") -> list[str]:
    return Path(path, "final/train.tsv").read_text().splitlines()


def test_the_result_is_a_training_file_with_originals_before_their_copies(run):
    code, out, err = run(*SST2)
    assert code == 0, err
    lines = augmented()
    summary = json.loads(Path("runs/augment-sst2/final/summary.json").read_text())
    assert summary == {"rows": len(lines) - 1, "originals": 10, "words": 10}
    assert f"rows               {len(lines) - 1}" in out
    assert [line for line in lines if line.startswith(SENTENCES)][:2] == ["The Movie was good .\t0", lines[
        lines.index("a poor actor , the plot was bad\t1")
    ]]  # fmt: skip
    assert all(
        line.split()[2] == "was" and line.split()[1].istitle() for line in lines if line.startswith("The ")
    )
    names = {file.name for file in Path("runs/augment-sst2").iterdir()}
    assert names == {"recipe.yaml", "origin.json", "inputs.json", "final"}
    info = describe_run(Path("runs/augment-sst2"))
    assert (info.kind, info.state) == ("augment", "complete")
    task = GlueTask(source="glue", name="sst2", folder="GLUE", train="runs/augment-sst2")
    assert len(load_task(task).train) == len(lines) - 1
    assert "is complete already" in run(*SST2)[2]


def test_words_of_several_pieces_have_neighbours_and_vectors_alone_are_enough(run):
    assert run(*SST2, *VECTORS, "--set", "masked_language_model=runs/teacher", "-q")[0] == 0
    assert any("actress" in line for line in augmented())
    assert any(line.startswith("GREAT ") or line.endswith(" story\t0") for line in augmented())
    assert run(*SST2, *VECTORS, "--run", "runs/alone", "-q")[0] == 0
    alone = augmented("runs/alone")
    assert any(line.startswith("it pours") for line in alone)
    assert [line for line in alone if "GREAT" in line or "story" in line] == [
        "GREAT story\t0",
        "GREAT story\t1",
    ]


def test_a_run_that_was_killed_goes_on_and_ends_in_the_same_bytes(run, monkeypatch):
    monkeypatch.setattr(candidates, "PIECE_TEXTS", 2)
    assert (
        run(*SST2, *VECTORS, "--set", "masked_language_model=runs/teacher", "--run", "runs/whole", "-q")[0]
        == 0
    )
    fill, calls = MaskedWords.fill, []

    def fail(self, words):
        calls.append(1)
        if len(calls) == 3:
            raise OSError(5, "Input/output error")
        return fill(self, words)

    typed = (*SST2, *VECTORS, "--set", "masked_language_model=runs/teacher", "-q")
    monkeypatch.setattr(MaskedWords, "fill", fail)
    assert run(*typed)[0] == 1
    assert len(list(Path("runs/augment-sst2/candidates").iterdir())) == 3
    assert describe_run(Path("runs/augment-sst2")).state == "failed"
    Path("runs/augment-sst2/failed.json").unlink()
    assert describe_run(Path("runs/augment-sst2")).state == "interrupted"
    assert run(*typed)[0] == 0
    assert len(calls) == 4  # two pieces before, one of them again
    assert augmented() == augmented("runs/whole")
    assert not Path("runs/augment-sst2/candidates").exists()


def test_ctrl_c_keeps_what_is_found(run, monkeypatch):
    monkeypatch.setattr(candidates, "PIECE_TEXTS", 2)
    fill = MaskedWords.fill

    def interrupt(self, words):
        os.kill(os.getpid(), signal.SIGINT)
        return fill(self, words)

    with monkeypatch.context() as patched:
        patched.setattr(MaskedWords, "fill", interrupt)
        code, _, err = run(*SST2, "-q")
    assert code == 130
    assert "Stopped by Ctrl-C: runs/augment-sst2 has the candidates of 2 of 5 texts." in err
    assert describe_run(Path("runs/augment-sst2")).state == "interrupted"
    assert run(*SST2, "-q")[0] == 0


def test_another_seed_draws_others_and_another_recipe_is_refused(run):
    typed = (*SST2, *VECTORS, "-q")
    assert run(*typed)[0] == 0
    assert run(*typed, "--set", "seed=1", "--run", "runs/other")[0] == 0
    assert augmented() != augmented("runs/other")
    code, _, err = run(*typed, "--set", "seed=1")
    assert code == 2
    assert "seed: 1 (the run in runs/augment-sst2 has 0)" in err


def test_a_file_of_ones_own_keeps_what_is_held_out(run):
    typed = ("augment", "file", *VECTORS, "--set", "task.train=mail.csv", "--set", "task.text=body", "--set",
             "task.label=topic", "--set", "task.delimiter=;", "-q")  # fmt: skip
    assert run(*typed)[0] == 0
    options = FileTask(source="file", train="mail.csv", text="body", label="topic")
    own, read = load_task(options), load_task(options.model_copy(update={"train": "runs/augment-file"}))
    assert read.validation.texts == own.validation.texts
    assert np.array_equal(read.validation.labels, own.validation.labels)
    assert set(own.train.texts) <= set(read.train.texts)
    assert not set(read.train.texts) & {"pours"}
    assert len(read.train) > len(own.train)


def test_a_dry_run_says_how_much_and_writes_nothing(run):
    code, out, _ = run(*SST2, "--dry-run")
    assert code == 0
    assert "10 in 5 different texts" in out
    assert "70 at most" in out
    assert not Path("runs/augment-sst2").exists()


def test_a_smoke_run_copies_a_few(run):
    shutil.copytree("runs/teacher", "runs/smoke/teacher")
    assert run(*SST2[:4], "--smoke", "-q")[0] == 0
    assert len(augmented("runs/smoke/augment-sst2")) <= 1 + 10 * 3


def test_a_run_that_replaced_no_word_says_so(run):
    Path("vectors.txt").write_text("sea 1 0\nland 0 1\n")
    code, _, err = run(*SST2, *VECTORS)
    assert code == 0
    assert "Warning: No word was replaced: nothing was found in their places by 2 word vectors\n" in err
    assert len(augmented()) == 1 + 10


@pytest.mark.parametrize("name", ["vectors.txt", "gone.txt"])
def test_wrong_input_begins_nothing(run, name):
    Path("vectors.txt").write_text("good 1 2\nbad 1\n")
    code, _, err = run(*SST2, "--set", "vectors.source=file", "--set", f"vectors.path={name}")
    assert code == 2
    assert ("Received: 1 in vectors.txt:2" in err) == (name == "vectors.txt")
    assert not Path("runs/augment-sst2").exists()


@pytest.fixture
def store(tmp_path, monkeypatch) -> tuple[str, ...]:
    """Settings by which vectors are trained on a store in which actors and actresses, rain and hail keep company."""
    pytest.importorskip("gensim")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    monkeypatch.setattr(sentence_blocks, "SENTENCE_BLOCK_TOKENS", 50)
    vocabulary = Vocabulary((*VOCABULARY.tokens, "actress", "rains", "hails", "it"))
    texts = ["a bad actor. a bad actress. it rains. it hails."] * 40
    documents = [Document(str(number), [text]) for number, text in enumerate(texts)]
    with RunDir.open(Path("runs/prepare"), "prepare", {"seed": 0}, fresh=False, origin={}) as run:
        run.finish(lambda folder: write_store(folder, iter(documents), vocabulary, StoreOptions()))
    return ("--set", "vectors.source=store", "--set", "vectors.dimension=8", "--set", "vectors.min_count=2")


def test_vectors_of_a_store_are_trained_once_for_all_tasks(run, store, monkeypatch):
    code, _, err = run(*SST2, *store)
    assert code == 0, err
    assert "million tokens read in all passes, by one core" in err
    monkeypatch.setattr(VectorTraining, "run", lambda *_: pytest.fail("trained again"))
    code, _, err = run(*SST2, *store, "--run", "runs/again")
    assert code == 0, err
    assert "kept from an earlier time in" in err
    assert augmented("runs/again") == augmented()
    assert any(line.startswith("it hails") for line in augmented())


def test_vectors_that_ctrl_c_stops_go_on_where_they_were(run, store, monkeypatch):
    assert run(*SST2, *store, "--run", "runs/whole", "-q")[0] == 0
    shutil.rmtree("caches")
    learn, calls = VectorTraining._learn, []

    def interrupt(self, trainer, block):
        learn(self, trainer, block)
        calls.append(block)
        if len(calls) == 20:
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(VectorTraining, "_learn", interrupt)
    code, _, err = run(*SST2, *store, "-q")
    assert code == 130
    assert "Stopped by Ctrl-C: word vectors have read 0.0 of 0.0 million tokens." in err
    assert describe_run(Path("runs/augment-sst2")).state == "interrupted"
    code, _, err = run(*SST2, *store)
    assert (code, calls) == (0, [*range(20), *range(20, len(calls))]), err
    assert "million of them before" in err
    assert augmented() == augmented("runs/whole")
