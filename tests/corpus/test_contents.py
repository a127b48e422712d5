"""What a corpus holds, as the contents of files."""

import hashlib
from pathlib import Path

import fsspec
import pytest

from mbert_cli.corpus.contents import (
    corpus_contents,
    dataset_content,
    file_states,
    globs_content,
    packages_content,
    require_unchanged,
)
from mbert_cli.corpus.options import FilesCorpus, InstalledDocsCorpus, MixCorpus, TfdsCorpus
from mbert_cli.errors import UserError
from mbert_cli.text import remote_systems
from mbert_cli.text.remote_files import forget_remote_files
from tests.web_server import serve

pytestmark = pytest.mark.usefixtures("empty_folder")


def write(name: str, text: str = "a") -> Path:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def names(found) -> dict[str, list[str]]:
    return {key: [file.name for file in content.files] for key, content in found.items()}


def test_of_packages_each_has_one_hash_of_its_source(tmp_path, monkeypatch):
    write("pack/__init__.py", '"""Text."""')
    write("pack/one.py", "x = 1")
    monkeypatch.syspath_prepend(tmp_path)
    corpus = InstalledDocsCorpus(source="installed_docs", packages=["pack"])
    before = corpus_contents(corpus, {})["corpus.packages"]
    assert names({"corpus": before}) == {"corpus": ["pack"]}
    write("pack/one.py", "x = 2")
    assert packages_content(["pack"]).identity != before.identity
    write("pack/one.py", "x = 1")
    assert corpus_contents(corpus, {})["corpus.packages"].identity == before.identity


def test_of_files_those_count_that_the_patterns_match_in_their_order():
    write("books/a.txt")
    write("books/b.md", "b")
    write("books/c.md", "c")
    globs = ["books/*.txt", "books/b.*"]
    found = corpus_contents(FilesCorpus(source="files", globs=globs), {})
    assert names(found) == {"corpus.globs": ["books/a.txt", "books/b.md"]}
    assert found["corpus.globs"].path == "books/*.txt, books/b.*"


def test_of_a_prepared_data_set_all_files_count_that_are_whole():
    corpus = TfdsCorpus(source="tfds", dataset="books/all", data_dir="sets")
    assert corpus_contents(corpus, {}) == dataset_content("k", "books/all", "sets", {}) == {}
    write("sets/books/all/1.0.0/shard")
    write("sets/books/all/1.0.0.incomplete-x/shard")
    assert names(corpus_contents(corpus, {})) == {"corpus.data_dir": ["1.0.0/shard"]}


def test_a_remote_file_is_known_by_its_version_else_by_what_it_holds():
    forget_remote_files()
    memory = fsspec.filesystem("memory")
    write("z.txt")
    with serve() as site:
        site.files["/a.txt"] = b"abc"
        memory.pipe("/b.txt", b"abc")
        globs = [f"{site.url}/a.txt", "memory://b.txt", "z.txt"]
        content = globs_content(globs, None)
        assert names({"": content}) == {"": ["z.txt", f"{site.url}/a.txt", "memory:///b.txt"]}
        assert [file.bytes for file in content.files] == [1, 3, 3]
        assert globs_content(globs, None).identity == content.identity
        forget_remote_files()
        memory.pipe("/b.txt", b"abd")
        assert globs_content(globs, None).identity != content.identity
    memory.store.clear()


def test_a_remote_file_without_a_version_is_hashed(monkeypatch):
    monkeypatch.setattr(remote_systems, "_VERSIONS", ())
    forget_remote_files()
    memory = fsspec.filesystem("memory")
    memory.pipe("/b.txt", b"abc")
    (file,) = globs_content(["memory://b.txt"], None).files
    assert (file.bytes, file.sha256) == (3, hashlib.sha256(b"abc").hexdigest())
    memory.store.clear()
    forget_remote_files()


def test_files_that_changed_since_they_were_looked_at_are_refused():
    paths = [write(f"books/{name}.txt") for name in "abc"]
    part = {"source": "files", "globs": ["books/*.txt"]}
    mix = MixCorpus(source="mix", mix=[part, {"source": "installed_docs"}])
    states = file_states(mix)
    assert list(states) == paths
    assert states == file_states(FilesCorpus(**part))
    paths[0].unlink()
    require_unchanged(states)
    write("books/b.txt", "ab")
    write("books/c.txt", "ab")
    with pytest.raises(UserError) as caught:
        require_unchanged(states)
    assert caught.value.message == (
        "A file of a corpus must stay as it is while it is read. Received: books/b.txt, which changed, and 1 more"
    )
