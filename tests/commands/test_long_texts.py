"""A model that labels tokens, asked about a text longer than its rows: beside windows put together by hand."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mbert_cli.commands.predict import run
from mbert_cli.examples.options import TokenTask
from mbert_cli.examples.texts import TaskData
from mbert_cli.examples.unlabelled import unlabelled_words
from mbert_cli.model.heads import build_task_network
from mbert_cli.model.options import SIZES
from mbert_cli.preflight.resolving import resolve
from mbert_cli.recipe.invocation import Invocation
from mbert_cli.recipe.loading import load
from mbert_cli.runs.directory import RunDir
from mbert_cli.runs.manifest import write_directory
from mbert_cli.tasks.kinds import KINDS
from mbert_cli.tasks.model import open_task_model
from mbert_cli.text.vocabulary import RESERVED, Vocabulary, load_vocabulary
from mbert_cli.tflite.convert import convert
from mbert_cli.weights.description import ModelDescription
from mbert_cli.weights.saved_files import describe_vocabulary
from mbert_cli.weights.saved_model import RunModel
from mbert_cli.weights.saved_network import load_task_network, save_network

LETTERS = "abcdefghijklmnopqrstuvwxyz"
VOCABULARY = Vocabulary((*RESERVED, *LETTERS, *(f"##{letter}" for letter in LETTERS)))
LABELS = ["ONE", "TWO", "THREE", "FOUR"]
LENGTH, ROOM = 12, 10
HEAD = KINDS["token_classification"].head
SIZE = SIZES["bert_base"].model_copy(
    update={"num_layers": 2, "max_length": 16, "hidden_dim": 32, "embedding_dim": 32, "intermediate_dim": 64,
            "num_heads": 2}
)  # fmt: skip
SHORT = "ab c def"


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A run that labels tokens, of random weights, and its artifact."""
    folder = tmp_path_factory.mktemp("long")
    VOCABULARY.save(folder / "vocab.txt")
    description = ModelDescription(
        verb="finetune", size=SIZE, vocabulary=describe_vocabulary(VOCABULARY), output_names=LABELS,
        kind="token_classification",
        task=TokenTask(source="tokens", kind="tags", train="t.conll", sequence_length=LENGTH),
    )  # fmt: skip
    network = build_task_network(SIZE, head=HEAD, vocab_size=VOCABULARY.size, num_outputs=len(LABELS), seed=3)
    for weight in network.weights:  # so that words and their context decide
        weight.assign(weight.numpy() * (10 if weight.name in ("kernel", "embeddings") else 1))
    with RunDir.open(folder / "run", "finetune", {"seed": 0}, fresh=False, origin={}) as directory:
        directory.finish(
            lambda target: save_network(
                target, network, description, load_vocabulary(folder / "vocab.txt", True)
            )
        )

    def write(target: Path) -> None:
        (target / "model.tflite").write_bytes(convert(network, LENGTH, "float32", HEAD))
        description.save(target)
        VOCABULARY.save(target / "vocab.txt")

    write_directory(folder / "artifact", write)
    return folder


def long_text() -> str:
    generator = np.random.default_rng(1)
    return " ".join("".join(generator.choice(list(LETTERS), size)) for size in generator.integers(1, 4, 40))


def probabilities(network, token_ids: list[int]) -> np.ndarray:
    """(tokens, labels) of one window in a row of its own."""
    row = [VOCABULARY.cls_id, *token_ids, VOCABULARY.sep_id]
    padding = [0] * (LENGTH - len(row))
    inputs = {
        "token_ids": np.array([row + padding]), "segment_ids": np.zeros((1, LENGTH), np.int32),
        "padding_mask": np.array([[1] * len(row) + padding]),
    }  # fmt: skip
    logits = np.asarray(network(inputs)["logits"])[0, 1 : len(row) - 1]
    powers = np.exp(logits - logits.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


def labels_by_hand(network, text: str, *, narrower: Callable[..., int] = min) -> list[tuple[str, float]]:
    """Label and probability of each word, from the window with the most tokens on its narrower side."""
    ids, firsts = [], []
    for word in text.split(" "):
        firsts.append(len(ids))
        pieces = [word[0], *(f"##{letter}" for letter in word[1:])]
        ids += [VOCABULARY.tokens.index(piece) for piece in pieces]
    starts = sorted({min(start, max(len(ids) - ROOM, 0)) for start in range(0, len(ids), ROOM // 2)})
    outputs = {start: probabilities(network, ids[start : start + ROOM]) for start in starts}
    found = []
    for first, following in zip(firsts, [*firsts[1:], len(ids)], strict=True):
        inside = [start for start in starts if start <= first < start + ROOM]
        best = max(inside, key=lambda start: (narrower(first - start, start + ROOM - following), -start))
        one = outputs[best][first - best]
        found.append((LABELS[one.argmax()], float(one.max())))
    return found


def predict(capsys, target: Path, *texts: str) -> list[dict]:
    invocation = Invocation(
        "predict", load("predict"), Path("runs"), targets=(target,), texts=texts, jsonl=True
    )
    run(resolve(invocation))
    captured = capsys.readouterr()
    assert captured.err == "1 of 3 texts is longer than 12 tokens and is read in 15 windows that overlap\n"
    return [json.loads(line) for line in captured.out.splitlines()]


@pytest.mark.parametrize("name", ["run", "artifact/model.tflite"])
def test_each_word_of_a_long_text_has_the_label_of_its_best_window(folder, capsys, name):
    network = load_task_network(RunModel.open(folder / "run", ["finetune"]), HEAD)
    text = long_text()
    answers = predict(capsys, folder / name, SHORT, text, "x")
    assert [answer["text"] for answer in answers] == [SHORT, text, "x"]
    for answer in answers:
        words = [(word["text"], word["label"]) for word in answer["words"]]
        expected = labels_by_hand(network, answer["text"])
        assert words == list(zip(answer["text"].split(" "), [label for label, _ in expected], strict=True))
        shown = [word["probability"] for word in answer["words"]]
        np.testing.assert_allclose(shown, [value for _, value in expected], atol=1e-4)
    assert len({word["label"] for word in answers[1]["words"]}) > 2
    in_the_first_window = labels_by_hand(network, text, narrower=lambda *_: 0)
    assert in_the_first_window != labels_by_hand(network, text)


def test_a_text_that_fits_is_read_as_if_it_were_alone(folder):
    model = open_task_model(folder / "run")
    task = TaskData("texts", LABELS, {}, (), "token_classification")
    options = model.description.task
    alone = model.encode(task, unlabelled_words([SHORT]), options)
    beside = model.encode(task, unlabelled_words([long_text(), SHORT]), options)
    row = int(beside.rows.rows[-1])
    np.testing.assert_array_equal(
        beside.rows.take(np.array([row]), LENGTH)["token_ids"],
        alone.rows.take(np.array([0]), LENGTH)["token_ids"],
    )
