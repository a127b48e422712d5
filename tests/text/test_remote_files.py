"""Files behind URLs: which there are, what is known of them, and what is said where there are none."""

import fsspec
import pytest

from mbert_cli.errors import UserError
from mbert_cli.text.remote_files import (
    RemoteFile,
    forget_remote_files,
    is_url,
    local_pattern,
    match_remote_files,
    size_of,
)
from tests.web_server import serve


@pytest.fixture
def bucket():
    """The file system of memory://, empty before and after."""
    forget_remote_files()
    memory = fsspec.filesystem("memory")
    yield memory
    memory.store.clear()
    forget_remote_files()


@pytest.fixture
def site():
    forget_remote_files()
    with serve() as server:
        yield server


def refused(url: str) -> UserError:
    with pytest.raises(UserError) as caught:
        match_remote_files(url)
    return caught.value


def test_what_a_url_is():
    urls = ["gs://b/x", "hf://datasets/a/b", "https://x.org/a.txt", "file:///a"]
    assert all(map(is_url, urls))
    assert not any(map(is_url, ["a/b.txt", "/a//b", "C:/a.txt", "**/*.txt"]))
    assert [local_pattern(text) for text in ("file:///a%20b/*.txt", "a%20b")] == ["/a b/*.txt", "a%20b"]


def test_patterns_match_files_in_order_and_across_folders(bucket):
    for name in ("b", "a", "deep/er/c"):
        bucket.pipe(f"/books/{name}.txt", name.encode())
    found = match_remote_files("memory://books/*.txt")
    assert [str(file) for file in found] == ["memory:///books/a.txt", "memory:///books/b.txt"]
    assert len(match_remote_files("memory://books/**/*.txt")) == 3
    assert match_remote_files("memory://books/*.md") == ()
    (file,) = match_remote_files("memory://books/deep/er/?.txt")
    assert (file.name, file.suffix, file.size, size_of(file)) == ("c.txt", ".txt", 9, 9)
    assert file.open().read() == b"deep/er/c"


def test_a_file_that_is_written_again_has_another_version(bucket):
    versions = set()
    for _ in range(2):
        bucket.pipe("/a.txt", b"same")
        forget_remote_files()
        versions |= {match_remote_files("memory://a.txt")[0].version}
    assert len(versions) == 2


def test_files_are_looked_for_once_in_a_command(bucket):
    assert match_remote_files("memory://*.txt") == ()
    bucket.pipe("/a.txt", b"later")
    assert match_remote_files("memory://*.txt") == ()
    forget_remote_files()
    assert len(match_remote_files("memory://*.txt")) == 1


def test_a_file_that_is_not_there_and_a_folder_are_refused(bucket):
    bucket.pipe("/books/a.txt", b"a")
    error = refused("memory://books/b.txt")
    assert error.message == "A URL must lead to a file. Received: memory://books/b.txt (not found)"
    error = refused("memory://books")
    assert error.message == "A URL must lead to a file. Received: memory:///books, a folder"
    assert error.hint == "Name its files: memory:///books/*"
    assert refused("memory://").hint == "Name its files: memory://*"


def test_the_name_of_a_url_is_without_its_query():
    file = RemoteFile("https://x.org/a%20b.jsonl.gz?download=true#1")
    assert (file.name, file.suffix) == ("a b.jsonl.gz", ".gz")


def test_pages_of_a_web_server_are_searched_for_files(site):
    site.files |= {"/a.txt": b"abc", "/b.txt": b"de", "/c.md": b""}
    found = match_remote_files(f"{site.url}/*.txt")
    assert [(str(file), file.size) for file in found] == [(f"{site.url}/a.txt", 3), (f"{site.url}/b.txt", 2)]
    assert found[0].version.startswith("ETag=")
    assert [file.has_ranges for file in found] == [True, True]
    site.has_ranges = False
    forget_remote_files()
    assert not match_remote_files(f"{site.url}/a.txt")[0].has_ranges


def test_a_web_server_that_has_no_such_file_or_lets_nobody_in_is_told(site):
    assert refused(f"{site.url}/no.txt").message.endswith(f"Received: {site.url}/no.txt (not found)")
    error = refused(f"{site.url}/private.txt")
    assert error.message.startswith(
        f"A URL must be readable. Received: {site.url}/private.txt (ClientResponseError: 403"
    )
    assert error.hint == "Check the address and the network."
