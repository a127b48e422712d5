"""The sample that a vocabulary is trained on."""

from mbert_cli.corpus.document import Document
from mbert_cli.corpus.sampling import sample_texts

DOCUMENTS = [Document(name=str(i), paragraphs=[f"{i:02d} " + "x" * 97]) for i in range(16)]


def numbers(texts: list[str]) -> list[int]:
    return [int(text[:2]) for text in texts]


def test_a_small_corpus_is_taken_whole():
    assert numbers(sample_texts(DOCUMENTS, megabytes=1)) == list(range(16))


def test_a_large_corpus_is_taken_evenly_within_the_limit():
    assert numbers(sample_texts(DOCUMENTS, megabytes=500e-6)) == [0, 4, 8, 12]


def test_one_document_is_kept_whatever_its_size():
    assert numbers(sample_texts(DOCUMENTS, megabytes=1e-6)) == [0]
