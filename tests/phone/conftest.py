"""Artifacts of every kind of task with random weights, a browser, what npm installs, and a phone on adb."""

import functools
import http.server
import json
import shutil
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mbert_cli.phone.packing import artifact_files, describe_artifact
from mbert_cli.runs.manifest import write_directory
from mbert_cli.tasks.kinds import head_of
from mbert_cli.tasks.phone_client import fitting_client
from mbert_cli.text.vocabulary import Vocabulary
from mbert_cli.tflite.metadata import write_metadata
from mbert_cli.weights.description import ModelDescription
from mbert_cli.weights.saved_model import SavedModel
from tests.phone.described import LABELS, LENGTH, SIZE, VOCABULARY, describe
from tests.phone.fake_phones import FakePhones

PACKAGES = ("puppeteer-core@25.16.0", "@litertjs/core@2.5.3")
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
DRIVER = Path(__file__).with_name("drive_page.mjs")


def _convert(kind: str, vocabulary_size: int, lengths: tuple[int, ...] = (LENGTH,)) -> bytes:
    """A .tflite file of one block whose outputs differ clearly from row to row."""
    from mbert_cli.model.heads import build_task_network
    from mbert_cli.tflite.convert import convert
    from mbert_cli.tflite.lengths import merge_lengths

    head = head_of(describe(kind))
    network = build_task_network(
        SIZE, head=head, vocab_size=vocabulary_size, num_outputs=len(LABELS[kind] or ())
    )
    random = np.random.default_rng(3)
    for weight in network.weights:
        spread = 0.1
        if len(weight.shape) > 1:
            spread = 1.2 * weight.shape[0] ** -0.5 if "kernel" in weight.path else 0.5
        values = random.normal(0.0, spread, weight.shape)
        weight.assign((values + weight.path.endswith("gamma")).astype(np.float32))
    return merge_lengths({length: convert(network, length, "float32", head) for length in lengths})


@pytest.fixture(scope="session")
def converted() -> Callable[..., bytes]:
    """Kind, tokens of the vocabulary, lengths -> a .tflite file; each is made once."""
    return functools.cache(_convert)


@pytest.fixture
def export(converted, tmp_path) -> Callable[..., Path]:
    """Writes a folder as `mbert export-tflite` does, of a model with random weights; returns the artifact."""

    def export(
        description: ModelDescription,
        vocabulary: Vocabulary = VOCABULARY,
        lengths: tuple[int, ...] = (LENGTH,),
        show: Callable[[Path], None] = lambda folder: None,
    ) -> Path:
        def write(folder: Path) -> None:
            description.save(folder)
            vocabulary.save(folder / "vocab.txt")
            files = artifact_files(SavedModel(folder, folder, description))
            client = fitting_client(description.kind, description.task, lengths).client
            content = converted(description.kind, vocabulary.size, lengths)
            content = write_metadata(content, describe_artifact(description, files, client))
            (folder / "model.tflite").write_bytes(content)
            show(folder)

        number = len(list(tmp_path.glob("run*")))
        folder = tmp_path / f"run{number}" / "export" / "float32"
        write_directory(folder, write)
        return folder / "model.tflite"

    return export


@pytest.fixture(scope="session")
def npm_packages(tmp_path_factory) -> Path:
    """A folder where npm installed LiteRT's web runtime and what drives a browser; skips where that is not possible."""
    folder = tmp_path_factory.mktemp("npm")
    if shutil.which("npm") is None or shutil.which("node") is None:
        pytest.skip("needs npm and node")
    command = ["npm", "install", "--no-audit", "--no-fund", "--prefix", str(folder), *PACKAGES]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        pytest.skip(f"npm could not install {' and '.join(PACKAGES)}: {last}")
    return folder


@pytest.fixture(scope="session")
def browse(npm_packages) -> Callable[..., list[dict[str, Any]]]:
    """Opens pages in a headless Chromium and returns what they did; see drive_page.mjs."""
    executable = next(filter(None, map(shutil.which, BROWSERS)), None)
    if executable is None:
        pytest.skip(f"needs a browser, one of {', '.join(BROWSERS)}")

    def browse(pages: list[dict[str, Any]]) -> list[dict[str, Any]]:
        done = subprocess.run(
            ["node", str(DRIVER), str(npm_packages)], input=json.dumps({"executable": executable, "pages": pages}),
            capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return browse


class _QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *words: object) -> None:
        pass


@pytest.fixture
def serve(tmp_path) -> Iterator[Callable[[Path], str]]:
    """Address of a folder below the test's own, served as `python -m http.server` does."""
    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(_QuietHandler, directory=tmp_path)
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_address[1]}"
    yield lambda folder: f"{address}/{folder.relative_to(tmp_path).as_posix()}/"
    server.shutdown()
    server.server_close()


@pytest.fixture
def phones(tmp_path, monkeypatch) -> FakePhones:
    """The phone 0A041 on an adb that stands before all others in PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    place = folder / "phones.json"
    script = folder / "adb"
    fake = Path(__file__).with_name("fake_adb.py")
    script.write_text(f'#!/bin/sh\nexec {sys.executable} {fake} {place} "$@"\n')
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(folder), prepend=":")
    return FakePhones(place)


@pytest.fixture
def refused() -> Callable[..., tuple[str, str]]:
    """The message and the hint that a call ends with."""

    def refused(
        kind: type[Exception], function: Callable[..., object], *arguments: object
    ) -> tuple[str, str]:
        with pytest.raises(kind) as caught:
            function(*arguments)
        return caught.value.message, caught.value.hint

    return refused
