"""The clients of phones themselves, on artifacts: they load them, and say what `mbert` says."""

import dataclasses
import functools
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from mbert_cli.examples.texts import Examples, TaskData
from mbert_cli.model.heads import build_task_network
from mbert_cli.phone.packing import artifact_files, describe_artifact
from mbert_cli.tasks.kinds import kind_of
from mbert_cli.tasks.model import open_task_model
from mbert_cli.tasks.phone_client import fitting_client
from mbert_cli.text.rows import assemble
from mbert_cli.text.vocabulary import RESERVED, Vocabulary
from mbert_cli.text.wordpiece import Tokenizer
from mbert_cli.tflite.convert import convert, convert_graph, inference_graph
from mbert_cli.tflite.interpreter import Artifact
from mbert_cli.tflite.metadata import ArtifactMetadata, TensorDescription, write_metadata
from mbert_cli.weights.saved_model import SavedModel
from tests.phone.described import LABELS, SIZE, VOCABULARY, describe

pytestmark = pytest.mark.slow

MEDIAPIPE = ("mediapipe==1.2.3",)
PACKAGES = {
    "TextClassifier": MEDIAPIPE,
    "TextEmbedder": MEDIAPIPE,
    "BertQuestionAnswerer": ("tflite-support==0.4.4", "numpy<2"),
}

PLAIN = ["the cat sees", "The CAT, the cat!", "a 3 b", "cats seeing cat's", "", "unknown words here"]
ODD = [
    "café É", "e\u0301", "각 한국", "МОСКВА Ωμέγα", "a\u00a0b a\u3000b", "a\u200bb \ufeffa", "中文 a中b", "😀 👍🏽",
    "a" * 99, "a" * 100, "a" * 101, "é" * 50, "é" * 51, "a\x01b \x7f", "a\vb\fc\rd", "a…b—c “d”", "[CLS] [MASK]", "x\0y",
    "\U0002a700\U0002b820", "\U00011f43", "straße ﬁ ①", "ﾊﾝ カタカナ", "e\u0327\u0301x",
]  # fmt: skip


def _environment(folder: Path, packages: tuple[str, ...]) -> Path:
    """A Python with these packages; skips where they cannot be had."""
    python = folder / "bin" / "python"
    for command in (
        [sys.executable, "-m", "venv", str(folder)],
        [str(python), "-m", "pip", "install", "-q", *packages],
    ):
        done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["no message"])[-1]
            pytest.skip(f"{' '.join(packages)} could not be installed: {last}")
    return python


@pytest.fixture(scope="module")
def ask(tmp_path_factory) -> Callable[[str, Path, list[Any]], Any]:
    """Name of a client, artifact, what is asked -> its answers, or the message with which it refuses the artifact."""
    make = functools.cache(lambda packages: _environment(tmp_path_factory.mktemp("environment"), packages))

    def ask(client: str, model: Path, asked: list[Any]) -> Any:
        request = json.dumps({"client": client, "model": str(model), "asked": asked})
        command = [str(make(PACKAGES[client])), str(Path(__file__).with_name("run_client.py"))]
        done = subprocess.run(
            command, input=request, capture_output=True, text=True, timeout=600, check=False
        )
        assert done.returncode == 0, done.stderr
        found = json.loads(done.stdout.strip().splitlines()[-1])
        return found.get("answers", found.get("refused"))

    return ask


def pack(content: bytes, folder: Path, kind: str, lengths: tuple[int, ...], **task: Any) -> Path:
    """An artifact that lies alone, of a model with random weights."""
    description = describe(kind, **task)
    description.save(folder)
    VOCABULARY.save(folder / "vocab.txt")
    fit = fitting_client(kind, description.task, lengths)
    files = artifact_files(SavedModel(folder, folder, description))
    path = folder / "alone" / "model.tflite"
    path.parent.mkdir()
    path.write_bytes(write_metadata(content, describe_artifact(description, files, fit.client)))
    return path


def ours(path: Path, texts: list[str], client: str | None) -> np.ndarray:
    """(texts, outputs) What `mbert predict --client` says."""
    task = TaskData("texts", LABELS["classification"], {})
    model = open_task_model(path)
    examples = Examples(texts, None, np.zeros(len(texts), np.int32))
    model = dataclasses.replace(model, client=client)
    return model.answer(model.encode(task, examples, model.own_task), 1)


@pytest.mark.parametrize("kind", ["classification", "multi_label", "regression"])
def test_the_text_classifier_of_mediapipe_answers_as_we_do(ask, converted, tmp_path, kind):
    path = pack(converted(kind, VOCABULARY.size, (24,)), tmp_path, kind, (24,))
    texts = PLAIN + [text.partition("\0")[0] for text in ODD]
    answers = ask("TextClassifier", path, texts)
    scores = np.array([[answer[name] for name in LABELS[kind]] for answer in answers])
    np.testing.assert_allclose(scores, ours(path, texts, "mediapipe"), atol=2e-6)
    np.testing.assert_allclose(scores[: len(PLAIN)], ours(path, PLAIN, None), atol=2e-6)
    assert (np.abs(scores - ours(path, texts, None)).max(axis=1) > 1e-4).sum() >= 5


def test_the_text_embedder_of_mediapipe_gives_our_vectors(ask, converted, tmp_path):
    path = pack(converted("embedding", VOCABULARY.size, (24,)), tmp_path, "embedding", (24,))
    texts = PLAIN + [text.partition("\0")[0] for text in ODD]
    vectors = np.array(ask("TextEmbedder", path, texts))
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(vectors, ours(path, texts, "mediapipe"), atol=1e-5)
    np.testing.assert_allclose(vectors[: len(PLAIN)], ours(path, PLAIN, None), atol=1e-5)


@pytest.mark.parametrize("mode", ["float32", "dynamic_int8"])
def test_the_text_embedder_gives_the_vectors_of_a_real_model(ask, mbert, minilm, tmp_path, mode):
    mbert(tmp_path, "import", str(minilm), "--run", "runs/minilm")
    fewer = ["--length", "32", "--set", "export.verify.max_examples=10"]
    mbert(tmp_path, "export-tflite", "runs/minilm", "--quantize", mode, *fewer)
    texts = ["A man plays a guitar.", "Somebody makes music, loudly!", "Stocks fell 3.5 percent on Monday."]
    artifact = f"runs/minilm/export/{mode}/model.tflite"
    asked = [word for text in texts for word in ("--text", text)]
    lines = mbert(tmp_path, "predict", artifact, "--jsonl", *asked).stdout.splitlines()
    expected = [json.loads(line)["embedding"] for line in lines]
    np.testing.assert_allclose(ask("TextEmbedder", tmp_path / artifact, texts), expected, atol=1e-5)


def test_the_text_classifier_refuses_what_it_would_read_wrongly(ask, converted, tmp_path):
    path = pack(
        converted("classification", VOCABULARY.size, (24,)),
        tmp_path,
        "classification",
        (24,),
        second_text="b",
    )
    assert "No metadata or input process unit found" in ask("TextClassifier", path, ["a"])


def test_every_id_of_odd_texts_is_the_clients(ask, tmp_path):
    length = 128
    vocabulary = Vocabulary((*RESERVED, *VOCABULARY.tokens[104:], "É", "각", "москва", "x"))
    graph = inference_graph(
        lambda ids, segment_ids, mask: [tf.cast(ids + 0 * (mask + segment_ids), tf.float32)],
        ("ids", "segment_ids", "mask"),
        length,
    )
    places = "".join(f"{place}\n" for place in range(length))
    files = {"vocab.txt": "\n".join(vocabulary.tokens).encode(), "labels.txt": places.encode()}
    outputs = {"probabilities": TensorDescription("ids", labels_file="labels.txt")}
    echo = ArtifactMetadata("echo", outputs=outputs, vocabulary_file="vocab.txt", files=files)
    path = tmp_path / "echo.tflite"
    path.write_bytes(write_metadata(convert_graph(graph, "float32"), echo))
    texts = [*PLAIN, *ODD, *_random_texts(300)]
    answers = ask("TextClassifier", path, texts)
    ids, starts = Tokenizer(vocabulary, "mediapipe").encode(texts)
    for row, answer in enumerate(answers):
        own = ids[starts[row] : starts[row + 1]][: length - 2].tolist()
        expected = [vocabulary.cls_id, *own, vocabulary.sep_id]
        expected += [0] * (length - len(expected))
        assert [int(answer[str(place)]) for place in range(length)] == expected, texts[row]


def _random_texts(count: int) -> list[str]:
    """Characters of many kinds and pieces of words, thrown together."""
    random = Random(5)
    characters = [*"abcXYZ019 \t\n.,!?'-$^`éÉąЖжΩω각中日ひ\u00a0\u3000\u200b\u200d\ufeff\u0301😀\x01…—“"]
    pieces = [*characters, "cat", "sees", "ing", "the ", "москва ", " É"]
    return ["".join(random.choices(pieces, k=random.randint(1, 60))) for _ in range(count)]


@pytest.mark.parametrize("mode", ["float32", "float16"])
def test_the_question_answerer_of_the_task_library_reads_start_and_end(ask, tmp_path, mode):
    path = pack(_answers(mode), tmp_path, "question_answering", (384,))
    random = Random(3)  # long contexts, since the best places of random weights may be in the padding
    contexts = [
        " ".join(random.choices(["the", "cat", "sees", "3", "a", "b", "c"], k=370)) for _ in range(12)
    ]
    answers = ask("BertQuestionAnswerer", path, [(context, "sees the cat?") for context in contexts])
    artifact = Artifact(path, known_outputs=[("start_logits", "end_logits")])
    found, swapped = [], []
    for context, spans in zip(contexts, answers, strict=True):
        start, end = artifact.predict(_question("sees the cat?", context))[0].T
        for span in spans:
            first, last = span["start"], span["end"]
            found.append((start[first] + end[last]) / span["logit"])
            swapped.append((end[first] + start[last]) / span["logit"])
    np.testing.assert_allclose(found, 1, atol=1e-5)
    assert np.abs(np.subtract(swapped, 1)).max() > 1e-3


def _question(question: str, context: str) -> dict[str, np.ndarray]:
    ids, starts = Tokenizer(VOCABULARY, "mediapipe").encode([question, context])
    lengths = np.diff(starts)
    return assemble(ids, starts[:1], lengths[:1], starts[1:2], lengths[1:], 384, VOCABULARY, pair=True)


def test_the_task_library_knows_no_operation_of_dynamic_int8(ask, tmp_path):
    path = pack(_answers("dynamic_int8"), tmp_path, "question_answering", (384,))
    assert "FULLY_CONNECTED" in ask("BertQuestionAnswerer", path, [("the cat", "the cat?")])


@functools.cache
def _network() -> Any:
    size = SIZE.model_copy(update={"max_length": 384})
    head = kind_of("question_answering").head
    network = build_task_network(size, head=head, vocab_size=VOCABULARY.size, num_outputs=2)
    random = np.random.default_rng(3)
    for weight in network.weights:
        if len(weight.shape) > 1:
            weight.assign(random.normal(0.0, 0.3, weight.shape).astype(np.float32))
    return network


def _answers(mode: str) -> bytes:
    """An artifact for answers, of random weights."""
    return convert(_network(), 384, mode, kind_of("question_answering").head)
