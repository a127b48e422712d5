"""The page of an artifact: a static web page that runs it in a browser, on the phone that opens it."""

import html
import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from string import Template
from typing import Any

from mbert_cli.evaluate.entities import chunk_labels
from mbert_cli.evaluate.judges import THRESHOLD
from mbert_cli.examples.options import AnyTask, ImportedTask, TokenTask
from mbert_cli.examples.task_columns import client_of, takes_pairs
from mbert_cli.figures import in_words
from mbert_cli.phone.web_packages import CORE, WebPackages
from mbert_cli.runs.artifacts import ARTIFACT_FILE
from mbert_cli.tasks.encoding import null_threshold_of, with_windows
from mbert_cli.tasks.kinds import kind_of
from mbert_cli.text.vocabulary import Vocabulary
from mbert_cli.weights.description import ModelDescription

PAGE_FOLDER = "page"
"""Where the page of an artifact lies beside it."""
WEB = Path(__file__).parent / "web"
EXAMPLE = "The parcel arrived two days late, and the box was open."
SECOND_EXAMPLE = "The delivery was not on time."
QUESTION = "When does the library close?"
CONTEXT = "The library opens at nine in the morning and closes at six. On Sundays it stays closed all day."
ENTITIES = "Ada Lovelace met Charles Babbage in London in June 1833."


@dataclass(frozen=True)
class WebPage:
    """What a page is made of.

    Attributes:
        title: Its heading.
        facts: What is known of the artifact, in a line.
        description: The model.
        vocabulary: Its vocabulary.
        task: How texts are read; its sequence_length is that of the artifact.
        packages: Where the runtime comes from.
    """

    title: str
    facts: str
    description: ModelDescription
    vocabulary: Vocabulary
    task: AnyTask
    packages: WebPackages


def write_page(artifact: Path, page: WebPage) -> None:
    """Writes the folder `page` beside an artifact; with its packages it needs no network.

    Args:
        artifact: The .tflite file, which is copied into the folder.
        page: What the page is made of.
    """
    folder = artifact.parent / PAGE_FOLDER
    folder.mkdir()
    for file in sorted(WEB.glob("*.js")) + sorted(WEB.glob("*.css")):
        shutil.copyfile(file, folder / file.name)
    template = Template((WEB / "page.html").read_text(encoding="utf-8"))
    document = template.substitute(
        title=html.escape(page.title),
        facts=html.escape(page.facts),
        import_map=json.dumps(page.packages.import_map),
    )
    (folder / "index.html").write_text(document, encoding="utf-8")
    _write_json(folder / "settings.json", page_settings(page))
    _write_json(folder / "vocabulary.json", list(page.vocabulary.tokens))
    shutil.copyfile(artifact, folder / ARTIFACT_FILE)
    page.packages.copy_into(folder)


def page_settings(page: WebPage) -> dict[str, Any]:
    """What the scripts of a page know of the model."""
    description, packages = page.description, page.packages
    kind = kind_of(description.kind)
    return {
        "kind": description.kind,
        "labels": description.output_names or [],
        "outputs": kind.head.artifact_outputs,
        "lowercase": page.vocabulary.lowercase,
        "client": client_of(page.task),
        "matched": [asdict(token) for token in page.vocabulary.matched],
        "threshold": THRESHOLD,
        "runtime": {"module": CORE, "wasm": packages.wasm, "origin": packages.origin, "remedy": packages.remedy},
        **_fields(description.kind, page.task),
        **_reading(description, page.task),
    }  # fmt: skip


def _fields(kind: str, task: AnyTask) -> dict[str, Any]:
    """The text boxes; nobody knows whether a model from elsewhere takes pairs."""
    if kind_of(kind).asks_questions:
        return {"fields": [_field("Question", QUESTION, 2), _field("Text", CONTEXT, 7)]}
    if not kind_of(kind).head.is_pooled:
        return {"fields": [_field("Text", ENTITIES, 5)]}
    first = _field("Text", EXAMPLE, 4)
    if kind_of(kind).head.pooling is not None:
        second = _field("Second text, to compare", SECOND_EXAMPLE, 4)
        return {"fields": [first, second], "isSecondOptional": True}
    if takes_pairs(task):
        return {"fields": [first, _field("Second text", SECOND_EXAMPLE, 4)]}
    if isinstance(task, ImportedTask):
        second = _field("Second text, for a model of pairs", "", 2)
        return {"fields": [first, second], "isSecondOptional": True}
    return {"fields": [first]}


def _field(name: str, example: str, rows: int) -> dict[str, object]:
    return {"name": name, "example": example, "rows": rows}


def _reading(description: ModelDescription, task: AnyTask) -> Mapping[str, Any]:
    """How long texts are read, and answers are found, as `mbert predict` does both."""
    if kind_of(description.kind).asks_questions:
        options = with_windows(task)
        threshold = null_threshold_of(description, options)
        return {
            "stride": options.document_stride,
            "questionLength": options.question_length,
            "numBest": options.num_best,
            "maxAnswerTokens": options.max_answer_tokens,
            "withNull": threshold is not None,
            "nullThreshold": threshold or 0.0,
        }
    if kind_of(description.kind).head.is_pooled:
        return {}
    stride = task.document_stride if isinstance(task, TokenTask) else None
    return {"stride": stride, "chunks": chunk_labels(description.output_names or [])}


def _write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False) + "\n", encoding="utf-8")


def page_title(description: ModelDescription) -> str:
    """The heading of a page: what the model does."""
    summary = kind_of(description.kind).summary(description.output_names or ())
    return f"{in_words(description.kind).capitalize()}: {summary}"
