"""Data sets of tensorflow-datasets: found by name, opened by split."""

import json
import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from mbert_cli.errors import UserError

if TYPE_CHECKING:
    import tensorflow_datasets as tfds


def find_builder(name: str, data_dir: str | None, section: str) -> "tfds.core.DatasetBuilder":
    """The builder of a data set, without preparing anything.

    Args:
        name: Name and configuration, as `tfds.load` takes them.
        data_dir: Folder of prepared data sets; None is the library's default.
        section: Recipe section that the hint names, with its dot.

    Raises:
        UserError: tensorflow-datasets knows no such data set or configuration.
    """
    import tensorflow_datasets as tfds

    try:
        return tfds.builder(name, data_dir=data_dir)
    except ValueError as error:
        is_absent = isinstance(error, tfds.core.DatasetNotFoundError)
        unknown = "data set" if is_absent else "configuration or version"
        raise UserError(
            f"A data set must be known to tensorflow-datasets. Received: {name!r}, an unknown {unknown}",
            f"Look the name up in the catalog of tensorflow-datasets, or set {section}data_dir to the folder "
            "where it was prepared.",
        ) from error


def open_split(
    builder: "tfds.core.DatasetBuilder", split: str, data_dir: str | None, section: str
) -> "tfds.typing.Dataset":
    """The examples of one split, in the order of the files.

    Raises:
        UserError: The data set is not prepared, or has no such split.
    """
    import tensorflow_datasets as tfds

    config = tfds.ReadConfig(interleave_cycle_length=1)
    try:
        return builder.as_dataset(split=split, shuffle_files=False, read_config=config)
    except (AssertionError, FileNotFoundError) as error:
        name = builder.info.full_name.rpartition("/")[0]
        raise UserError(
            f"A data set must be prepared before it is read. Received: {name}, not found in "
            f"{builder.data_dir}",
            f"{_prepares(name, data_dir)} prepares it where there is a network; "
            f"{section}data_dir names another folder of prepared data sets.",
        ) from error
    except (ValueError, KeyError) as error:
        known = ", ".join(sorted(builder.info.splits))
        raise UserError(
            f"A split must exist in the data set. Received: {split!r}; there are {known}",
            f"Set {section}split to one of these.",
        ) from error


def require_dataset(dataset: str, data_dir: str | None, key: str, also: str = "") -> None:
    """Checks that a data set of tensorflow-datasets is prepared, without importing that.

    Args:
        dataset: Name and configuration, such as `wikipedia/20230601.en`.
        data_dir: Folder of prepared data sets; None is tensorflow-datasets' own default.
        key: The recipe key that sets the folder, for the hint.
        also: What else helps, as a sentence, for its beginning.

    Raises:
        UserError: It is not.
    """
    folder = dataset_folder(dataset, data_dir)
    if not folder.is_dir():
        received = "no home directory for" if folder.parts[0] == "~" else "no folder"
        raise UserError(
            f"The data set {dataset} must be prepared. Received: {received} {folder}",
            f"{also}{also and ' '}{_prepares(dataset, data_dir)} prepares it where there is a network; "
            f"{key} names another folder.",
        )


def _prepares(dataset: str, data_dir: str | None = None) -> str:
    """A command for a shell; that of tensorflow-datasets itself needs apache_beam to begin."""
    place = f", data_dir={json.dumps(data_dir)}" if data_dir else ""
    program = f"import tensorflow_datasets as tfds; tfds.load({json.dumps(dataset)}{place})"
    return f"`python -c {shlex.quote(program)}`"


def dataset_folder(dataset: str, data_dir: str | None) -> Path:
    """Where tensorflow-datasets keeps a prepared data set; arguments as for `require_dataset`."""
    root = data_dir or os.environ.get("TFDS_DATA_DIR") or "~/tensorflow_datasets"
    return Path(os.path.expanduser(root)) / dataset.replace(":", "/")
