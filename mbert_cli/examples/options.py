"""The task section of a recipe."""

from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from mbert_cli.section import Positive, Section

TaskLength = Annotated[int, Field(ge=4)]
TaskKind = Literal[
    "classification", "multi_label", "regression", "question_answering", "token_classification"
]
"""What a task asks for: one of its labels, any number of them, a number, a piece of a text, labelled pieces."""


class InstalledDocsTask(Section):
    """Which library does this paragraph document?"""

    source: Literal["installed_docs"]
    """Paragraphs of the documentation inside installed packages."""
    packages: list[str] | None = None
    """Import names to tell apart; null is the default list of the demonstration."""
    max_examples_per_label: Positive = 1500
    """At most this many paragraphs a library."""
    sequence_length: TaskLength = 64
    """Tokens of one example; a model that is there reads its own length unless this is set."""


class GlueTask(Section):
    """A task of the GLUE benchmark."""

    source: Literal["glue"]
    """The official folder, or tensorflow-datasets."""
    name: Literal["cola", "sst2", "mrpc", "stsb", "qqp", "mnli", "qnli", "rte", "wnli"]
    """Name of the task."""
    folder: str | None = None
    """Folder with the task's official TSV files; null loads glue/<name> from tensorflow-datasets."""
    data_dir: str | None = None
    """Folder of prepared tensorflow-datasets; null is their own default."""
    sequence_length: TaskLength = 128
    """Tokens of one example; a model that is there reads its own length unless this is set."""


class FileTask(Section):
    """Classification or regression of one or two texts, from TSV, CSV or JSONL files."""

    source: Literal["file"]
    """Files of your own."""
    kind: Literal["classification", "multi_label", "regression"] = "classification"
    """classification into one label, multi_label into any number of them, or regression to a number."""
    train: str
    """Training file: .tsv, .csv or .jsonl, .gz of any. Rows rejected or ignored in Prodigy are left out."""
    validation: str | None = None
    """Validation file; null holds out a share of the training examples by a hash of the text."""
    validation_share: Annotated[float, Field(gt=0, lt=1)] = 0.1
    """Share held out when there is no validation file."""
    text: str = "text"
    """Column of the text."""
    second_text: str | None = None
    """Column of the second text of a pair; null for one text."""
    label: str | Annotated[list[str], Field(min_length=1)] = "label"
    """Column of the label, of the labels, or of the number. Several labels are a list in a .jsonl file. With
    multi_label also a list, as [sea, money, film]: a column for each label, named by it and in the order of their
    ids, that holds 0 or 1, true or false, yes or no, or is empty, which is no."""
    label_separator: str = ","
    """Stands between several labels in one column."""
    labels: list[str] | None = None
    """The labels in the order of their ids; null takes those of the training file: numbers by value, others by their
    characters. A regression has none, and where label is a list it is that."""
    delimiter: str | None = None
    """Stands between two cells of a .tsv or .csv file, which may then be quoted: one character, or \\t for a tab. null
    is what the suffix says, or what separates the columns that are named here in the first line."""
    encoding: str | None = None
    """Encoding of the files: utf-8, utf-16, cp1252 and the like. null is UTF-8, or what a file's mark at its beginning
    says."""
    sequence_length: TaskLength = 128
    """Tokens of one example; a model that is there reads its own length unless this is set."""

    @field_validator("delimiter")
    @classmethod
    def _delimiter_is_one_character(cls, delimiter: str | None) -> str | None:
        character = "\t" if delimiter in ("\\t", "tab") else delimiter
        if character is not None and (len(character) != 1 or character in '"\r\n'):
            raise ValueError("delimiter must be one character, or \\t for a tab, and no quotation mark")
        return character

    @field_validator("encoding")
    @classmethod
    def _encoding_is_known(cls, encoding: str | None) -> str | None:
        try:
            "a".encode(encoding or "utf-8")
        except (LookupError, ValueError):
            raise ValueError("encoding must be one that Python knows, as utf-8, utf-16 or cp1252") from None
        return encoding

    @model_validator(mode="after")
    def _labels_are_distinct(self) -> "FileTask":
        if self.labels is not None and len(set(self.labels)) != len(self.labels):
            raise ValueError("labels must be distinct")
        if self.labels is not None and self.kind == "regression":
            raise ValueError("a regression has no labels; leave labels out")
        return self

    @model_validator(mode="after")
    def _label_columns_are_of_several_labels(self) -> "FileTask":
        if not isinstance(self.label, list):
            return self
        if self.kind != "multi_label":
            raise ValueError("a list of columns in label needs kind: multi_label")
        if self.labels is not None:
            raise ValueError("the columns in label are the labels; leave labels out")
        names = [*self.label, self.text, self.second_text]
        if len(set(names)) != len(names):
            raise ValueError("the columns in label must be distinct, and none of them a column of a text")
        return self


class SquadTask(Section):
    """Questions about texts, in the format of SQuAD: the answer is a piece of the text, or there is none."""

    source: Literal["squad"]
    """SQuAD's JSON files, yours in their format or with a question a row, or tensorflow-datasets."""
    version: Literal["v1.1", "v2.0"] = "v1.1"
    """Rules of the score. By those of v2.0 some questions cannot be answered from their text."""
    train: str | None = None
    """Training file, .gz too: JSON in SQuAD's layout, or rows of id, question, context and answers, as data sets of
    transformers have them, in an array or one a line; null loads squad/<version> from tensorflow-datasets."""
    validation: str | None = None
    """Validation file; null, with a training file, holds out a share of its texts by a hash."""
    validation_share: Annotated[float, Field(gt=0, lt=1)] = 0.1
    """Share of the texts held out when there is a training file alone."""
    data_dir: str | None = None
    """Folder of prepared tensorflow-datasets; null is their own default."""
    sequence_length: TaskLength = 384
    """Tokens of a row: marks, question and a window of the text."""
    document_stride: Positive = 128
    """Tokens from the start of a window to the start of the next one of the same text."""
    question_length: Positive = 64
    """Tokens of the question that are kept."""
    num_best: Positive = 20
    """Starts, ends and answers that are kept."""
    max_answer_tokens: Positive = 30
    """Tokens of the longest answer."""
    null_threshold: float | None = None
    """Of version v2.0: "no answer" wins where its score leads by more. null is the best on the validation set."""
    misplaced: Literal["mend", "leave_out", "stop"] = "mend"
    """Answers of the training set that do not stand where the file says: move those whose text stands in one place,
    or where their start counts bytes or units of UTF-16, and leave the others out; leave all out; or stop."""

    @model_validator(mode="after")
    def _rows_hold_a_question(self) -> "SquadTask":
        if self.sequence_length < self.question_length + 4:
            raise ValueError(
                f"sequence_length ({self.sequence_length}) must be at least question_length "
                f"({self.question_length}) and 4"
            )
        return self


class TokenTask(Section):
    """Pieces of a text and what they are, as names of people and places, or a tag for each word, as parts of
    speech: from CoNLL files, or rows of JSON as doccano, spaCy, Prodigy and `datasets` write them."""

    source: Literal["tokens"]
    """Files of your own, or of a data set like CoNLL-2003."""
    kind: Literal["entities", "tags"] = "entities"
    """entities are found by tags with B- and I-, or given as spans. tags are labels of words as they stand: a tag a
    word, or, where O is among them, entities of neighbouring words with the same one."""
    train: str
    """Training file, .gz of any: .conll, .txt, .tsv, .bio or .iob with a token a line; or .jsonl, .json or .ndjson
    with a text and its spans a row, or tokens and ner_tags. Rows rejected or ignored in Prodigy are left out."""
    validation: str | None = None
    """Validation file; null holds out a share of the training examples by a hash of the text."""
    validation_share: Annotated[float, Field(gt=0, lt=1)] = 0.1
    """Share held out when there is no validation file."""
    labels: Annotated[list[str], Field(min_length=1)] | None = None
    """The types of entities, or all tags, in the order of their ids; null takes those of the training file, sorted.
    Tags of entities have O among them, as in [O, B-PER, I-PER]; they name the whole numbers that files may have."""
    token_column: int | str = 0
    """Column of the token in files with a token a line, counted from 0; negative from the end. In rows of JSON the
    name of the list of tokens; a number stands for tokens or words."""
    label_column: int | str = -1
    """Column of the tag, counted likewise, or the name of the list of tags; a number stands for ner_tags and other
    usual names. Tags of entities may be IOB1, IOB2 (BIO), IOE, BIOES or BILOU."""
    offsets: Literal["characters", "utf16", "bytes"] = "characters"
    """What start and end of a span count: characters, units of UTF-16 as JavaScript and with it doccano do, or bytes
    of UTF-8. They differ behind emoji, and bytes behind every character that is not ASCII."""
    sequence_length: TaskLength = 128
    """Tokens of a row: marks and a text, or a window of a longer one."""
    document_stride: Positive | None = None
    """Tokens from the start of a window to the start of the next one of the same text; null is half of those that a
    row holds. Each word is labelled, and learned, in the window where it has the most text on both sides."""

    @model_validator(mode="after")
    def _labels_are_distinct(self) -> "TokenTask":
        if self.labels is not None and len(set(self.labels)) != len(self.labels):
            raise ValueError("labels must be distinct")
        if self.labels is None or self.kind == "tags" or "O" not in self.labels:
            return self
        marks = ("B-", "I-", "E-", "L-", "S-", "U-")
        others = [label for label in self.labels if label != "O"]
        if not others or not all(label.startswith(marks) and label[2:].strip() for label in others):
            raise ValueError(
                "O stands for what is no entity; leave it out of labels, list all tags, as B-PER, or set kind to tags"
            )
        return self


class ImportedTask(Section):
    """What a model was made for that came from elsewhere, without its data."""

    source: Literal["imported"]
    """Nothing to read: to score it, name a task of the same labels."""
    sequence_length: TaskLength = 128
    """Tokens of one example; a model that is there reads its own length unless this is set."""


Task = Annotated[
    InstalledDocsTask | GlueTask | FileTask | SquadTask | TokenTask, Field(discriminator="source")
]

AnyTask = Annotated[
    InstalledDocsTask | GlueTask | FileTask | SquadTask | TokenTask | ImportedTask,
    Field(discriminator="source"),
]
"""Of a saved model."""
