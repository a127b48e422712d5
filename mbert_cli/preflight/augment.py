"""What `mbert augment` needs: a task of whole texts, and a masked LM or word vectors."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mbert_cli import console
from mbert_cli.augment.kept_vectors import KeptVectors, vectors_key
from mbert_cli.augment.options import TrainedVectors, VectorFile
from mbert_cli.augment.replacement import COPIES, OTHER_COPIES
from mbert_cli.augment.trained_vectors import VectorTraining, require_gensim
from mbert_cli.augment.vector_file import read_vectors
from mbert_cli.augment.word_vectors import WordVectors
from mbert_cli.augment.words import read_stop_words
from mbert_cli.errors import UserError
from mbert_cli.examples.options import GlueTask, SquadTask, Task, TokenTask
from mbert_cli.examples.texts import Examples, TaskData
from mbert_cli.figures import counted
from mbert_cli.preflight.cluster import look_at_cluster
from mbert_cli.preflight.inputs import Unnamed, find_run, look_at_length, look_at_model, with_found
from mbert_cli.preflight.inspection import Inspection, Looked
from mbert_cli.preflight.machine import look_at_disk
from mbert_cli.preflight.run import look_at_run
from mbert_cli.preflight.task import look_at_task
from mbert_cli.preflight.token_store import StoreRun
from mbert_cli.recipe.contents import input_files, run_content
from mbert_cli.recipe.invocation import Invocation
from mbert_cli.recipe.schema import AugmentRecipe
from mbert_cli.runs.complete import Run
from mbert_cli.runs.content import Contents
from mbert_cli.runs.lineage import PRETRAINED
from mbert_cli.runs.listing import CANDIDATES
from mbert_cli.spread import spread_places
from mbert_cli.weights.saved_model import RunModel

MODEL_KEY = "masked_language_model"
STORE_KEY = "vectors.run"
_LABEL_BYTES = 8
"""Bytes of a row beside its texts: label, separators, line break."""


@dataclass(frozen=True)
class Ready:
    """What was found.

    Attributes:
        invocation: The command.
        recipe: Its recipe, with the runs that it works on and the number of copies written down.
        task: The task; None where it does not come from files, and is read by the command.
        model: The masked LM; None where vectors alone are used.
        vectors: Those of a file; None without one.
        store: The text that vectors are trained on; None where none are.
        training: How that is done, unless they are kept from an earlier time; None where none are.
        inputs: The runs that it works on, by key.
        contents: What the inputs hold, where a run goes on; None for a new one.
    """

    invocation: Invocation[AugmentRecipe]
    recipe: AugmentRecipe
    task: TaskData | None
    model: RunModel | None
    vectors: WordVectors | None
    store: StoreRun | None
    training: VectorTraining | None
    inputs: Mapping[str, Run]
    contents: Contents | None


def resolve(invocation: Invocation[AugmentRecipe], inspection: Inspection) -> Ready:
    """Looks at task, masked LM, vectors, run and disk."""
    recipe = _with_copies(invocation.recipe)
    task = _look_at_task(inspection, recipe.task)
    if recipe.augment.stop_words is not None:
        inspection.look("stop words", lambda: _stop_words(recipe))
    model = _look_at_masked_words(inspection, invocation)
    vectors = _look_at_file(inspection, recipe)
    store = _look_at_store(inspection, invocation)
    found = {MODEL_KEY: model.found and model.found.run, STORE_KEY: store.found and store.found.run}
    inputs = {key: run for key, run in found.items() if run}
    recipe = with_found(recipe, inputs)
    contents = look_at_run(inspection, invocation, recipe, inputs)
    if task.found:
        look_at_disk(inspection, invocation.directory, most_bytes(task.found.train, recipe))
    if model.found:
        look_at_cluster(inspection, invocation, recipe.cluster, input_files(recipe))
    training = _training(invocation, store.found) if store.found else None
    return Ready(
        invocation, recipe, task.value, model.value, vectors.value, store.value, training, inputs,
        contents.value,
    )  # fmt: skip


def most_bytes(examples: Examples, recipe: AugmentRecipe) -> int:
    """Bytes of the training file if no copy is dropped, about."""
    copied = examples.take(spread_places(len(examples), recipe.augment.max_examples))
    return _text_bytes(examples) + (recipe.augment.copies or 0) * _text_bytes(copied)


def _text_bytes(examples: Examples) -> int:
    texts = [*examples.texts, *(examples.second_texts or [])]
    return sum(len(text.encode(errors="replace")) for text in texts) + _LABEL_BYTES * len(examples)


def _with_copies(recipe: AugmentRecipe) -> AugmentRecipe:
    """Gives the recipe the number of copies that suits the task where it leaves the number open, and says so."""
    if recipe.augment.copies is not None:
        return recipe
    name = recipe.task.name if isinstance(recipe.task, GlueTask) else ""
    copies = COPIES.get(name, OTHER_COPIES)
    console.info(f"augment.copies: {copies}, as TinyBERT's authors take for {name or 'other tasks'}")
    return recipe.model_copy(update={"augment": recipe.augment.model_copy(update={"copies": copies})})


def _look_at_task(inspection: Inspection, task: Task) -> Looked[TaskData | None]:
    def check() -> tuple[str, None]:
        if isinstance(task, SquadTask | TokenTask):
            raise UserError(
                "A text with other words keeps its label only where that is a label of the whole text. "
                f"Received: task.source: {task.source}, whose labels belong to words",
                "Augment a task with task.source glue, file or installed_docs.",
            )
        return "labels of whole texts", None

    looked = inspection.look("labels", check)
    return look_at_task(inspection, task) if looked.failure is None else Looked(failure=looked.failure)


def _stop_words(recipe: AugmentRecipe) -> tuple[str, None]:
    return counted(len(read_stop_words(recipe.augment.stop_words)), "word"), None


def _look_at_masked_words(
    inspection: Inspection, invocation: Invocation[AugmentRecipe]
) -> Looked[RunModel | None]:
    """Looks for the masked LM, which is needed unless there are vectors, and at the length of its rows."""
    recipe = invocation.recipe
    if recipe.masked_language_model is None and recipe.vectors is not None:
        return Looked(None)
    model = look_at_model(
        inspection, invocation, recipe.masked_language_model, MODEL_KEY, PRETRAINED, _require_masked_words,
        Unnamed(serves=_fills_masked_words, what=" with a head for masked words"),
    )  # fmt: skip
    look_at_length(
        inspection,
        "augment.sequence_length",
        recipe.augment.sequence_length,
        lambda: model.value.description.size,
        "augment.sequence_length",
    )
    return Looked(model.found, model.failure)


def _fills_masked_words(path: Path) -> bool:
    return "masked_language_model" in RunModel.open(path, PRETRAINED).heads


def _require_masked_words(model: RunModel) -> None:
    if "masked_language_model" not in model.heads:
        raise UserError(
            "Candidates come from a head for masked words. "
            f"Received: {model.path} with {', '.join(sorted(model.heads)) or 'no head'}",
            f"Name another run with --set {MODEL_KEY}=DIR, or take word vectors: "
            "--set vectors.source=file --set vectors.path=FILE",
        )


def _look_at_file(inspection: Inspection, recipe: AugmentRecipe) -> Looked[WordVectors | None]:
    options = recipe.vectors
    if not isinstance(options, VectorFile):
        return Looked(None)

    def check() -> tuple[str, WordVectors | None]:
        found = read_vectors(Path(options.path), options.max_rows)
        return f"{options.path}: {len(found):,} words, {found.directions.shape[1]} numbers each", found

    return inspection.look("vectors", check)


def _look_at_store(inspection: Inspection, invocation: Invocation[AugmentRecipe]) -> Looked[StoreRun | None]:
    options = invocation.recipe.vectors
    if not isinstance(options, TrainedVectors):
        return Looked(None)

    def check() -> tuple[str, StoreRun | None]:
        require_gensim()
        found = StoreRun.of(find_run(invocation, options.run, STORE_KEY, ("prepare",)))
        return f"{found.run.path}: {found.store.report.tokens:,} tokens", found

    return inspection.look("vectors", check)


def _training(invocation: Invocation[AugmentRecipe], store: StoreRun) -> VectorTraining | None:
    recipe = invocation.recipe
    if not isinstance(recipe.vectors, TrainedVectors):
        return None
    key = vectors_key(run_content(store.run.path, store.run), recipe.vectors, recipe.seed)
    kept = KeptVectors(key, invocation.directory / CANDIDATES)
    return VectorTraining(store.store, recipe.vectors, recipe.seed, kept)
