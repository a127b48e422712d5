"""The task section of a recipe."""

from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from mbert_cli.section import DistinctNames, Positive, Section

TaskLength = Annotated[int, Field(ge=4)]
TextClient = Literal["mediapipe"]
"""Clients on phones that cut texts by themselves."""
GlueName = Literal["cola", "sst2", "mrpc", "stsb", "qqp", "mnli", "qnli", "rte", "wnli"]
"""Tasks in the order of the leaderboard."""
UnlabelledFiles = Annotated[list[str], Field(min_length=1)]
TaskKind = Literal[
    "classification", "multi_label", "regression", "question_answering", "token_classification", "embedding"
]
"""What a task asks for: one of its labels, any number of them, a number, a piece of a text, labelled pieces, a vector
for each text."""


CLIENT_OF_SINGLE_TEXTS = "client reads single texts, and examples of this task are pairs; leave client out"


class InstalledDocsTask(Section):
    """Tell which library a paragraph documents."""

    source: Literal["installed_docs"]
    """Paragraphs of the documentation inside installed packages."""
    packages: DistinctNames | None = None
    """Import names of the libraries to tell apart; null uses the list of the demonstration."""
    max_examples_per_label: Positive = 1500
    """At most this many paragraphs per library."""
    unlabelled: UnlabelledFiles | None = None
    """Files of texts without labels, which the teacher labels in `distill --strategy task`: paths or patterns such as
    mails/*.txt, one text in a line, of a pair both with a tab between them; or tables with the columns of the texts.
    null learns from the labelled examples alone."""
    client: TextClient | None = None
    """Cut texts as this client on phones does, which suits a model that is made for it: mediapipe lower-cases A to Z
    alone and keeps accents. null cuts them as BERT does. A model that is already fine-tuned cuts them in its own way
    unless this is set."""
    sequence_length: TaskLength = 64
    """Tokens per example. A model that is already fine-tuned reads its own length unless this is set."""


class GlueTask(Section):
    """A task of the GLUE benchmark."""

    source: Literal["glue"]
    """The official folder, or tensorflow-datasets."""
    name: GlueName
    """Name of the task."""
    folder: str | None = None
    """Folder with the task's official TSV files; null loads glue/<name> from tensorflow-datasets."""
    train: str | None = None
    """What to learn from in place of the folder's training file: a run of `mbert augment`, or a .tsv file with the
    same columns; null takes the folder's."""
    data_dir: str | None = None
    """Folder of prepared tensorflow-datasets; null uses their default."""
    unlabelled: UnlabelledFiles | None = None
    """Files of texts without labels, which the teacher labels in `distill --strategy task`: paths or patterns such as
    mails/*.txt, one text in a line, of a pair both with a tab between them; or tables with the columns of the texts.
    null learns from the labelled examples alone."""
    client: TextClient | None = None
    """Cut texts as this client on phones does, which suits a model that is made for it: mediapipe lower-cases A to Z
    alone and keeps accents. null cuts them as BERT does. A model that is already fine-tuned cuts them in its own way
    unless this is set."""
    sequence_length: TaskLength = 128
    """Tokens per example. A model that is already fine-tuned reads its own length unless this is set."""

    @model_validator(mode="after")
    def _client_reads_single_texts(self) -> "GlueTask":
        if self.client is not None and self.name not in ("cola", "sst2"):
            raise ValueError(CLIENT_OF_SINGLE_TEXTS)
        return self


class FileTask(Section):
    """Classification or regression of one or two texts, from TSV, CSV or JSONL files."""

    source: Literal["file"]
    """Files of your own."""
    kind: Literal["classification", "multi_label", "regression"] = "classification"
    """classification into one label, multi_label into any number of them, or regression to a number."""
    train: str
    """Training file: .tsv, .csv or .jsonl, plain or as .gz, or a run of `mbert augment`. Rows that Prodigy marked as
    rejected or ignored are left out."""
    validation: str | None = None
    """Validation file; null holds out a share of the training examples, chosen by a hash of the text."""
    validation_share: Annotated[float, Field(gt=0, lt=1)] = 0.1
    """Share held out when there is no validation file. Examples with the same text are on one side, so that none is
    learned from and scored on."""
    text: str = "text"
    """Column of the text."""
    second_text: str | None = None
    """Column of the second text of a pair; null for one text."""
    label: str | Annotated[list[str], Field(min_length=1)] = "label"
    """Column of the label, the labels or the number. In a .jsonl file several labels are a list. With multi_label
    this may be a list of columns such as [sea, money, film], one for each label, in the order of the ids: a cell
    holds 0 or 1, true or false, yes or no, and an empty one means no."""
    label_separator: Annotated[str, Field(min_length=1)] = ","
    """Separates several labels in one column."""
    labels: list[str] | None = None
    """The labels in the order of their ids; null takes those of the training file, numbers sorted by value, others by
    their characters. A regression has none, and where label is a list of columns, these are the labels."""
    delimiter: str | None = None
    """Separates the cells of a .tsv or .csv file, which may then be quoted: one character, or \\t for a tab. null takes
    what the suffix says, or what separates the columns named here in the first line."""
    encoding: str | None = None
    """Encoding of the .tsv and .csv files, such as utf-8, utf-16 or cp1252. null reads UTF-8, or what the byte order
    mark of a file says, as rows of JSON are read in any case."""
    unlabelled: UnlabelledFiles | None = None
    """Files of texts without labels, which the teacher labels in `distill --strategy task`: paths or patterns such as
    mails/*.txt, one text in a line, of a pair both with a tab between them; or tables with the columns of the texts.
    null learns from the labelled examples alone."""
    client: TextClient | None = None
    """Cut texts as this client on phones does, which suits a model that is made for it: mediapipe lower-cases A to Z
    alone and keeps accents. null cuts them as BERT does. A model that is already fine-tuned cuts them in its own way
    unless this is set."""
    sequence_length: TaskLength = 128
    """Tokens per example. A model that is already fine-tuned reads its own length unless this is set."""

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
            raise ValueError(
                "encoding must be one that Python knows, such as utf-8, utf-16 or cp1252"
            ) from None
        return encoding

    @model_validator(mode="after")
    def _client_reads_single_texts(self) -> "FileTask":
        if self.client is not None and self.second_text is not None:
            raise ValueError(CLIENT_OF_SINGLE_TEXTS)
        return self

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
        return self

    @model_validator(mode="after")
    def _columns_are_distinct(self) -> "FileTask":
        labels = self.label if isinstance(self.label, list) else [self.label]
        names = [name for name in (self.text, self.second_text, *labels) if name is not None]
        if repeated := sorted({name for name in names if names.count(name) > 1}):
            shown = ", ".join(map(repr, repeated))
            raise ValueError(
                f"text, second_text and label must be columns of their own; named more than once: {shown}"
            )
        return self


class SquadTask(Section):
    """Questions about texts, in the format of SQuAD: the answer is a piece of the text, or there is none."""

    source: Literal["squad"]
    """SQuAD's JSON files, your own in that format or with one question per row, or tensorflow-datasets."""
    version: Literal["v1.1", "v2.0"] = "v1.1"
    """Rules of the score. Under those of v2.0 some questions have no answer in their text."""
    train: str | None = None
    """Training file, plain or as .gz: JSON in SQuAD's layout, or rows of id, question, context and answers as
    `datasets` writes them, in an array or one per line. null loads squad/<version> from tensorflow-datasets."""
    validation: str | None = None
    """Validation file; null holds out a share of the texts of the training file, chosen by a hash."""
    validation_share: Annotated[float, Field(gt=0, lt=1)] = 0.1
    """Share of the texts held out when there is a training file but no validation file. All questions about a text are
    on one side."""
    data_dir: str | None = None
    """Folder of prepared tensorflow-datasets; null uses their default."""
    client: TextClient | None = None
    """Cut texts as clients on phones do, which suits a model that is made for one: mediapipe lower-cases A to Z alone
    and keeps accents, and the Task Library's answerer of questions does too. null cuts them as BERT does. A model that
    is already fine-tuned cuts them in its own way unless this is set."""
    sequence_length: TaskLength = 384
    """Tokens per row: special tokens, the question and a window of the text."""
    document_stride: Positive = 128
    """Tokens from the start of one window of a text to the start of the next."""
    question_length: Positive = 64
    """Longest question in tokens; the rest of a longer one is cut off."""
    num_best: Positive = 20
    """How many of the best starts, ends and answers are kept."""
    max_answer_tokens: Positive = 30
    """Longest answer in tokens."""
    null_threshold: float | None = None
    """With version v2.0, "no answer" wins where its score leads by more than this. null uses the threshold that is
    best on the validation set."""
    misplaced: Literal["mend", "leave_out", "stop"] = "mend"
    """What to do with training answers that are not where the file says. mend moves those whose text occurs only once,
    or whose start counts bytes or UTF-16 units, and leaves out the others; leave_out leaves out all of them; stop
    refuses the file."""

    @model_validator(mode="after")
    def _rows_hold_a_question(self) -> "SquadTask":
        if self.sequence_length < self.question_length + 4:
            raise ValueError(
                f"sequence_length ({self.sequence_length}) must be at least question_length "
                f"({self.question_length}) and 4"
            )
        return self


class TokenTask(Section):
    """Label pieces of a text, such as names of people and places, or tag each word, for example with its part of
    speech; from CoNLL files, or rows of JSON as doccano, spaCy, Prodigy and `datasets` write them."""

    source: Literal["tokens"]
    """Files of your own, or of a data set such as CoNLL-2003."""
    kind: Literal["entities", "tags"] = "entities"
    """entities are marked by tags with B- and I-, or given as spans. tags are plain labels of words: one tag per word
    or, where O is among them, entities made of neighbouring words with the same tag."""
    train: str
    """Training file, plain or as .gz: .conll, .txt, .tsv, .bio or .iob with one token per line; or .jsonl, .json or
    .ndjson, where each row has a text and its spans, or tokens and ner_tags. Rows that Prodigy marked as rejected or
    ignored are left out."""
    validation: str | None = None
    """Validation file; null holds out a share of the training examples, chosen by a hash of the text."""
    validation_share: Annotated[float, Field(gt=0, lt=1)] = 0.1
    """Share held out when there is no validation file. Examples with the same text are on one side, so that none is
    learned from and scored on."""
    labels: Annotated[list[str], Field(min_length=1)] | None = None
    """The types of entities, or all tags, in the order of their ids; null takes those of the training file, sorted.
    Tags of entities include O, as in [O, B-PER, I-PER]. They also name the numbers that stand for tags in a file."""
    token_column: int | str = 0
    """Column of the token in files with one token per line, counted from 0, or from the end if negative. In rows of
    JSON, the name of the list of tokens; a number means tokens or words."""
    label_column: int | str = -1
    """Column of the tag, counted in the same way, or the name of the list of tags; a number means ner_tags or another
    usual name. Tags of entities may be IOB1, IOB2 (BIO), IOE, BIOES or BILOU."""
    offsets: Literal["characters", "utf16", "bytes"] = "characters"
    """What the start and end of a span count: characters, UTF-16 units (as in JavaScript, and therefore in doccano),
    or bytes of UTF-8. UTF-16 units differ after an emoji, bytes after any character that is not ASCII."""
    unlabelled: UnlabelledFiles | None = None
    """Files of texts without labels, which the teacher labels in `distill --strategy task`: paths or patterns such as
    mails/*.txt, one text in a line, of a pair both with a tab between them; or tables with the columns of the texts.
    null learns from the labelled examples alone."""
    sequence_length: TaskLength = 128
    """Tokens per row: special tokens and a text, or a window of a longer one."""
    document_stride: Positive | None = None
    """Tokens from the start of one window of a text to the start of the next; null takes half of what a row holds.
    Each word is labelled, and learned, in the window where it has the most text on both sides."""

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
                "O stands for words outside of entities; leave it out of labels, list all tags, such as B-PER, "
                "or set kind to tags"
            )
        return self


class ImportedTask(Section):
    """The task of an imported model, whose data are not here."""

    source: Literal["imported"]
    """There is nothing to read; to score the model, name a task with the same labels."""
    client: TextClient | None = None
    """Cut texts as this client on phones does, which suits a model that is made for it: mediapipe lower-cases A to Z
    alone and keeps accents. null cuts them as BERT does. A model that is already fine-tuned cuts them in its own way
    unless this is set."""
    sequence_length: TaskLength = 128
    """Tokens per example. A model that is already fine-tuned reads its own length unless this is set."""


Task = Annotated[
    InstalledDocsTask | GlueTask | FileTask | SquadTask | TokenTask, Field(discriminator="source")
]

AnyTask = Annotated[
    InstalledDocsTask | GlueTask | FileTask | SquadTask | TokenTask | ImportedTask,
    Field(discriminator="source"),
]
"""A task as a saved model records it: imported models have one too."""
