"""Texts of a task that nobody labelled, from files: one example a line, or the columns of texts of a table."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mbert_cli.errors import UserError
from mbert_cli.examples.glue import form_of_texts
from mbert_cli.examples.options import AnyTask, FileTask, GlueTask, InstalledDocsTask, TokenTask
from mbert_cli.examples.table_columns import NAME_COLUMNS
from mbert_cli.examples.table_dialect import OWN
from mbert_cli.examples.table_files import Columns, TableForm, TableTexts, read_table_texts
from mbert_cli.examples.task_columns import text_columns
from mbert_cli.examples.text_tables import table_of
from mbert_cli.figures import counted
from mbert_cli.home import hint_of_home
from mbert_cli.text.file_patterns import match_files
from mbert_cli.text.text_files import JSON_ROWS, read_lines, suffix_of

_LINES = (".txt",)
_TABLES = (*OWN, *JSON_ROWS)
_HINT = "Correct task.unlabelled, or set it to null to learn from the labelled examples alone."


@dataclass(frozen=True)
class UnlabelledTexts:
    """Texts that nobody labelled.

    Attributes:
        texts: At least one, none of them blank.
        second_texts: The second text of each pair; None for a task of single texts.
        notes: What a person should know about them, in one sentence each.
    """

    texts: list[str]
    second_texts: list[str] | None
    notes: tuple[str, ...] = ()

    def without(self, examples: Iterable[Any]) -> "UnlabelledTexts":
        """Leaves out what some examples have too, white space aside.

        Args:
            examples: Sets of a task, which have `texts` and may have `second_texts`.

        Raises:
            UserError: Nothing is left.
        """
        known = {
            _key(*pair)
            for some in examples
            for pair in _pairs(some.texts, getattr(some, "second_texts", None))  # labels of words have none
        }
        kept = [
            place
            for place, pair in enumerate(_pairs(self.texts, self.second_texts))
            if _key(*pair) not in known
        ]
        if len(kept) == len(self.texts):
            return self
        count = counted(len(self.texts) - len(kept), "unlabelled example is", "unlabelled examples are")
        said = f"{count} left out: the validation set has the same text"
        if not kept:
            raise UserError(f"Unlabelled text must have examples of its own. Received: none; {said}", _HINT)
        second = self.second_texts
        return UnlabelledTexts(
            [self.texts[place] for place in kept],
            None if second is None else [second[place] for place in kept],
            (*self.notes, said),
        )


def unlabelled_patterns(task: AnyTask) -> list[str]:
    """What `task.unlabelled` names; nothing for a task that knows no such texts."""
    if not isinstance(task, InstalledDocsTask | GlueTask | FileTask | TokenTask):
        return []
    return list(task.unlabelled or [])


def unlabelled_paths(task: AnyTask) -> list[Path]:
    """The files that `task.unlabelled` names, each once.

    Raises:
        UserError: A pattern matches no file, or a file is of a kind that is not read.
    """
    found = match_files(unlabelled_patterns(task))
    if found.unmatched:
        raise UserError(
            f"task.unlabelled must name files. Received: {found.unmatched[0]}, which matches none",
            hint_of_home(found.unmatched[0], is_pattern=True) or _HINT,
        )
    for path in found.paths:
        if suffix_of(path) not in (*_LINES, *_TABLES):
            raise UserError(
                "A file of unlabelled text must end in .txt, .tsv, .csv or .jsonl, with or without .gz. "
                f"Received: {path}",
                "Write one text in a line of a .txt file.",
            )
    return found.paths


def require_unlabelled(task: AnyTask) -> None:
    """Checks that files of unlabelled text are there and that those of lines hold one, without reading them whole.

    Raises:
        UserError: As `read_unlabelled`, as far as the first line of a file tells.
    """
    columns = text_columns(task)
    for path in unlabelled_paths(task):
        if suffix_of(path) in _LINES and next(_lines(path, columns), None) is None:
            raise _without_a_line(path)


def read_unlabelled(task: AnyTask) -> UnlabelledTexts:
    """Reads the unlabelled text of a task.

    A .txt file has one example in a line, of a pair both texts with a tab between them. A table has the columns of
    texts that the task's own files have. Blank lines are no examples.

    Args:
        task: The task's recipe section, which names at least one file.

    Raises:
        UserError: A file is missing, cannot be read, holds no line, or a line is no pair.
    """
    columns, paths = text_columns(task), unlabelled_paths(task)
    texts: list[str] = []
    second_texts: list[str] | None = [] if columns.second_text else None
    notes: list[str] = []
    for path in paths:
        before = len(texts)
        pairs = _lines(path, columns) if suffix_of(path) in _LINES else _rows(path, columns, task, notes)
        for text, second in pairs:
            texts.append(text)
            if second_texts is not None:
                second_texts.append(second)
        if len(texts) == before:
            raise _without_a_line(path)
    return UnlabelledTexts(texts, second_texts, tuple(dict.fromkeys(notes)))


def _lines(path: Path, columns: Columns) -> Iterator[tuple[str, str]]:
    for number, line in read_lines(path):
        if not line.strip():
            continue
        if not columns.second_text:
            yield line.strip(), ""
            continue
        cells = [cell.strip() for cell in line.split("\t")]
        if len(cells) != 2 or not all(cells):
            raise UserError(
                f"A line of unlabelled pairs must have two texts with a tab between them. Received: {path}:{number}",
                "Correct the line, or write a .csv file with the columns of both texts.",
            )
        yield cells[0], cells[1]


def _rows(path: Path, columns: Columns, task: AnyTask, notes: list[str]) -> Iterator[tuple[str, str]]:
    table = _read_table(path, columns, task)
    notes += table.notes
    num_halves = 0
    for text, second in _pairs(table.texts, table.second_texts):
        if text.strip() and (second.strip() or not columns.second_text):
            yield text.strip(), second.strip()
        else:
            num_halves += bool(text.strip() or second.strip())
    if num_halves:
        notes.append(f"{path.name}: rows with one text of a pair are left out, {num_halves:,} of them")


def _read_table(path: Path, columns: Columns, task: AnyTask) -> TableTexts:
    """The texts of a table, which is written as the task's own files are, or in a way that is found out."""
    if isinstance(task, FileTask):
        return read_table_texts(path, columns, table_of(task).form)
    try:
        form = form_of_texts(path, task.name) if isinstance(task, GlueTask) else TableForm(has_keys=False)
        return read_table_texts(path, columns, form)
    except UserError as error:
        names = " and ".join(map(repr, columns.names))
        raise UserError(
            error.message.replace("columns that the recipe names", "columns of the task's texts"),
            error.hint.replace(
                NAME_COLUMNS,
                f"Name its columns {names}; in a file that ends in .txt each line is an example.",
            ),
        ) from error


def _pairs(texts: Sequence[str], second_texts: Sequence[str] | None) -> Iterator[tuple[str, str]]:
    return zip(texts, second_texts if second_texts is not None else [""] * len(texts), strict=True)


def _key(text: str, second: str) -> tuple[str, str]:
    return " ".join(text.split()), " ".join(second.split())


def _without_a_line(path: Path) -> UserError:
    return UserError(f"Unlabelled text must hold a line. Received: {path}, which holds none", _HINT)
