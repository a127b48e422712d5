"""`mbert import`: a TF1 or Hugging Face checkpoint -> an ordinary complete run."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mbert_cli import console
from mbert_cli.errors import UserError
from mbert_cli.examples.options import ImportedTask
from mbert_cli.figures import counted
from mbert_cli.runs.directory import RunDir
from mbert_cli.runs.disk import format_bytes
from mbert_cli.runs.lineage import IMPORT
from mbert_cli.runs.listing import USUAL_ROOT
from mbert_cli.runs.origin import collect_origin
from mbert_cli.sessions.continuing import say_what_moved, say_when_complete
from mbert_cli.tasks.embedding import describe_embedding, find_sentence_model, require_encoder
from mbert_cli.tasks.kinds import KINDS, kind_of_foreign
from mbert_cli.text.foreign_tokenizer import find_vocabulary
from mbert_cli.text.matched_tokens import describe_matched
from mbert_cli.text.vocabulary import SEP, VOCABULARY_FILE, Vocabulary
from mbert_cli.weights.checkpoint_source import Imported, checkpoint_content, read_checkpoint, without_padding
from mbert_cli.weights.description import ModelDescription
from mbert_cli.weights.imported_length import imported_length
from mbert_cli.weights.saved_files import describe_vocabulary, save_arrays
from mbert_cli.weights.sentence_transformers import SentenceModel

HUB_ID = r"[A-Za-z0-9][\w.-]*/[\w.-]+"
"""OWNER/NAME."""

USUAL_PADDING = 128
"""Rows by which a word table is longer than its vocabulary where it is padded for the sake of speed."""


@dataclass(frozen=True)
class ImportCommand:
    """What was typed.

    Attributes:
        source: Folder or prefix of the checkpoint, or the id of a model on the hub.
        run: Directory to write; None is named after the source.
        allow_unused: Leave arrays out that nothing is known about.
        allow_unknown: Pass over fields of the configuration that nothing is known about.
        length: Tokens of a task model's rows, or of a text that becomes a vector; None asks tokenizer and position
            table.
        fresh: Move an existing run aside.
        dry_run: Read and account, write nothing.
        pooling: mean or cls, for a model whose texts become vectors; None asks the files beside it.
        normalize: Whether the vectors are divided by their lengths; None asks the same files.
    """

    source: str
    run: Path | None = None
    allow_unused: bool = False
    allow_unknown: bool = False
    length: int | None = None
    fresh: bool = False
    dry_run: bool = False
    pooling: str | None = None
    normalize: bool | None = None


def run(command: ImportCommand) -> None:
    """Reads a checkpoint, says what became of each of its arrays, and writes a run.

    Raises:
        UserError: It cannot be read as one of our networks.
    """
    source = find_source(command.source)
    console.info(f"Reading {source}")
    sentences = find_sentence_model(source, command.pooling, command.normalize)
    place = sentences.encoder if sentences else source
    imported = read_checkpoint(place, allow_unused=command.allow_unused, allow_unknown=command.allow_unknown)
    folder = place if place.is_dir() else place.parent
    vocabulary, notes = find_vocabulary(folder, imported.vocab_size)
    num_spare = imported.vocab_size - vocabulary.size
    imported = without_padding(imported, vocabulary.size)
    description, length = _describe_found(command, imported, folder, vocabulary, sentences)
    show_coverage(f"import: {command.source}", imported)
    if num_spare > USUAL_PADDING:
        console.warning(
            f"{num_spare:,} rows are more than padding needs: check that {folder} has the whole vocabulary"
        )
    name = source.resolve().name if _is_here(command.source) else Path(command.source).name
    path = command.run or USUAL_ROOT / f"{IMPORT}-{name}"
    _show_model(imported, description, path)
    _show_tokenizer(vocabulary, notes)
    if length:
        console.info(f"It reads {length[0]} tokens of a text: {length[1]}")
    if command.dry_run:
        return
    recipe = _recipe(command, source, imported, sentences)
    contents = {"source": checkpoint_content(imported.path)}
    with RunDir.open(
        path, IMPORT, recipe, fresh=command.fresh, origin=collect_origin(), contents=contents
    ) as run_dir:
        say_what_moved(run_dir)
        if say_when_complete(run_dir):
            return

        def write(directory: Path) -> None:
            console.info(f"Writing {format_bytes(sum(array.nbytes for array in imported.arrays.values()))}")
            save_arrays(directory, imported.arrays, description)
            vocabulary.save(directory / VOCABULARY_FILE)

        run_dir.finish(write)
    console.result(f"{path}: complete")


def _describe_found(
    command: ImportCommand,
    imported: Imported,
    folder: Path,
    vocabulary: Vocabulary,
    sentences: SentenceModel | None,
) -> tuple[ModelDescription, tuple[int, str] | None]:
    """What the run says about itself, and the length of its texts with where it comes from, if it reads any."""
    if sentences is not None:
        require_encoder(imported, vocabulary, sentences)
    kind = kind_of_foreign(imported.task_head, imported.problem_type) if imported.task_head else None
    window = KINDS[kind].foreign_length if kind else None
    length = imported_length(imported, folder, command.length, window, sentences)
    description = describe(imported, vocabulary, kind, length[0] if length else None)
    if sentences is not None and length is not None:
        description = describe_embedding(description, sentences.embedding, length[0])
    return description, length


def _recipe(
    command: ImportCommand, found: Path, imported: Imported, sentences: SentenceModel | None
) -> dict[str, object]:
    """What the run remembers of the command: a checkpoint by one name, however it was typed."""
    # The encoder may lie in a folder inside, without what says how texts become vectors and how long they are.
    place = found if sentences and sentences.encoder != found else imported.path
    source = str(place.resolve()) if _is_here(command.source) else command.source
    chosen = {"allow_unknown": command.allow_unknown or None, "length": command.length}
    given = {name: value for name, value in chosen.items() if value is not None}
    if sentences:
        given |= sentences.embedding.model_dump()
    return {"source": source, "allow_unused": command.allow_unused} | given


def _is_here(source: str) -> bool:
    """Whether a folder, or a TF1 checkpoint by its prefix, is meant."""
    path = Path(source)
    return path.exists() or path.with_name(path.name + ".index").is_file()


def find_source(source: str) -> Path:
    """The folder or prefix that was named; a model on the hub is downloaded into the hub's own cache.

    Raises:
        UserError: There is nothing of that name, or the hub cannot be reached.
    """
    if _is_here(source):
        return Path(source)
    if not re.fullmatch(HUB_ID, source):
        raise UserError(
            f"A checkpoint must be a folder, a TF1 prefix or the id of a model on the hub. Received: {source}",
            "Check the path; an id is written as OWNER/NAME.",
        )
    console.info(f"{source}: no folder of this name is here, so it is looked up on the hub")
    try:
        from huggingface_hub import snapshot_download
    except ImportError:
        raise UserError(
            f"A model on the hub is downloaded by huggingface_hub. Received: {source}, and it is not installed",
            "`pip install huggingface_hub`, or name a folder that holds the model.",
        ) from None
    try:
        folder = Path(snapshot_download(source, allow_patterns=["*.json", "*.safetensors", "*.txt"]))
        if not any(folder.glob("*.safetensors")):
            snapshot_download(source, allow_patterns=["pytorch_model*.bin"])
        return folder
    except Exception as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UserError(
            f"A model on the hub must be reachable. Received: {source} ({reason})",
            "Check the id and the network, or name a folder that holds the model.",
        ) from error


def describe(
    imported: Imported, vocabulary: Vocabulary, kind: str | None, length: int | None
) -> ModelDescription:
    """What the run says about itself.

    Args:
        imported: The model.
        vocabulary: Its vocabulary.
        kind: A key of `mbert_cli.tasks.kinds.KINDS`; None without the head of a task.
        length: Tokens of a task model's rows; None without the head of a task.
    """
    known = {"verb": IMPORT, "size": imported.size, "vocabulary": describe_vocabulary(vocabulary)}
    if kind is None or length is None:
        return ModelDescription(**known)
    task = ImportedTask(source="imported", sequence_length=length)
    names = list(imported.labels or KINDS[kind].output_names)
    return ModelDescription(**known, output_names=names, kind=kind, task=task)


def show_coverage(title: str, imported: Imported) -> None:
    """A table of what became of every array, and of what is missing."""
    coverage = imported.coverage
    rows = [("used", f"{len(coverage.used):,}", "")]
    rows += [
        ("skipped", f"{len(names):,}", f"{reason}, such as {names[0]}")
        for reason, names in coverage.skipped.items()
    ]
    if coverage.unused:
        rows.append(("unused", f"{len(coverage.unused):,}", ", ".join(coverage.unused[:3])))
    rows += [("missing", "", f"{part}: {instead}") for part, instead in imported.absent.items()]
    console.table(f"{title}, {counted(coverage.read, 'array')}", ["arrays", "count", "what"], rows)
    for note in imported.notes:
        console.info(note)


def _show_model(imported: Imported, description: ModelDescription, path: Path) -> None:
    size, labels = imported.size, imported.labels
    pooler = sum(array.size for name, array in imported.arrays.items() if name.startswith("pooler/"))
    heads = ", ".join(name for name in imported.heads if name != "pooler" or not pooler) or "no head"
    if description.embedding:
        heads += f"; a text becomes a vector of {size.hidden_dim}, {description.embedding}"
    console.info(
        f"{imported.family}, {counted(size.num_layers, 'layer')} of {size.hidden_dim}, "
        f"{sum(array.size for array in imported.arrays.values()):,} parameters"
        + (f", {pooler:,} of them in the pooler" if pooler else "")
        + f"; {heads}"
        + (f"; labels {', '.join(labels)}" if labels else "")
        + f"; {description.vocabulary.size:,} {'lower-cased ' if description.vocabulary.lowercase else ''}tokens"
        + f" -> {path}"
    )


def _show_tokenizer(vocabulary: Vocabulary, notes: Sequence[str]) -> None:
    for note in notes:
        console.warning(note)
    matched = describe_matched(vocabulary.matched)
    if matched:
        console.info(f"Its tokenizer matches before it cuts words: {matched}")
    else:
        console.info(f"{SEP} and the like typed in a text are text to its tokenizer")
