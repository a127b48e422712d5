"""Text without labels that every machine has, as examples of any kind of task."""

from itertools import islice

import numpy as np

from mbert_cli.corpus.installed_docs import installed_documents
from mbert_cli.corpus.options import InstalledDocsCorpus
from mbert_cli.examples.squad import Question, Squad, collect_squad
from mbert_cli.examples.texts import Examples, TaskData
from mbert_cli.examples.tokens import TokenExamples

PACKAGES = ("numpy", "scipy", "sklearn")
MIN_WORDS = 12
MAX_PARAGRAPHS = 2000


def unlabelled_examples(task: TaskData) -> Examples | Squad | TokenExamples:
    """Paragraphs of the documentation inside installed packages, always the same; their labels mean nothing."""
    documents = installed_documents(InstalledDocsCorpus(source="installed_docs", packages=list(PACKAGES)))
    long_ones = (
        text for document in documents for text in document.paragraphs if len(text.split()) >= MIN_WORDS
    )
    texts = list(islice(long_ones, MAX_PARAGRAPHS))
    if task.kind == "question_answering":
        questions = [Question(str(place), _question(text), text, ()) for place, text in enumerate(texts)]
        return collect_squad("documentation", questions)
    if task.kind == "token_classification":
        return TokenExamples(texts, [[] for _ in texts], None)
    labels = np.zeros(
        (len(texts), len(task.labels)) if task.kind == "multi_label" else len(texts), np.float32
    )
    return Examples(texts, None, labels if task.kind != "classification" else labels.astype(np.int32))


def _question(text: str) -> str:
    """A question about a paragraph: what follows its first words."""
    return f"What of {' '.join(text.split()[:4])}?"
