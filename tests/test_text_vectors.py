"""Texts as vectors, from a folder of sentence-transformers to an artifact and back, as a person types it."""

import json
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from mbert_cli import cli
from mbert_cli.text.vocabulary import LEADING_TOKENS
from mbert_cli.weights.description import EmbeddingDescription
from mbert_cli.weights.sentence_transformers import read_sentence_model, write_sentence_model
from mbert_cli.weights.store import load_weights

TOKENS = [*LEADING_TOKENS, "ann", "ben", "sees", "hears", "rome", "##s", "."]
PAIRS = [
    ("ann sees rome", "ann sees rome .", 5),
    ("ann sees", "ben hears", 2.5),
    ("rome", "ben hears ann .", 0),
]
TEXTS = ["Ann sees ROMES.", "ben"]


@pytest.fixture(scope="module")
def model() -> "torch.nn.Module":
    torch.manual_seed(0)
    configuration = transformers.BertConfig(
        vocab_size=len(TOKENS), hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=24,
        max_position_embeddings=32,
    )  # fmt: skip
    model = transformers.BertModel(configuration).eval()
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return model


@pytest.fixture(scope="module")
def folder(model, tmp_path_factory) -> Path:
    """A folder with a model of sentence-transformers in theirs/, and a table of pairs."""
    folder = tmp_path_factory.mktemp("vectors")
    model.save_pretrained(folder / "theirs")
    (folder / "theirs/vocab.txt").write_text("\n".join(TOKENS) + "\n")
    (folder / "theirs/tokenizer_config.json").write_text(json.dumps({"do_lower_case": True}))
    write_sentence_model(folder / "theirs", EmbeddingDescription(pooling="mean", normalize=True), 16, 12)
    rows = ["text,other,label", *(",".join(map(str, pair)) for pair in PAIRS)]
    (folder / "pairs.csv").write_text("\n".join(rows) + "\n")
    return folder


@pytest.fixture
def mbert(folder, monkeypatch, capsys):
    """Runs a command line in the folder and in this process, and returns what it prints and says."""
    monkeypatch.chdir(folder)

    def mbert(*words: str, code: int = 0) -> tuple[str, str]:
        with pytest.raises(SystemExit) as ended:
            cli.main(list(words))
        output, errors = capsys.readouterr()
        assert (ended.value.code or 0) == code, output + errors
        return output, errors

    return mbert


@pytest.fixture
def run(folder, mbert) -> str:
    """The run that was imported from the folder."""
    if not (folder / "runs/ours").exists():
        _, errors = mbert("import", "theirs", "--run", "runs/ours")
        assert "a text becomes a vector of 16, the mean over the tokens, of length 1" in errors
        assert "It reads 12 tokens of a text: max_seq_length of sentence_bert_config.json" in errors
    return "runs/ours"


def vectors(output: str) -> np.ndarray:
    return np.array([json.loads(line)["embedding"] for line in output.splitlines()])


def theirs(model, texts: list[str], pooling: str = "mean") -> np.ndarray:
    """What sentence-transformers computes: the mean over the tokens, divided by its length."""
    ids = {word: place for place, word in enumerate(TOKENS)}
    pieces = {"romes": ["rome", "##s"]}
    found = []
    for text in texts:
        words = text.lower().replace(".", " .").split()
        row = ["[CLS]", *(piece for word in words for piece in pieces.get(word, [word])), "[SEP]"]
        with torch.no_grad():
            states = model(torch.tensor([[ids[piece] for piece in row]]))[0][0].numpy()
        found.append(states.mean(axis=0) if pooling == "mean" else states[0])
    return np.stack(found)


def test_a_run_and_its_artifact_give_the_vectors_of_sentence_transformers(model, run, mbert):
    mbert("export-tflite", run, "--quantize", "float32", "--set", "export.verify.max_examples=20")
    mean = theirs(model, TEXTS)
    expected = mean / np.linalg.norm(mean, axis=1, keepdims=True)
    asked = [word for text in TEXTS for word in ("--text", text)]
    for target in (run, f"{run}/export/float32/model.tflite"):
        output, _ = mbert("predict", target, "--jsonl", *asked)
        np.testing.assert_allclose(vectors(output), expected, atol=1e-5)
    report = json.loads(Path(run, "export/float32/report.json").read_text())
    assert report["metric"] == "agreement" and report["parity"]["lowest_cosine"] > 0.99999
    assert not Path(run, "export/float32/labels.txt").exists()


def test_a_recipe_makes_other_vectors_of_the_same_encoder(model, run, mbert):
    asked = ["--jsonl", "--text", TEXTS[0]]
    output, errors = mbert("predict", run, "--pooling", "cls", "--no-normalize", *asked)
    np.testing.assert_allclose(vectors(output), theirs(model, TEXTS[:1], "cls"), atol=1e-5)
    assert "a text becomes a vector, the state of [CLS], not normalized" in errors


def test_pairs_have_cosines_that_are_scored(run, mbert):
    output, _ = mbert("predict", run, "--pair", "--jsonl", "--text", "ann sees\tann sees")
    assert json.loads(output)["cosine"] == pytest.approx(1)
    settings = {"source": "file", "kind": "regression", "train": "pairs.csv", "validation": "pairs.csv",
                "second_text": "other"}  # fmt: skip
    task = [word for key, value in settings.items() for word in ("--set", f"task.{key}={value}")]
    output, _ = mbert("eval", run, *task)
    assert "spearman" in output and "mean cosine" in output
    written = json.loads(Path(run, "eval/pairs.csv-validation.json").read_text())
    assert written["metric"] == "spearman" and written["score"] == written["figures"]["spearman"]
    mbert("export-tflite", run, "--quantize", "dynamic_int8", "--set", "export.verify.max_metric_loss=1",
          "--set", "export.verify.max_disagreement=1", *task)  # fmt: skip
    output, _ = mbert("eval", run, f"{run}/export/dynamic_int8/model.tflite", *task)
    assert "answers that differ" in output


def test_it_goes_back_as_it_came(folder, run, mbert):
    mbert("convert-checkpoint", run, "back")
    assert read_sentence_model(folder / "back").embedding == read_sentence_model(folder / "theirs").embedding
    mbert("import", "back", "--run", "runs/again")
    first, again = (load_weights(folder / name / "final/weights.safetensors") for name in (run, "runs/again"))
    assert first.keys() == again.keys()
    assert all(np.array_equal(first[name], again[name]) for name in first)


def test_it_is_scored_on_pairs_alone(run, mbert):
    _, errors = mbert("eval", run, code=2)
    assert "Vectors are scored on pairs of texts" in errors and "task.name=stsb" in errors
    single = ["--set", "task.source=file", "--set", "task.kind=regression", "--set", "task.train=pairs.csv"]
    _, errors = mbert("eval", run, *single, "--set", "task.validation=pairs.csv", code=2)
    assert "single texts in pairs.csv" in errors


def test_an_encoder_without_a_pooling_says_what_can_be_made_of_it(folder, mbert):
    mbert("import", "theirs", "--pooling", "cls", "--run", "runs/cls")
    (folder / "theirs/modules.json").rename(folder / "modules.json")
    try:
        mbert("import", "theirs", "--run", "runs/plain")
    finally:
        (folder / "modules.json").rename(folder / "theirs/modules.json")
    output, _ = mbert(
        "predict", "runs/plain", "--pooling", "mean", "--length", "8", "--jsonl", "--text", "ben"
    )
    assert vectors(output).shape == (1, 16)
    _, errors = mbert("export-tflite", "runs/plain", code=2)
    assert "mbert finetune --source runs/plain" in errors and "--pooling mean" in errors
    assert not Path("runs/plain/export").exists()
    mbert("export-tflite", "runs/plain", "--pooling", "mean", "--normalize", "--length", "8",
          "--quantize", "float32", "--set", "export.verify.max_examples=20")  # fmt: skip
    output, _ = mbert("predict", "runs/plain/export/float32/model.tflite", "--jsonl", "--text", "ben")
    assert np.linalg.norm(vectors(output)) == pytest.approx(1, abs=1e-5)


def test_what_a_model_of_vectors_does_not_do_is_said(run, mbert):
    table = ["--set", "task.source=file", "--set", "task.kind=regression", "--set", "task.train=pairs.csv"]
    _, errors = mbert("distill", "--strategy", "task", "--teacher", run, *table, code=2)
    assert f"Received: {run}, whose texts become vectors" in errors and "--strategy general" in errors
    task = ["--set", "task.source=glue", "--set", "task.name=stsb", "--set", "task.folder=."]
    _, errors = mbert("eval", run, "--submission", "answers", *task, code=2)
    assert "which gives vectors" in errors
    _, errors = mbert("predict", run, "--question", "who?", "--context", "pairs.csv", code=2)
    assert "whose texts become vectors" in errors
    _, errors = mbert("predict", run, "--pooling", "max", "--text", "ann", code=2)
    assert "embedding.pooling" in errors and "mean" in errors


REAL_TEXTS = [
    "A man is playing a guitar.", "Somebody makes music!", "Stocks fell 3.5% on Monday, and bonds rose.",
    "É tarde demais.", "", "very " * 300,
]  # fmt: skip


@pytest.mark.slow
def test_a_real_model_gives_the_vectors_of_sentence_transformers(minilm, mbert):
    mbert("import", str(minilm), "--run", "runs/minilm")
    tokenizer = transformers.AutoTokenizer.from_pretrained(minilm)
    encoder = transformers.AutoModel.from_pretrained(minilm).eval()
    batch = tokenizer(REAL_TEXTS, padding=True, truncation=True, max_length=256, return_tensors="pt")
    with torch.no_grad():
        states = encoder(**batch).last_hidden_state
    mask = batch["attention_mask"].unsqueeze(-1).float()
    mean = (states * mask).sum(1) / mask.sum(1).clamp(min=1e-9)
    expected = torch.nn.functional.normalize(mean).numpy()
    Path("texts.txt").write_text("\n".join(REAL_TEXTS) + "\n")
    output, _ = mbert("predict", "runs/minilm", "--jsonl", "--file", "texts.txt")
    found = [json.loads(line)["embedding"] for line in output.splitlines()]
    assert found[REAL_TEXTS.index("")] is None
    asked = [place for place, text in enumerate(REAL_TEXTS) if text]
    np.testing.assert_allclose([found[place] for place in asked], expected[asked], atol=1e-5)
