"""`mbert prepare` on corpora as people have them: behind URLs, mixed, growing, and damaged."""

import gzip
import json
from pathlib import Path

import fsspec
import pytest

from mbert_cli.commands import prepare as prepare_command
from mbert_cli.corpus import pieces as corpus_pieces
from mbert_cli.corpus.store import TokenStore
from mbert_cli.text import remote_reading
from mbert_cli.text.remote_files import forget_remote_files
from mbert_cli.text.vocabulary import LEADING_TOKENS
from tests.web_server import serve

FINAL = Path("runs/prepare-books/final")


@pytest.fixture
def prepare(run, empty_folder, monkeypatch):
    """Prepares a corpus in the working directory; each file is a piece of its own."""
    monkeypatch.setattr(corpus_pieces, "PIECE_BYTES", 1)
    monkeypatch.setattr(remote_reading, "WAIT_SECONDS", 0.0)
    letters = "abcdefghijklmnopqrstuvwxyz"
    Path("vocab.txt").write_text("\n".join([*LEADING_TOKENS, *letters, *(f"##{a}" for a in letters), "."]))
    forget_remote_files()

    def prepare(*settings: str, dry_run: bool = False) -> tuple[int, str, str]:
        words = [word for setting in ("vocabulary.file=vocab.txt", *settings) for word in ("--set", setting)]
        return run("prepare", "books", *words, *["--dry-run"] * dry_run)

    return prepare


@pytest.fixture
def bucket():
    """The file system of memory://, with two files."""
    memory = fsspec.filesystem("memory")
    memory.pipe({f"/web/{name}.txt": f"Ab {name} cd. Ef.".encode() for name in "ab"})
    yield memory
    memory.store.clear()


def sources() -> list[dict]:
    return [json.loads(line) for line in (FINAL / "sources.jsonl").read_text().splitlines()]


def mix(weight: float = 2) -> list[str]:
    books = f"{{source: files, globs: ['books/*'], weight: {weight}}}"
    web = "{source: files, globs: [web.jsonl], where: score > 1}"
    return ["corpus.source=mix", f"corpus.mix=[{books}, {web}]"]


def test_a_store_says_which_url_gave_what_and_grows_by_new_ones(prepare, bucket):
    globs = "corpus.globs=['memory://web/*.txt']"
    assert prepare(globs)[0] == 0
    assert [source["name"] for source in sources()] == ["memory:///web/a.txt", "memory:///web/b.txt"]
    bucket.pipe("/web/c.txt", b"Gh ij.")
    code, _, said = prepare(globs)
    assert (code, len(sources())) == (0, 3)
    assert "The store grows: 2 files of it stay as they are" in said
    bucket.pipe("/web/a.txt", b"Another text.")
    code, _, said = prepare(globs)
    assert code == 2
    assert "memory:///web/a.txt has 13 bytes" in said


def test_a_file_that_changes_while_it_is_read_makes_no_store(prepare, monkeypatch):
    Path("books").mkdir()
    for name in "abc":
        Path(f"books/{name}.txt").write_text(f"Ab {name} cd. Ef.")

    def encode_and_change(*arguments):
        encoded = corpus_pieces.encode_pieces(*arguments)
        Path("books/b.txt").write_text("Ab b cd. Ef. Gh.")
        Path("books/c.txt").unlink()  # what was read may go
        return encoded

    with monkeypatch.context() as patch:
        patch.setattr(prepare_command, "encode_pieces", encode_and_change)
        code, _, said = prepare("corpus.globs=['books/*']")
    assert (code, FINAL.exists()) == (2, False)
    assert (
        "A file of a corpus must stay as it is while it is read. Received: books/b.txt, which changed" in said
    )
    assert prepare("corpus.globs=['books/*']")[0] == 0
    assert [source["text_bytes"] for source in sources()] == [12, 16]


def test_a_url_without_its_library_writes_nothing(prepare):
    code, _, said = prepare("corpus.globs=['gs://bucket/*.txt']")
    assert code == 2
    assert "A URL needs the library that reads it, gcsfs. Received: gs://bucket/*.txt" in said
    assert "Hint: pip install gcsfs" in said
    assert not Path("runs").exists()


def test_a_connection_that_breaks_for_good_costs_no_other_file(prepare):
    with serve() as site:
        site.files |= {f"/{name}.txt": f"Ab {name} cd. Ef.".encode() for name in "abc"}
        globs = f"corpus.globs=['{site.url}/a.txt', '{site.url}/b.txt', '{site.url}/c.txt']"
        site.refused.add("/b.txt")
        code, _, said = prepare(globs)
        assert code == 2
        assert f"Received: {site.url}/b.txt at offset 0 (" in said
        assert "What the other files gave is kept: the same command goes on." in said
        site.refused.clear()
        site.requests.clear()
        assert prepare(globs)[0] == 0
        assert {path for path, _ in site.requests} == {"/b.txt"}
    assert [source["documents"] for source in sources()] == [1, 1, 1]


def test_a_damaged_file_is_named_and_the_same_command_goes_on(prepare):
    Path("a.txt").write_text("Ab cd. Ef.")
    whole = gzip.compress(b"Gh ij. " * 50)
    Path("b.txt.gz").write_bytes(whole[:-9])
    code, _, said = prepare("corpus.globs=['*.txt*']")
    assert code == 2
    assert "Received: b.txt.gz before offset" in said
    assert not FINAL.exists()
    Path("b.txt.gz").write_bytes(whole)
    assert prepare("corpus.globs=['a.txt', 'b.txt.gz']")[0] == 0
    assert len(sources()) == 2


def test_a_mix_is_shown_by_its_parts_and_grows(prepare):
    Path("books").mkdir()
    for name in "ab":
        Path(f"books/{name}.txt").write_text(f"Ab {name} cd. Ef.")
    Path("web.jsonl").write_text(
        "".join(json.dumps({"text": f"Xy {letter}.", "score": 1 + (letter > "m")}) + "\n" for letter in "akz")
    )
    _, planned, _ = prepare(*mix(), dry_run=True)
    assert "corpus.mix.0 (books/*) each document counts 2 times" in " ".join(planned.split())
    code, shown, _ = prepare(*mix())
    assert code == 0
    lines = [" ".join(line.split()) for line in shown.splitlines()]
    assert "corpus.mix.0 (books/*) 4 documents, 36 tokens" in lines
    assert "corpus.mix.1 (web.jsonl) 1 document, 4 tokens" in lines
    assert [source["part"] for source in sources()] == [0, 0, 1]
    assert prepare(*mix())[0] == 0
    Path("books/c.txt").write_text("Mn.")
    assert prepare(*mix())[0] == 0
    assert TokenStore(FINAL).report.parts[0]["documents"] == 6
    code, _, said = prepare(*mix(3))
    assert code == 2
    assert "corpus.mix.0.weight: 3.0 (the run in runs/prepare-books has 2.0)" in said


def test_a_part_of_a_mix_that_is_empty_is_named(prepare):
    code, _, said = prepare(*mix())
    assert code == 2
    assert "A pattern of corpus.mix.0.globs must match a file. Received: 'books/*'" in said
    assert not Path("runs").exists()
    Path("books").mkdir()
    Path("books/a.txt").write_text("Ab cd.")
    Path("web.jsonl").write_text('{"text": "Xy.", "score": 0}\n')
    code, _, said = prepare(*mix())
    assert code == 2
    assert (
        "Each part of corpus.mix must give a document. Received: corpus.mix.1 (web.jsonl) with no document (rows that corpus.where leaves out: 1)"
        in said
    )
    assert not FINAL.exists()


@pytest.mark.parametrize("vocabulary", ["vocab.txt", "null"])
def test_a_condition_that_no_row_fulfils_is_told_with_and_without_a_vocabulary(prepare, vocabulary):
    Path("web.jsonl").write_text('{"text": "Xy.", "score": 0}\n' * 3)
    where = ("corpus.globs=[web.jsonl]", "corpus.where=score > 1")
    code, _, said = prepare(f"vocabulary.file={vocabulary}", *where)
    assert code == 2
    assert "A corpus must have a sentence. Received: rows that corpus.where leaves out: 3" in said
    assert "Set corpus.where to a condition that rows fulfil." in said
