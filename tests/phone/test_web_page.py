"""The page of an artifact in a browser: the same answers as `mbert predict`, on a screen of 400 pixels."""

import json
import shutil
from typing import Any

import pytest

from mbert_cli.examples.options import ImportedTask
from mbert_cli.examples.task_columns import takes_pairs
from mbert_cli.examples.texts import TaskData
from mbert_cli.phone.web_packages import PUBLIC_ADDRESS, WebPackages, find_web_packages
from mbert_cli.phone.web_page import WebPage, page_settings, write_page
from mbert_cli.tasks.asked import AskedQuestions, AskedTexts
from mbert_cli.tasks.kinds import kind_of
from mbert_cli.tasks.model import TaskModel, open_task_model
from mbert_cli.text.matched_tokens import MatchedToken
from mbert_cli.text.vocabulary import Vocabulary
from tests.phone.described import LABELS, LENGTH, VOCABULARY, describe, task_of_kind

TEXTS = [
    "The cat sees 7 cats, seeing the cat!",
    "Élan d'été\u200b, e\u0301te\u0301 中文cat \u3000 x",
    "[SEP] the [MASK]cat ## the ÇA İstanbul ﬁne",
    "a",
    "the cat sees " * 20,
]
TOLERANCE = 2e-5


def page_of(model: TaskModel, packages: WebPackages) -> WebPage:
    return WebPage("A <title> & more", "facts", model.description, model.vocabulary, model.own_task, packages)


def predicted(model: TaskModel, asked: AskedTexts | AskedQuestions) -> list[dict[str, Any]]:
    """The records of `mbert predict --jsonl`."""
    kind = kind_of(model.description.kind)
    task = TaskData(asked.name, model.output_names, {}, kind=model.description.kind)
    encoded = model.encode(task, asked.examples(kind.unlabelled), model.own_task)
    return list(kind.answers(asked, encoded, model.answer(encoded, 8), model.output_names).records)


def assert_alike(shown: Any, expected: Any, name: str) -> None:
    """Equal, but for figures, which may differ in the last digit that is shown."""
    if isinstance(expected, dict):
        assert shown.keys() == expected.keys(), name
        for key, value in expected.items():
            assert_alike(shown[key], value, name)
    elif isinstance(expected, list):
        assert len(shown) == len(expected), name
        for one, other in zip(shown, expected, strict=True):
            assert_alike(one, other, name)
    elif isinstance(expected, float):
        assert shown == pytest.approx(expected, abs=TOLERANCE), name
    else:
        assert shown == expected, name


def settings_of(kind: str, **changes: Any) -> dict[str, Any]:
    description = describe(kind)
    task = changes.pop("task", None) or task_of_kind(kind, **changes)
    return page_settings(WebPage("title", "facts", description, VOCABULARY, task, WebPackages()))


def test_a_page_has_the_text_boxes_of_its_task():
    names = {kind: [field["name"] for field in settings_of(kind)["fields"]] for kind in LABELS}
    assert names == {
        "classification": ["Text"],
        "multi_label": ["Text"],
        "regression": ["Text"],
        "question_answering": ["Question", "Text"],
        "embedding": ["Text", "Second text, to compare"],
        "token_classification": ["Text"],
    }
    pair = settings_of("classification", second_text="answer")
    assert [field["name"] for field in pair["fields"]] == ["Text", "Second text"]
    assert "isSecondOptional" not in pair
    foreign = settings_of("classification", task=ImportedTask(source="imported"))
    assert foreign["isSecondOptional"]


def test_a_page_finds_answers_as_the_recipe_of_the_task_says():
    found = settings_of("question_answering", version="v2.0", null_threshold=1.5, num_best=7)
    assert (found["withNull"], found["nullThreshold"], found["numBest"], found["stride"]) == (True, 1.5, 7, 5)
    foreign = settings_of("question_answering", task=ImportedTask(source="imported", sequence_length=30))
    assert (foreign["withNull"], foreign["questionLength"]) == (False, 10)


def test_a_page_reads_tags_of_words_and_entities():
    assert settings_of("token_classification")["chunks"] == LABELS["token_classification"]
    assert settings_of("token_classification", document_stride=9)["stride"] == 9


def test_a_page_is_a_folder_of_its_own_whose_title_is_text(export):
    artifact = export(describe("classification"))
    write_page(artifact, page_of(open_task_model(artifact), WebPackages()))
    folder = artifact.parent / "page"
    assert {path.name for path in folder.iterdir()} == {
        "index.html", "settings.json", "vocabulary.json", "model.tflite", "page.css",
        *(f"{name}.js" for name in ("answers", "characters", "model", "page", "rows", "view", "wordpiece")),
    }  # fmt: skip
    document = (folder / "index.html").read_text()
    assert document.count("A &lt;title&gt; &amp; more") == 2
    assert "$" not in document
    assert json.loads((folder / "vocabulary.json").read_text()) == list(VOCABULARY.tokens)
    assert (folder / "model.tflite").read_bytes() == artifact.read_bytes()


MATCHED = Vocabulary(
    VOCABULARY.tokens, True,
    tuple(
        MatchedToken(VOCABULARY.ids[token], token, special=True, normalized=False, is_word=True)
        for token in ("[SEP]", "[MASK]")
    ),
)  # fmt: skip
CASES: dict[str, dict[str, Any]] = {
    **{kind: {"kind": kind} for kind in LABELS},
    "pair": {"kind": "regression", "second_text": "answer"},
    "unanswerable": {"kind": "question_answering", "version": "v2.0", "null_threshold": -0.3},
    "tags": {"kind": "token_classification", "names": ["NOUN", "VERB", "DET", "NUM", "ADJ"]},
    "client": {"kind": "classification", "client": "mediapipe"},
    "matched": {"kind": "classification", "vocabulary": MATCHED},
    "lengths": {"kind": "classification", "lengths": (8, 16, LENGTH)},
    "lengths of words": {"kind": "token_classification", "lengths": (8, LENGTH)},
}
"""Models whose pages answer as `mbert predict` does."""


def ask(model: TaskModel) -> tuple[list[list[str]], list[dict[str, Any]]]:
    """What a page is asked, and the records that `mbert predict` gives for it, without the texts."""
    if kind_of(model.description.kind).asks_questions:
        asked = [AskedQuestions(("What sees the cat?", "a " * 30), text) for text in TEXTS]
        pairs = [[question, one.context] for one in asked for question in one.questions]
        return pairs, [record for one in asked for record in predicted(model, one)]
    seconds = TEXTS[::-1] if takes_pairs(model.own_task) else None
    records = predicted(model, AskedTexts(TEXTS, seconds))
    return [list(pair) for pair in zip(TEXTS, *([seconds] if seconds else []), strict=True)], records


@pytest.mark.slow
def test_pages_answer_as_predict_does(export, npm_packages, browse, serve, tmp_path):
    packages = find_web_packages(str(npm_packages))
    pages, expected = [], []
    for name, case in CASES.items():
        changes = dict(case)
        vocabulary, lengths = changes.pop("vocabulary", VOCABULARY), changes.pop("lengths", (LENGTH,))
        description = describe(changes.pop("kind"), vocabulary, **changes)
        artifact = export(description, vocabulary, lengths)
        model = open_task_model(artifact)
        write_page(artifact, page_of(model, packages))
        asked, records = ask(model)
        pages.append(
            {
                "url": serve(artifact.parent / "page"),
                "asked": asked,
                "screenshot": str(tmp_path / f"{name}.png"),
            }
        )
        expected.append(records)
    for name, records, found in zip(CASES, expected, browse(pages), strict=True):
        assert found["errors"] == [], name
        assert found["width"] == 400, name
        for record, shown in zip(records, found["records"], strict=True):
            pieces = {key for key in ("entities", "words") if key in record}
            own = {
                key: value for key, value in record.items() if key not in ("text", "second_text", "question")
            }
            assert_alike(shown, {"pieces": record[pieces.pop()]} if pieces else own, name)
        times = dict(zip(found["times"][::2], found["times"][1::2], strict=True))
        assert 0 < float(times["p50"].removesuffix(" ms")) <= float(times["p90"].removesuffix(" ms"))
        assert times["runs"] == "100, after 10 that were not timed"
        assert "Chrome" in times["device"]
        assert int(times["cores"]) > 0
        assert found["tokens"][0] == VOCABULARY.cls_id


@pytest.mark.slow
def test_a_page_says_what_is_missing(export, npm_packages, browse, serve):
    """One takes its packages from the public address, one cannot reach that, one has lost them, and one its model."""
    local = find_web_packages(str(npm_packages))
    artifacts = [export(describe("regression")) for _ in range(4)]
    for artifact, packages in zip(artifacts, (WebPackages(), WebPackages(), local, local), strict=True):
        write_page(artifact, page_of(open_task_model(artifact), packages))
    shutil.rmtree(artifacts[2].parent / "page" / "packages")
    (artifacts[3].parent / "page" / "model.tflite").unlink()
    modules = npm_packages / "node_modules" / "@litertjs"
    served = {
        f"{PUBLIC_ADDRESS}/@litertjs/{name}@2.5.3/": f"{modules / name}/" for name in ("core", "wasm-utils")
    }
    pages: list[dict[str, Any]] = [{"url": serve(artifact.parent / "page")} for artifact in artifacts]
    reached, unreached, lost, without_model = browse([pages[0] | {"served": served}, *pages[1:]])
    assert (reached["ready"], reached["errors"], reached["state"]) == ("true", [], "")
    assert unreached["state"] == (
        "LiteRT.js 2.5.3, from https://cdn.jsdelivr.net/npm, could not be loaded. This device needs the network for it. "
        "For a page that needs none, export it again with --set export.page_packages=FOLDER, where npm installed the "
        "packages."
    )
    assert lost["state"] == (
        "LiteRT.js 2.5.3, from packages, could not be loaded. The folder packages belongs to this page: copy it too, or "
        "export the page again."
    )
    assert without_model["state"] == (
        "model.tflite could not be loaded (HTTP 404). Copy the whole folder of this page."
    )
    assert {page["ready"] for page in (unreached, lost, without_model)} == {"false"}
    assert {page["width"] for page in (reached, unreached, lost, without_model)} == {400}
