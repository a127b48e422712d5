"""Reads the texts that `mbert predict` answers: typed ones, lines, or a column of a table."""

import sys
from collections.abc import Sequence
from pathlib import Path

from mbert_cli import console
from mbert_cli.errors import UserError
from mbert_cli.examples.options import AnyTask, FileTask, ImportedTask
from mbert_cli.examples.table_columns import NAME_COLUMNS
from mbert_cli.examples.table_dialect import OWN
from mbert_cli.examples.table_files import Columns, TableForm, read_table_texts
from mbert_cli.examples.task_columns import takes_pairs, text_columns
from mbert_cli.figures import counted_of
from mbert_cli.recipe.invocation import Invocation
from mbert_cli.recipe.schema import PredictRecipe
from mbert_cli.tasks.asked import AskedTexts
from mbert_cli.tasks.kinds import kind_of
from mbert_cli.tasks.model import TaskModel
from mbert_cli.tasks.pair_segments import say_other_texts
from mbert_cli.text.text_files import JSON_ROWS, STANDARD_INPUT, name_of, read_lines, suffix_of

_TABLE_KEYS = ("text", "delimiter", "encoding")
"""Keys of a task that say how a table is read and nothing of other texts."""


def read_texts(invocation: Invocation[PredictRecipe], model: TaskModel) -> AskedTexts:
    """Reads what is to be answered; a blank line is a blank text, so that answers and lines go together.

    A tab parts two texts where the model is known to take pairs, or where `--pair` says so, and is white space
    everywhere else.

    Args:
        invocation: The command.
        model: Knows whether it takes pairs, unless it came from elsewhere.

    Raises:
        UserError: The texts cannot be read, all are blank, or some are not pairs.
    """
    if invocation.texts and invocation.file:
        raise UserError(
            f"Texts come from one place. Received: --text and --file {invocation.file}",
            "Give one of them.",
        )
    options = invocation.recipe.task or model.own_task
    say_other_texts(model.path, model.description.task, options)
    pairs = _wants_pairs(invocation, model, options)
    table = _table_of(invocation)
    if table is not None:
        texts = _read_table(invocation, table, options, pairs)
    else:
        _refuse_columns(invocation)
        lines = _typed(invocation.texts) if invocation.texts else _lines(invocation.file or STANDARD_INPUT)
        texts = _split(lines) if pairs else AskedTexts([line.strip() for _, line in lines])
    num_blank = len(texts) - len(texts.present)
    if num_blank == len(texts):
        raise UserError(
            "`mbert predict` needs texts that are not blank. "
            f"Received: {'a blank one' if num_blank == 1 else f'{num_blank:,} blank ones' if texts else 'none'}",
            "Give --text TEXT, --file FILE with one text per line, or standard input.",
        )
    if num_blank:
        console.info(counted_of(num_blank, len(texts), "text", "is blank", "are blank"))
    if not pairs and isinstance(options, ImportedTask):
        _say_tabs(texts.texts)
    return texts


def _wants_pairs(invocation: Invocation[PredictRecipe], model: TaskModel, options: AnyTask) -> bool:
    """Whether each text is two: what the model was fine-tuned on says so, or the command."""
    if takes_pairs(options):
        return True
    asked = "--pair" if invocation.pair else "--second-text-column" if invocation.second_text_column else ""
    if asked and not (isinstance(options, ImportedTask) and kind_of(model.description.kind).head.is_pooled):
        raise UserError(
            f"Only a model that looks at two texts takes pairs. Received: {asked} for {model.path}, which was "
            "fine-tuned on single ones",
            f"Leave {asked} out; a tab in a text is white space then.",
        )
    return bool(asked)


def _table_of(invocation: Invocation[PredictRecipe]) -> Path | None:
    """The file with the texts, if it is a table."""
    file = None if invocation.texts else invocation.file
    return file if file is not None and suffix_of(file) in (*OWN, *JSON_ROWS) else None


def _refuse_columns(invocation: Invocation[PredictRecipe]) -> None:
    """Refuses names of columns, and what says how a table is written, for what is none."""
    for name in _TABLE_KEYS:
        if invocation.loaded.origins.get(f"task.{name}") == "--set":
            raise UserError(
                f"task.{name} says how a .csv, .tsv or .jsonl file is read. "
                f"Received: {getattr(invocation.recipe.task, name)!r} for {_source_of(invocation)}",
                f"Give --file with such a file, or leave task.{name} out.",
            )
    for flag, column in (
        ("--text-column", invocation.text_column),
        ("--second-text-column", invocation.second_text_column),
    ):
        if column is not None:
            raise UserError(
                f"{flag} names a column of a .csv, .tsv or .jsonl file. "
                f"Received: {column} for {_source_of(invocation)}",
                f"Give --file with such a file, or leave {flag} out.",
            )


def _refuse_idle_keys(invocation: Invocation[PredictRecipe], file: Path) -> None:
    """Refuses what was typed and says nothing of this table."""
    is_json = suffix_of(file) in JSON_ROWS
    idle = {
        "task.delimiter": "on rows of JSON, which have names" if is_json else "",
        "task.encoding": "on rows of JSON, which are UTF-8" if is_json else "",
        "task.text": "beside --text-column, which names the column" if invocation.text_column else "",
    }
    for key, why in idle.items():
        value = getattr(invocation.recipe.task, key.partition(".")[2], None)
        if why and value is not None and invocation.loaded.origins.get(key) == "--set":
            raise UserError(f"{key} has no effect {why}. Received: {value!r} for {file}", f"Leave {key} out.")


def _source_of(invocation: Invocation[PredictRecipe]) -> str:
    return "--text" if invocation.texts else name_of(invocation.file or STANDARD_INPUT)


def _read_table(
    invocation: Invocation[PredictRecipe], file: Path, options: AnyTask, pairs: bool
) -> AskedTexts:
    """The texts of a file's columns: those that are named, else those that the task's own files have."""
    _refuse_idle_keys(invocation, file)
    own = text_columns(options)
    second = (invocation.second_text_column or own.second_text) if pairs else None
    if pairs and second is None:
        raise UserError(
            f"A model of pairs needs the column of the second text. Received: {file} without its name",
            "Name it with --second-text-column NAME.",
        )
    # How the run's own files were written says nothing of this one.
    named = invocation.recipe.task
    form = TableForm(has_keys=isinstance(options, FileTask))
    if isinstance(named, FileTask):
        form = TableForm(named.delimiter, named.encoding)
    try:
        table = read_table_texts(file, Columns(invocation.text_column or own.text, second), form)
    except UserError as error:
        raise UserError(
            error.message.replace("columns that the recipe names", "columns that are read"),
            error.hint.replace(
                NAME_COLUMNS, "Name them with --text-column and, for pairs, --second-text-column; in a file that "
                "ends in .txt each line is a text.",
            ),
        ) from error  # fmt: skip
    for note in table.notes:
        console.info(note)
    stripped = [text.strip() for text in table.texts]
    return AskedTexts(stripped, table.second_texts and [text.strip() for text in table.second_texts])


def _typed(texts: Sequence[str]) -> list[tuple[str, str]]:
    return [("--text", text) for text in texts]


def _lines(path: Path) -> list[tuple[str, str]]:
    """The lines and where each stands."""
    if path == STANDARD_INPUT and sys.stdin is not None and sys.stdin.isatty():
        console.info("Reading texts from standard input, one per line, until Ctrl-D")
    return [(f"{name_of(path)}:{number}", line) for number, line in read_lines(path)]


def _split(lines: Sequence[tuple[str, str]]) -> AskedTexts:
    """Lines as pairs; a blank one is a blank pair."""
    pairs = [line.split("\t") if line.strip() else ["", ""] for _, line in lines]
    for (place, line), pair in zip(lines, pairs, strict=True):
        if len(pair) != 2:
            raise UserError(
                "A model of pairs takes two texts with a tab between them. "
                f"Received: {line!r} with {'no tab' if len(pair) == 1 else f'{len(pair) - 1} tabs'} in {place}",
                "Write both texts on one line with a tab between them, and no other tab.",
            )
    return AskedTexts([first.strip() for first, _ in pairs], [second.strip() for _, second in pairs])


def _say_tabs(texts: Sequence[str]) -> None:
    """Says how tabs are read, for a model of which nobody knows whether it takes pairs."""
    count = sum("\t" in text for text in texts)
    if count:
        tabs = "a tab, which is white space; with --pair it separates two texts"
        console.info(counted_of(count, len(texts), "text", f"has {tabs}", f"have {tabs}"))
