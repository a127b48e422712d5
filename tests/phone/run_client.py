"""Runs a client of phones in an environment of its own, whose packages do not go together with ours.

Standard input: {"client": "TextClassifier" | "TextEmbedder" | "BertQuestionAnswerer", "model": path, "asked": [...]},
where the question answerer is asked pairs of context and question and the others texts. Standard output:
{"answers": [...]}, for a text a score by label or a vector and for a question what the client finds, or
{"refused": message}.
"""

import json
import sys
from typing import Any


def main() -> None:
    request = json.load(sys.stdin)
    clients = {"TextClassifier": classify, "TextEmbedder": embed, "BertQuestionAnswerer": answer}
    try:
        found = {"answers": clients[request["client"]](request["model"], request["asked"])}
    except (RuntimeError, ValueError) as error:
        found = {"refused": str(error)}
    sys.stdout.write(json.dumps(found) + "\n")


def classify(model: str, texts: list[str]) -> list[dict[str, float]]:
    from mediapipe.tasks.python import BaseOptions
    from mediapipe.tasks.python.text import TextClassifier, TextClassifierOptions

    options = TextClassifierOptions(base_options=BaseOptions(model_asset_path=model))
    with TextClassifier.create_from_options(options) as client:
        results = [client.classify(text) for text in texts]
    return [
        {category.category_name: category.score for category in result.classifications[0].categories}
        for result in results
    ]


def embed(model: str, texts: list[str]) -> list[list[float]]:
    from mediapipe.tasks.python import BaseOptions
    from mediapipe.tasks.python.text import TextEmbedder, TextEmbedderOptions

    options = TextEmbedderOptions(base_options=BaseOptions(model_asset_path=model))
    with TextEmbedder.create_from_options(options) as client:
        results = [client.embed(text) for text in texts]
    return [result.embeddings[0].embedding.tolist() for result in results]


def answer(model: str, asked: list[tuple[str, str]]) -> list[list[dict[str, Any]]]:
    from tflite_support.task.text import BertQuestionAnswerer

    client = BertQuestionAnswerer.create_from_file(model)
    return [
        [
            {"text": one.text, "start": one.pos.start, "end": one.pos.end, "logit": one.pos.logit}
            for one in client.answer(context, question).answers
        ]
        for context, question in asked
    ]


main()
