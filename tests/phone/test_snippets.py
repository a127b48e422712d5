"""The code of a card: the script in Python is run as it stands, beside nothing but the file."""

import re
import shutil
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from mbert_cli.examples.texts import TaskData
from mbert_cli.phone.card import example_of, python_snippet
from mbert_cli.phone.snippets import mobile_snippets
from mbert_cli.tasks.asked import AskedTexts
from mbert_cli.tasks.kinds import kind_of
from mbert_cli.tasks.model import TaskModel, open_task_model
from mbert_cli.tasks.shown_answers import NO_ANSWER
from mbert_cli.tflite.clients import QUESTION_ANSWERER, TEXT_CLASSIFIER, TEXT_EMBEDDER
from tests.phone.described import LABELS, describe

LENGTH = 64
"""Tokens of the files here, which hold the whole examples."""


def predicted(model: TaskModel) -> Any:
    """The record of `mbert predict --jsonl` for the example of the card."""
    kind, asked = kind_of(model.description.kind), example_of(model)
    if kind.head.pooling:
        asked = AskedTexts(
            ["The parcel arrived two days late, and the box was open."], ["The delivery was not on time."]
        )
    task = TaskData(asked.name, model.output_names, {}, kind=model.description.kind)
    encoded = model.encode(task, asked.examples(kind.unlabelled), model.own_task)
    return kind.answers(asked, encoded, model.answer(encoded, 8), model.output_names).records[0]


def expected_lines(record: dict[str, Any]) -> list[str]:
    """What the script prints, as far as the record says it."""
    if "probabilities" in record:
        ordered = sorted(record["probabilities"].items(), key=lambda pair: -pair[1])
        return [f"{label}\t{value:.6f}" for label, value in ordered]
    if "cosine" in record:
        return [f"cosine\t{record['cosine']:.6f}"]
    if "words" in record:
        return [f"{one['text']}\t{one['label']}\t{one['probability']:.6f}" for one in record["words"]]
    return [record["answer"]] if "answer" in record else [f"value\t{record['value']:.4f}"]


CASES: dict[str, dict[str, Any]] = {
    **{kind: {"kind": kind} for kind in LABELS if kind != "token_classification"},
    "question_answering": {"kind": "question_answering", "lengths": (128,)},
    "tags": {"kind": "token_classification", "names": ["NOUN", "VERB", "DET", "NUM", "ADJ"]},
    "pair": {"kind": "regression", "second_text": "answer"},
    "client": {"kind": "classification", "client": "mediapipe"},
    "lengths": {"kind": "classification", "lengths": (8, LENGTH)},
}


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_the_script_says_what_predict_says_beside_nothing_but_the_file(name, export, tmp_path):
    changes = dict(CASES[name])
    lengths = changes.pop("lengths", (LENGTH,))
    artifact = export(describe(changes.pop("kind"), **changes), lengths=lengths)
    model = open_task_model(artifact)
    alone = tmp_path / "alone"
    alone.mkdir()
    shutil.copy(artifact, alone)
    (alone / "script.py").write_text(python_snippet(model))
    done = subprocess.run(
        [sys.executable, "-I", "script.py"], cwd=alone, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    shown, expected = done.stdout.splitlines(), expected_lines(predicted(model))
    assert [line.split("\t")[:-1] for line in shown] == [line.split("\t")[:-1] for line in expected]
    for one, other in zip(shown, expected, strict=True):
        last, wanted = one.split("\t")[-1], other.split("\t")[-1]
        if name == "question_answering":
            assert last == wanted
        else:
            np.testing.assert_allclose(float(last), float(wanted), atol=2e-5)


@pytest.mark.slow
@pytest.mark.parametrize("is_named", [True, False], ids=["in the recipe", "found by the training"])
def test_the_script_says_that_there_is_no_answer_where_predict_does(is_named, export, tmp_path):
    plain = describe("question_answering", version="v2.0", null_threshold=0.0)
    lead = predicted(open_task_model(export(plain, lengths=(128,))))["null_difference"]
    for threshold in (lead - 0.01, lead + 0.01):
        described = describe(
            "question_answering", version="v2.0", null_threshold=threshold if is_named else None
        ).model_copy(update={"null_threshold": lead if is_named else threshold})
        artifact = export(described, lengths=(128,))
        model = open_task_model(artifact)
        wanted = predicted(model)["answer"]
        assert bool(wanted) == (threshold > lead)
        (artifact.parent / "script.py").write_text(python_snippet(model))
        done = subprocess.run(
            [sys.executable, "-I", "script.py"],
            cwd=artifact.parent,
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout == f"{wanted or NO_ANSWER}\n"


@pytest.mark.slow
def test_the_script_says_that_a_text_without_words_has_no_answer(export, tmp_path):
    shutil.copy(export(describe("question_answering"), lengths=(128,)), tmp_path)
    script = python_snippet(open_task_model(tmp_path / "model.tflite"))
    blank = re.sub(r"^question, text = .*$", 'question, text = "Who?", " "', script, flags=re.MULTILINE)
    assert blank != script
    (tmp_path / "script.py").write_text(blank)
    done = subprocess.run(
        [sys.executable, "-I", "script.py"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.endswith("There is no answer in a text without words.\n")


@pytest.mark.slow
def test_the_script_runs_a_text_at_the_shortest_length_with_padding_behind_it(export, tmp_path):
    shutil.copy(export(describe("classification"), lengths=(8, LENGTH)), tmp_path)
    script = python_snippet(open_task_model(tmp_path / "model.tflite"))
    counted = script.replace("    run = runners[length]\n", "    run = runners[length]\n    print(length)\n")
    assert counted != script
    asked = "".join(f"answer(cut('a ' * 20).ids[:{count}])\n" for count in (5, 6, 30))  # and [CLS] and [SEP]
    (tmp_path / "script.py").write_text(counted.partition("texts = [")[0] + asked)
    done = subprocess.run(
        [sys.executable, "-I", "script.py"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == ["8", str(LENGTH), str(LENGTH)]


def test_apps_get_code_for_the_clients_of_mediapipe_alone():
    assert mobile_snippets(None) == mobile_snippets(QUESTION_ANSWERER) == {}
    for client, name in ((TEXT_CLASSIFIER, "TextClassifier"), (TEXT_EMBEDDER, "TextEmbedder")):
        code = mobile_snippets(client)
        assert list(code) == ["kotlin", "swift"]
        assert f"import com.google.mediapipe.tasks.text.{name.lower()}.{name}\n" in code["kotlin"]
        assert f'{name}.createFromFile(context, "model.tflite")' in code["kotlin"]
        assert f"try {name}(modelPath: path)" in code["swift"]
        assert not any(
            f"${word}" in text for text in code.values() for word in ("name", "client", "body", "package")
        )
