"""Tasks of every kind as a person types them: fine-tuned, scored, asked and exported, from files of the user's own."""

import json
import re
from pathlib import Path

import pytest

from mbert_cli.model.heads import build_pretraining_network
from mbert_cli.model.options import SIZES
from mbert_cli.runs.directory import RunDir
from mbert_cli.text.vocabulary import RESERVED, Vocabulary, load_vocabulary
from mbert_cli.weights.description import ModelDescription
from mbert_cli.weights.saved_files import describe_vocabulary
from mbert_cli.weights.saved_network import save_network

WORDS = ["ann", "ben", "cat", "lives", "in", "rome", "oslo", "lima", "where", "does", "and", ".", "?"]
VOCABULARY = Vocabulary((*RESERVED, *WORDS))
SIZE = SIZES["mobilebert_laptop"].model_copy(
    update={"num_layers": 2, "hidden_dim": 32, "embedding_dim": 16, "intra_dim": 16, "intermediate_dim": 32,
            "num_heads": 2}
)  # fmt: skip
PEOPLE = {"ann": "rome", "ben": "oslo", "cat": "lima"}
TEXTS = [f"{one} and {two} lives in {PEOPLE[one]} ." for one in PEOPLE for two in PEOPLE if one != two]


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A folder with a pre-trained run of random weights."""
    folder = tmp_path_factory.mktemp("kinds")
    VOCABULARY.save(folder / "vocab.txt")
    network = build_pretraining_network(SIZE, vocab_size=VOCABULARY.size)
    description = ModelDescription(
        verb="train-teacher", size=SIZE, vocabulary=describe_vocabulary(VOCABULARY)
    )
    with RunDir.open(folder / "runs/source", "train-teacher", {"seed": 0}, fresh=False, origin={}) as run:
        run.finish(
            lambda target: save_network(
                target, network, description, load_vocabulary(folder / "vocab.txt", True)
            )
        )
    (folder / "questions.json").write_text(json.dumps(squad(with_impossible=False)))
    (folder / "questions-2.json").write_text(json.dumps(squad(with_impossible=True)))
    lines = [json.dumps({"text": text, "label": labels_of(text)}) for text in TEXTS]
    (folder / "labels.jsonl").write_text("\n".join([*lines, '{"text": "cat", "label": []}']))
    return folder


def labels_of(text: str) -> list[str]:
    return [name for name in PEOPLE if name in text.split()]


def squad(with_impossible: bool) -> dict:
    """A question about each of the two people of every text, and one about the third."""
    paragraphs = []
    for number, text in enumerate(TEXTS):
        qas = [
            {"id": f"{number}-{name}", "question": f"where does {name} lives ?",
             "answers": [{"text": PEOPLE[text[:3]], "answer_start": text.index(PEOPLE[text[:3]])}]}
            for name in labels_of(text)
        ]  # fmt: skip
        if with_impossible:
            other = next(name for name in PEOPLE if name not in labels_of(text))
            qas.append({"id": f"{number}-{other}", "question": f"where does {other} lives ?", "answers": [],
                        "is_impossible": True})  # fmt: skip
        paragraphs.append({"context": text, "qas": qas})
    return {"data": [{"title": "t", "paragraphs": paragraphs}]}


def questions(file: str, version: str, *more: str) -> list[str]:
    settings = {
        "task.version": version, "task.train": file, "task.validation": file, "task.sequence_length": 24,
        "task.question_length": 8, "task.document_stride": 6, "train.batch_size": 4, "dropout_rate": 0,
    }  # fmt: skip
    words = [word for key, value in settings.items() for word in ("--set", f"{key}={value}")]
    return ["squad_v1", "--source", "runs/source", *words, *more]


def test_answers_are_learned_scored_asked_and_exported(mbert_here, folder):
    learn = [
        "--set",
        "train.epochs=40",
        "--set",
        "train.optimizer.learning_rate=5e-3",
        "--run",
        "runs/answers",
    ]
    mbert_here(folder, "finetune", *questions("questions.json", "v1.1", *learn))
    summary = json.loads((folder / "runs/answers/final/summary.json").read_text())
    assert summary["score_name"] == "f1" and summary["score"] > 0.9
    exported = mbert_here(folder, "export-tflite", "runs/answers", "--quantize", "float32")
    assert "0.00%" in exported.stdout
    artifact = "runs/answers/export/float32/model.tflite"
    scored = mbert_here(folder, "eval", "runs/answers", artifact)
    assert "exact_match" in scored.stdout and "answers that differ" in scored.stdout
    predictions = json.loads((folder / "runs/answers/eval/validation-predictions.json").read_text())
    assert set(predictions) == {qa["id"] for p in squad(False)["data"][0]["paragraphs"] for qa in p["qas"]}
    beside = folder / "runs/answers/export/float32/model-eval-validation-predictions.json"
    assert json.loads(beside.read_text()) == predictions
    (folder / "text.txt").write_text("Ann and cat lives in ROME .\n" * 6)
    for target in ("runs/answers", artifact):
        ask = ["--question", "where does ann lives ?", "--context", "text.txt", "--jsonl"]
        (answer,) = map(json.loads, mbert_here(folder, "predict", target, *ask).stdout.splitlines())
        best = answer["candidates"][0]
        assert answer["answer"] == best["text"] == "ROME"
        assert (folder / "text.txt").read_text()[best["start"] :].startswith("ROME")


def test_unanswerable_questions_have_a_threshold_that_travels_with_the_run(mbert_here, folder):
    run = ["--set", "train.epochs=2", "--run", "runs/unanswerable"]
    mbert_here(folder, "finetune", *questions("questions-2.json", "v2.0", *run))
    threshold = json.loads((folder / "runs/unanswerable/final/model.json").read_text())["null_threshold"]
    report = folder / "runs/unanswerable/eval/validation.json"
    mbert_here(folder, "eval", "runs/unanswerable")
    found = json.loads(report.read_text())
    assert found["official"]["best_f1_thresh"] == found["null_threshold"] == threshold
    assert found["official"]["f1"] == pytest.approx(found["official"]["best_f1"])
    assert (report.parent / "validation-null-odds.json").exists()
    mbert_here(folder, "eval", "runs/unanswerable", "--set", "task.null_threshold=-1000")
    moved = json.loads((report.parent / "validation-null-threshold--1000.json").read_text())
    assert moved["official"]["NoAns_f1"] == 100.0
    assert json.loads(report.read_text()) == found


def test_several_labels_are_learned_and_predicted(mbert_here, folder):
    words = [
        "file", "--source", "runs/source", "--set", "task.kind=multi_label", "--set", "task.train=labels.jsonl",
        "--set", "task.validation=labels.jsonl", "--set", "task.sequence_length=16",
        "--set", "train.batch_size=4", "--set", "train.epochs=60", "--set", "loss.class_weights=balanced",
        "--set", "train.optimizer.learning_rate=5e-3", "--run", "runs/labels",
    ]  # fmt: skip
    done = mbert_here(folder, "finetune", *words)
    assert "class weights: ann 0.75, ben 0.75, cat 0.75" in done.stderr
    summary = json.loads((folder / "runs/labels/final/summary.json").read_text())
    assert summary["score_name"] == "mean of f1_micro and f1_macro" and summary["score"] > 0.9
    mbert_here(folder, "export-tflite", "runs/labels", "--quantize", "float32")
    for target in ("runs/labels", "runs/labels/export/float32/model.tflite"):
        done = mbert_here(folder, "predict", target, "--jsonl", "--text", "ben and ann lives in oslo .")
        assert json.loads(done.stdout)["labels"] == ["ann", "ben"]
    rows = [",".join([text, *(str(int(name in labels_of(text))) for name in PEOPLE)]) for text in TEXTS]
    (folder / "columns.csv").write_text("\n".join([",".join(["text", *PEOPLE]), *rows]))
    files = [f"--set=task.{key}=columns.csv" for key in ("train", "validation")]
    done = mbert_here(folder, "eval", "runs/labels", *files, "--set", f"task.label=[{','.join(PEOPLE)}]")
    assert re.search(r"columns.csv validation, 6 examples \(set \w+\): f1_micro", done.stdout)


def test_a_fine_tuned_run_is_where_another_begins(mbert_here, folder):
    (folder / "one.tsv").write_text("text\tlabel\nann lives\tx\nben lives\ty\ncat lives\tx\n")
    words = [
        "file", "--set", "task.train=one.tsv", "--set", "task.validation=one.tsv", "--set", "train.epochs=1",
        "--set", "task.sequence_length=16", "--set", "train.batch_size=2",
    ]  # fmt: skip
    mbert_here(folder, "finetune", *words, "--source", "runs/source", "--run", "runs/first")
    second = mbert_here(
        folder, "finetune", *words, "--set", "initialize_from=runs/first", "--run", "runs/second"
    )
    assert "The head is kept: the labels are the same" in second.stderr
    other = mbert_here(
        folder, "finetune", *words, "--set", "initialize_from=runs/first", "--set", "task.kind=multi_label",
        "--run", "runs/third",
    )  # fmt: skip
    assert "The head is a fresh one" in other.stderr
    chain = mbert_here(folder, "runs", "--chain").stdout
    assert "first, from source" in chain
