"""The figures of a run for TensorBoard, beside the journal: `tensorboard --logdir runs`."""

import importlib.util
from collections.abc import Mapping
from pathlib import Path

from mbert_cli.errors import UserError
from mbert_cli.runs.journal import Journal

FOLDER = "tensorboard"


def require_tensorboard() -> None:
    """Checks that the package is there.

    Raises:
        UserError: It is not.
    """
    if importlib.util.find_spec("tensorboard") is None:
        raise UserError(
            "train.tensorboard needs the package tensorboard. Received: an environment without it",
            "pip install 'mbert[tensorboard]', or --set train.tensorboard=false.",
        )


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
