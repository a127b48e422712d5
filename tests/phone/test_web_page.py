"""The page of an artifact in a browser: the same answers as `mbert predict`, on a screen of 400 pixels."""

import json
from typing import Any

import pytest

from mbert_cli.examples.options import ImportedTask
from mbert_cli.examples.texts import TaskData
from mbert_cli.phone.web_packages import WebPackages, find_web_packages
from mbert_cli.phone.web_page import WebPage, page_settings, write_page
from mbert_cli.tasks.asked import AskedQuestions, AskedTexts
from mbert_cli.tasks.kinds import kind_of
from mbert_cli.tasks.model import TaskModel, open_task_model
from tests.phone.described import LABELS, VOCABULARY, describe, task_of_kind

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


def assert_alike(shown: Any, expected: Any) -> None:
    """Equal, but for figures, which may differ in the last digit that is shown."""
    if isinstance(expected, dict):
        assert shown.keys() == expected.keys()
        for key, value in expected.items():
            assert_alike(shown[key], value)
    elif isinstance(expected, list):
        assert len(shown) == len(expected)
        for one, other in zip(shown, expected, strict=True):
            assert_alike(one, other)
    elif isinstance(expected, float):
        assert shown == pytest.approx(expected, abs=TOLERANCE)
    else:
        assert shown == expected


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
    artifact = export(describe("regression"))
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


@pytest.mark.slow
@pytest.mark.parametrize("kind", LABELS)
def test_a_page_answers_as_predict_does(kind, export, npm_packages, browse, serve, tmp_path):
    artifact = export(describe(kind))
    model = open_task_model(artifact)
    write_page(artifact, page_of(model, find_web_packages(str(npm_packages))))
    if kind == "question_answering":
        asked, expected = [], []
        for context in TEXTS:
            questions = AskedQuestions(("What sees the cat?", "a " * 30), context)
            asked += [[question, context] for question in questions.questions]
            expected += [
                {key: value for key, value in record.items() if key != "question"}
                for record in predicted(model, questions)
            ]
    else:
        asked = [[text] for text in TEXTS]
        expected = [
            {key: value for key, value in record.items() if key != "text"}
            for record in predicted(model, AskedTexts(TEXTS))
        ]
    screenshot = str(tmp_path / f"{kind}.png")
    (found,) = browse([{"url": serve(artifact.parent / "page"), "asked": asked, "screenshot": screenshot}])
    assert found["errors"] == []
    assert found["width"] == 400
    if kind == "token_classification":
        expected = [{"pieces": record["entities"]} for record in expected]
    assert_alike(found["records"], expected)
    times = dict(zip(found["times"][::2], found["times"][1::2], strict=True))
    assert 0 < float(times["p50"].removesuffix(" ms")) <= float(times["p90"].removesuffix(" ms"))
    assert times["runs"] == "100, after 10 that were not timed"
    assert "Chrome" in times["device"] and int(times["cores"]) > 0
