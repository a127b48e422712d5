"""Texts as examples of which nobody knows the right answers, and texts that every machine has."""

from itertools import islice

import numpy as np

from mbert_cli.corpus.installed_docs import installed_documents
from mbert_cli.corpus.options import InstalledDocsCorpus
from mbert_cli.examples.loading import MIN_PARAGRAPH_WORDS
from mbert_cli.examples.squad import Question, Squad, collect_squad
from mbert_cli.examples.texts import Examples
from mbert_cli.examples.tokens import TokenExamples

PACKAGES = ("numpy", "scipy", "sklearn")
MAX_PARAGRAPHS = 2000


def documentation() -> list[str]:
    """Paragraphs of the documentation inside installed packages, always the same."""
    documents = installed_documents(InstalledDocsCorpus(source="installed_docs", packages=list(PACKAGES)))
    long_ones = (
        text
        for document in documents
        for text in document.paragraphs
        if len(text.split()) >= MIN_PARAGRAPH_WORDS
    )
    return list(islice(long_ones, MAX_PARAGRAPHS))


def unlabelled_texts(texts: list[str], second_texts: list[str] | None = None) -> Examples:
    """Texts, or pairs of them, whose labels mean nothing."""
    return Examples(texts, second_texts, np.zeros(len(texts), np.int32))


def unlabelled_words(texts: list[str], second_texts: list[str] | None = None) -> TokenExamples:
    """Texts of which nobody knows the entities; there are no second ones."""
    return TokenExamples(texts, [[] for _ in texts], None)


def questions_about(texts: list[str], second_texts: list[str] | None = None) -> Squad:
    """A question about each text, what follows its first words; nobody knows the answers, nor are there pairs."""
    questions = [
        Question(str(place), f"What of {' '.join(text.split()[:4])}?", text, ())
        for place, text in enumerate(texts)
    ]
    return collect_squad("documentation", questions)
