"""The figures of a run for TensorBoard, beside the journal: `tensorboard --logdir runs`."""

from collections.abc import Mapping
from pathlib import Path

from mbert_cli.errors import UserError
from mbert_cli.runs.journal import Journal

FOLDER = "tensorboard"


def require_tensorboard() -> None:
    """Checks that the package is there and can be imported.

    Raises:
        UserError: It is not, or cannot.
    """
    try:
        import tensorboard.summary  # noqa: F401
    except Exception as error:
        is_absent = isinstance(error, ModuleNotFoundError) and error.name == "tensorboard"
        found = "an environment without it" if is_absent else f"one that cannot be imported ({error})"
        raise UserError(
            f"train.tensorboard needs the package tensorboard. Received: {found}",
            "pip install 'mbert[tensorboard]', or --set train.tensorboard=false.",
        ) from error


class TensorBoardJournal(Journal):
    """A journal whose numbers also go to event files in the folder `tensorboard` beside it."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        from tensorboard.summary import Writer  # slow, and absent without the extra

        self._writer = Writer(str(Path(path).parent / FOLDER))

    def append(self, record: Mapping[str, object]) -> None:
        """Writes one record, and its numbers at its step."""
        super().append(record)
        for name, value in record.items():
            if isinstance(value, float):
                self._writer.add_scalar(name, value, record["step"])
        self._writer.flush()

    def close(self) -> None:
        """Closes log and event file."""
        super().close()
        self._writer.close()


def open_journal(path: Path, tensorboard: bool) -> Journal:
    """The journal of a run, with event files for TensorBoard where they are wanted."""
    return TensorBoardJournal(path) if tensorboard else Journal(path)
