"""Where the texts of a task are in its files, and how they are read."""

from mbert_cli.examples.glue import GLUE
from mbert_cli.examples.options import AnyTask, FileTask, GlueTask
from mbert_cli.examples.table_files import Columns


def text_columns(options: AnyTask) -> Columns:
    """The columns of texts in the task's own files; `text` for a task without files."""
    if isinstance(options, GlueTask):
        columns = GLUE[options.name].columns
        return Columns(columns.text, columns.second_text)
    return Columns(options.text, options.second_text) if isinstance(options, FileTask) else Columns("text")


def client_of(options: AnyTask | None) -> str | None:
    """The client on phones whose way of cutting texts a task takes; None for BERT's own way."""
    return getattr(options, "client", None)


def are_same_texts(one: AnyTask, other: AnyTask) -> bool:
    """Whether the sections of two tasks name the same texts, however long the rows are and however they are cut."""
    reading: dict[str, object] = {"sequence_length": other.sequence_length}
    if hasattr(one, "client"):
        reading["client"] = client_of(other)
    return one.model_copy(update=reading) == other


def takes_pairs(options: AnyTask) -> bool:
    """Whether an example of the task is known to have two texts; nothing is known about a model from elsewhere."""
    return text_columns(options).second_text is not None
