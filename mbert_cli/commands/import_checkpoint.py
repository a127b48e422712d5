"""`mbert import`: a TF1 or Hugging Face checkpoint -> an ordinary complete run."""

from dataclasses import dataclass
from pathlib import Path

from mbert_cli import console
from mbert_cli.commands.inputs import IMPORT
from mbert_cli.commands.run_files import VOCABULARY, describe_vocabulary, save_arrays
from mbert_cli.data.options import ImportedTask
from mbert_cli.data.tokenizer_source import find_vocabulary
from mbert_cli.data.vocabulary import Vocabulary
from mbert_cli.errors import UserError
from mbert_cli.train.origin import collect_origin
from mbert_cli.train.run_dir import RunDir
from mbert_cli.weights.checkpoint_source import Imported, read_checkpoint
from mbert_cli.weights.description import ModelDescription

LENGTHS = {"question_answering": 384}
DEFAULT_LENGTH = 128
"""Tokens of an example, by the kind of the task; at most as many as the checkpoint has positions."""


@dataclass(frozen=True)
class ImportCommand:
    """What was typed.

    Attributes:
        source: Folder or prefix of the checkpoint, or the id of a model of the hub.
        run: Directory to write; None is named after the source.
        allow_unused: Leave arrays out that nothing is known about.
        fresh: Move a run that is there aside.
        dry_run: Read and account, write nothing.
    """

    source: str
    run: Path | None = None
    allow_unused: bool = False
    fresh: bool = False
    dry_run: bool = False


def run(command: ImportCommand) -> None:
    """Reads a checkpoint, says what became of each of its arrays, and writes a run.

    Raises:
        UserError: It cannot be read as one of our networks.
    """
    folder = find_source(command.source)
    imported = read_checkpoint(folder, allow_unused=command.allow_unused)
    vocabulary = find_vocabulary(folder if folder.is_dir() else folder.parent, imported.vocab_size)
    description = describe(imported, vocabulary)
    show_coverage(f"import: {command.source}", imported)
    name = folder.resolve().name if Path(command.source).exists() else Path(command.source).name
    path = command.run or Path("runs", f"{IMPORT}-{name}")
    _show_model(imported, description, path)
    if command.dry_run:
        return
    recipe = {"source": command.source, "allow_unused": command.allow_unused}
    with RunDir.open(path, IMPORT, recipe, fresh=command.fresh, origin=collect_origin()) as run_dir:
        if run_dir.is_complete:
            console.info(f"{path} is complete already; --fresh moves it aside and begins anew")
            return

        def write(directory: Path) -> None:
            save_arrays(directory, imported.arrays, description)
            vocabulary.save(directory / VOCABULARY)

        run_dir.finish(write)
    console.result(f"{path}: complete")


def find_source(source: str) -> Path:
    """The folder or prefix that was named; a model of the hub is downloaded into the hub's own cache.

    Raises:
        UserError: There is nothing of that name, or the hub cannot be reached.
    """
    path = Path(source)
    if path.exists() or path.with_name(path.name + ".index").is_file():
        return path
    if source.count("/") != 1 or source.startswith((".", "~")):
        raise UserError(
            f"A checkpoint must be a folder, a TF1 prefix or the id of a model of the hub. Received: {source}",
            "Check the path.",
        )
    try:
        from huggingface_hub import snapshot_download
    except ImportError:
        raise UserError(
            f"A model of the hub is downloaded by huggingface_hub. Received: {source}, and it is not installed.",
            "`pip install huggingface_hub`, or name a folder.",
        ) from None
    try:
        folder = Path(snapshot_download(source, allow_patterns=["*.json", "*.safetensors", "*.txt"]))
        if not any(folder.glob("*.safetensors")):
            snapshot_download(source, allow_patterns=["pytorch_model*.bin"])
        return folder
    except Exception as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UserError(
            f"A model of the hub must be reachable. Received: {source} ({reason})",
            "Check the id and the network, or name a folder that holds the model.",
        ) from error


def describe(imported: Imported, vocabulary: Vocabulary) -> ModelDescription:
    """What the run says about itself."""
    known = {"verb": IMPORT, "size": imported.size, "vocabulary": describe_vocabulary(vocabulary)}
    if imported.kind is None:
        return ModelDescription(**known)
    length = min(LENGTHS.get(imported.kind, DEFAULT_LENGTH), imported.size.max_length)
    task = ImportedTask(source="imported", sequence_length=length)
    labels = list(imported.labels or ("start", "end"))
    return ModelDescription(**known, labels=labels, kind=imported.kind, task=task)


def show_coverage(title: str, imported: Imported) -> None:
    """A table of what became of every array, and of what is missing."""
    coverage = imported.coverage
    rows = [("used", f"{len(coverage.used):,}", "")]
    rows += [
        ("skipped", f"{len(names):,}", f"{reason}, as {names[0]}")
        for reason, names in coverage.skipped.items()
    ]
    if coverage.unused:
        rows.append(("unused", f"{len(coverage.unused):,}", ", ".join(coverage.unused[:3])))
    rows += [("missing", part, instead) for part, instead in imported.absent.items()]
    console.table(f"{title}, {coverage.read:,} arrays", ["arrays", "count", "what"], rows)


def _show_model(imported: Imported, description: ModelDescription, path: Path) -> None:
    size, labels = imported.size, description.labels
    heads = ", ".join(imported.heads) or "no head"
    console.info(
        f"{imported.family}, {size.num_layers} layers of {size.hidden_dim}, "
        f"{sum(array.size for array in imported.arrays.values()):,} parameters; {heads}"
        + (f"; labels {', '.join(labels)}" if labels and imported.labels else "")
        + f"; {description.vocabulary.size:,} {'lower-cased ' if description.vocabulary.lowercase else ''}tokens"
        + f" -> {path}"
    )
