"""The task of texts with labelled pieces, from files: one token per line as in CoNLL's tasks, or rows of JSON."""

from collections.abc import Sequence
from pathlib import Path

from mbert_cli.errors import UserError
from mbert_cli.evaluate.entities import OUTSIDE, entity_types
from mbert_cli.examples.label_names import order_labels
from mbert_cli.examples.options import TokenTask
from mbert_cli.examples.text_tables import hold_out, say_unlearned
from mbert_cli.examples.texts import TaskData
from mbert_cli.examples.token_columns import TokenLayout, read_columns
from mbert_cli.examples.token_records import read_records
from mbert_cli.examples.tokens import TokenExamples, TokenFile, word_labels
from mbert_cli.text.hashing import hash_fraction
from mbert_cli.text.text_files import JSON_ROWS, suffix_of

COLUMN_SUFFIXES = (".conll", ".txt", ".tsv", ".bio", ".iob")


def load_token_task(options: TokenTask) -> TaskData:
    """Reads texts with labelled pieces.

    Raises:
        UserError: A file is missing, empty or malformed, or has a type of entity outside the set.
    """
    path = Path(options.train)
    are_tags = options.kind == "tags"
    names = None if options.labels is None else tuple(options.labels)
    layout = TokenLayout(options.token_column, options.label_column, are_tags, names, options.offsets)
    train, notes, warnings = read_token_file(path, layout, _known_types(options))
    types = _known_types(options) or _types_in(train)
    if not types:
        raise UserError(
            f"A file to train on must have entities. Received: {path} without any",
            "Set task.label_column to the column of the tags.",
        )
    if options.validation is not None:
        validation, *said = read_token_file(Path(options.validation), layout, types)
        notes, warnings = (
            [*dict.fromkeys([*one, *other])] for one, other in zip((notes, warnings), said, strict=True)
        )
    else:
        fractions = [hash_fraction(text) for text in train.texts]
        train, validation = hold_out(train, fractions, options.validation_share, path)
        notes = [*notes, *say_unlearned(path, _types_in(validation), _types_in(train))]
    sets = {"train": train, "validation": validation}
    labels = list(types) if are_tags else word_labels(types)
    if names is not None and set(names) == set(labels):
        labels = list(names)
    metrics = ("f1",) if OUTSIDE in labels else ("accuracy",)
    return TaskData(path.name, labels, sets, metrics, "token_classification", tuple(notes), tuple(warnings))


def _types_in(examples: TokenExamples) -> list[str]:
    """The types of entities, or the tags, that some examples have."""
    return order_labels(span.type for spans in examples.spans for span in spans)


def _known_types(options: TokenTask) -> list[str] | None:
    """The types of entities that may occur, or the tags; None where the recipe names none."""
    if options.labels is None or options.kind == "tags" or OUTSIDE not in options.labels:
        return options.labels
    return entity_types(options.labels)


def read_token_file(path: Path, layout: TokenLayout, types: Sequence[str] | None) -> TokenFile:
    """Reads one file, .gz of it too.

    A file of JSON has a text and its spans in each row, or tokens and their tags. All others have one token per line
    and a blank line after each sentence. The text of tokens consists of them with blanks between them.

    Args:
        path: The file.
        layout: What it has where.
        types: Every type of entity that may occur; None allows all.

    Raises:
        UserError: As `load_token_task`.
    """
    suffix = suffix_of(path)
    if suffix not in (*COLUMN_SUFFIXES, *JSON_ROWS):
        raise UserError(
            f"A token file must end in {', '.join((*COLUMN_SUFFIXES, *JSON_ROWS[:-1]))} or {JSON_ROWS[-1]}, "
            f"with or without .gz. Received: {path}",
            "Set task.train and task.validation to such files.",
        )
    file = (read_records if suffix in JSON_ROWS else read_columns)(path, layout, types)
    if not file.examples.texts:
        left_out = "".join(f"; {note}" for note in file.notes)
        raise UserError(
            f"A token file must have examples. Received: {path} without any{left_out}", "Check the file."
        )
    return file
