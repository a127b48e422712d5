"""What the tests of runs share: runs that are begun or finished, and a refusal's whole message."""

from collections.abc import Callable
from pathlib import Path

import pytest

from mbert_cli.errors import UserError
from mbert_cli.runs.directory import RunDir

_RECIPE = {"seed": 0, "train": {"steps": 100, "optimizer": {"learning_rate": 1e-5}}}
_ORIGIN = {"command": "mbert distill", "started": "2026-01-02T03:04:05+00:00", "seed": 0}


@pytest.fixture(autouse=True)
def _work_in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def recipe() -> dict:
    """The recipe that `open_run` begins a run with."""
    return _RECIPE


@pytest.fixture
def origin() -> dict:
    """The origin of each session that `open_run` begins."""
    return _ORIGIN


@pytest.fixture
def open_run() -> Callable[..., RunDir]:
    """Begins or continues a run."""

    def begin(path: str, verb: str = "distill", recipe: dict = _RECIPE, fresh: bool = False) -> RunDir:
        return RunDir.open(Path(path), verb, recipe, fresh=fresh, origin=_ORIGIN)

    return begin


@pytest.fixture
def complete_run(open_run) -> Callable[..., Path]:
    """Begins a run and finishes it with one file."""

    def finish(path: str, verb: str = "distill") -> Path:
        with open_run(path, verb) as run:
            run.finish(lambda folder: (folder / "vocab.txt").write_text("[PAD]\n"))
        return Path(path)

    return finish


@pytest.fixture
def refusal() -> Callable[[Callable[[], object]], str]:
    """The whole message of the UserError that an action ends in: its sentence, then its hint."""

    def told(action: Callable[[], object]) -> str:
        with pytest.raises(UserError) as caught:
            action()
        assert caught.value.exit_code == 2
        return f"{caught.value.message}\n{caught.value.hint}"

    return told
