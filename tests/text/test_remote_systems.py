"""What reads a URL, and what is said where a library is missing or lets nobody in."""

import sys

import fsspec  # noqa: F401 - whose registry is looked into
import pytest

from mbert_cli.errors import UserError
from mbert_cli.text.remote_systems import LIBRARIES, file_system, reason_of, size_and_version, unreachable


def refused(url: str) -> UserError:
    with pytest.raises(UserError) as caught:
        file_system(url)
    return caught.value


@pytest.mark.parametrize(
    "url", ["gs://b/a.txt", "s3://b/a.txt", "https://x.org/a.txt", "hf://datasets/a/b.txt"]
)
def test_a_library_that_is_missing_is_named_with_the_command_that_installs_it(monkeypatch, url):
    scheme = url.partition("://")[0]
    library = LIBRARIES[scheme]
    monkeypatch.setitem(sys.modules, library, None)
    for name in ("fsspec.implementations.http", "huggingface_hub.hf_file_system"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.delitem(sys.modules["fsspec.registry"]._registry, scheme, raising=False)
    error = refused(url)
    assert error.message == (
        f"A URL needs the library that reads it, {library}. Received: {url} in an environment without it"
    )
    assert error.hint == f"pip install {library}"


def test_a_library_that_only_fsspec_knows_is_named_too(monkeypatch):
    monkeypatch.setitem(sys.modules, "paramiko", None)
    monkeypatch.delitem(sys.modules, "fsspec.implementations.sftp", raising=False)
    assert refused("sftp://host/a.txt").hint == "pip install paramiko"


def test_the_kind_of_a_url_may_be_in_capital_letters():
    assert file_system("MEMORY://Books/a.txt")[1] == "/Books/a.txt"


def test_without_fsspec_both_are_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "fsspec", None)
    error = refused("s3://b/a.txt")
    assert "needs the library that reads it, fsspec." in error.message
    assert error.hint == "pip install fsspec s3fs"


def test_a_url_of_no_kind_that_is_known_is_refused():
    assert refused("gopher://x/a.txt").message.startswith(
        "A URL must be of a kind that fsspec knows. Received: gopher://x/a.txt ("
    )


def test_what_is_known_of_a_file():
    assert size_and_version({"size": 3, "ETag": "x", "LastModified": 1}) == (3, "ETag=x")
    assert size_and_version({"name": "a"}) == (None, "")


def test_whoever_has_no_access_is_told_what_the_library_said():
    error = unreachable("s3://b/a.txt", PermissionError("Access Denied\nmore"))
    assert error.message == "A URL must be readable. Received: s3://b/a.txt (PermissionError: Access Denied)"
    assert error.hint == "Check address, network and credentials, which s3fs looks for in its usual places."
    assert "not found" in unreachable("s3://b/a.txt", FileNotFoundError("a")).message
    assert reason_of(TimeoutError()) == "TimeoutError"
