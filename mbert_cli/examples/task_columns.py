"""Where the texts of a task are in its files."""

from mbert_cli.examples.glue import GLUE
from mbert_cli.examples.options import AnyTask, FileTask, GlueTask
from mbert_cli.examples.table_files import Columns


def text_columns(options: AnyTask) -> Columns:
    """The columns of texts in the task's own files; `text` for a task without files."""
    if isinstance(options, GlueTask):
        columns = GLUE[options.name].columns
        return Columns(columns.text, columns.second_text)
    return Columns(options.text, options.second_text) if isinstance(options, FileTask) else Columns("text")


def takes_pairs(options: AnyTask) -> bool:
    """Whether an example of the task is known to have two texts; nothing is known about a model from elsewhere."""
    return text_columns(options).second_text is not None
