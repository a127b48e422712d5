"""What `mbert export-tflite` needs: a task model, a length that it can read, and examples to verify with."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from mbert_cli.errors import UserError
from mbert_cli.examples.options import AnyTask
from mbert_cli.examples.texts import TaskData
from mbert_cli.phone.packing import artifact_files, describe_artifact
from mbert_cli.phone.presentation import Presentation
from mbert_cli.phone.web_packages import WebPackages, find_web_packages
from mbert_cli.preflight.artifact_modes import look_at_calibration, look_at_modes, wanted_modes
from mbert_cli.preflight.inputs import look_at_length
from mbert_cli.preflight.inspection import Inspection
from mbert_cli.preflight.targets import described
from mbert_cli.preflight.task import look_at_task
from mbert_cli.preflight.text_input import require_text_input
from mbert_cli.recipe.invocation import Invocation
from mbert_cli.recipe.schema import ExportRecipe
from mbert_cli.tasks.chosen_client import with_chosen_client, with_recorded_client
from mbert_cli.tasks.embedding import open_weights_of
from mbert_cli.tasks.model import TaskModel, find_target, run_task_model
from mbert_cli.tasks.phone_client import ClientFit, fitting_client
from mbert_cli.tasks.row_length import chosen_length
from mbert_cli.tflite.metadata import ArtifactMetadata
from mbert_cli.tflite.trained_ranges import TrainedRanges
from mbert_cli.weights.saved_model import RunModel

NO_CLIENT = "none has the operations of the tokenizer inside"


@dataclass(frozen=True)
class Ready:
    """What was found.

    Attributes:
        invocation: The command.
        recipe: Its recipe.
        saved: The run.
        model: Its model, as an artifact of the longest length sees a task.
        modes: What is exported, in order.
        lengths: Tokens of the texts that the artifact has signatures for, ascending.
        options: The recipe section of the task whose examples verify it.
        task: The task; None where it does not come from files.
        training: The task with its training set, where a mode needs it and it lies in files.
        trained: The ranges of a run that was fine-tuned with fake quantization.
        client: What loads the artifacts on a phone.
        web_packages: What a page of the artifact runs on; None where none is wanted.
    """

    invocation: Invocation[ExportRecipe]
    recipe: ExportRecipe
    saved: RunModel
    model: TaskModel
    modes: Sequence[str]
    lengths: tuple[int, ...]
    options: AnyTask
    task: TaskData | None
    training: TaskData | None
    trained: TrainedRanges | None
    client: ClientFit
    web_packages: WebPackages | None = None

    @property
    def metadata(self) -> ArtifactMetadata:
        """What is packed into the artifacts."""
        return describe_artifact(self.saved.description, artifact_files(self.saved), self.client.client)

    @property
    def reads_text(self) -> bool:
        """Whether the artifacts have their tokenizer inside."""
        return self.recipe.export.tokenizer == "inside"

    @property
    def presentation(self) -> Presentation:
        """How the artifacts are shown to people."""
        return Presentation(self.saved.path, self.client, self.web_packages)

    @property
    def length(self) -> int:
        """Tokens of the longest text."""
        return self.lengths[-1]


def resolve(invocation: Invocation[ExportRecipe], inspection: Inspection) -> Ready:
    """Looks at model, length and task."""
    recipe = invocation.recipe

    def check() -> tuple[str, tuple[RunModel, TaskModel]]:
        saved = open_weights_of(find_target(invocation), recipe.embedding)
        model = with_chosen_client(run_task_model(saved), invocation)
        return described(model), (with_recorded_client(saved, model.client), model)

    found = inspection.look("task model", check)
    saved, model = found.value
    lengths = _lengths(invocation, model)
    key = "task.sequence_length" if recipe.export.sequence_length is None else "export.sequence_length"
    look_at_length(inspection, "sequence length", lengths[-1], lambda: model.description.size, key)
    options = recipe.task or model.own_task
    task = look_at_task(inspection, options, split="validation", may_lack_examples=True)
    if invocation.dry_run and task.found is not None:  # otherwise the verification looks first of all
        data = task.found
        inspection.look("labels", lambda: (", ".join(data.output_names), model.answering(data)))
    # Ranges were learned with the head of a task: a model of vectors has others.
    trained = None if model.description.embedding else TrainedRanges.load(saved.folder)
    look_at_modes(inspection, recipe.export, trained)
    modes = wanted_modes(recipe.export)
    measured = [mode for mode in modes if trained is None or mode != trained.mode]
    training = look_at_calibration(inspection, measured, options, described(model), model.description.kind)
    static = model.with_static_length(lengths[-1])
    client = fitting_client(
        model.description.kind, model.own_task, lengths, model.description.size.max_length
    )
    if recipe.export.tokenizer == "inside":
        target = recipe.export.target
        inspection.look("tokenizer", lambda: (require_text_input(model, lengths, target), None))
        static, client = replace(static, keeps_texts=True), ClientFit(reason=NO_CLIENT)
    packages = _look_at_packages(inspection, recipe)
    return Ready(
        invocation, recipe, saved, static, modes, lengths, options, task.value, training, trained, client, packages
    )  # fmt: skip


def _look_at_packages(inspection: Inspection, recipe: ExportRecipe) -> WebPackages | None:
    """What the page of an artifact runs on, if one is wanted."""
    if not recipe.export.page:
        return None

    def check() -> tuple[str, WebPackages]:
        if recipe.export.tokenizer == "inside":
            raise UserError(
                "A page cuts texts itself and runs artifacts that take token ids. "
                "Received: --page with export.tokenizer=inside",
                "Leave one of the two out.",
            )
        packages = find_web_packages(recipe.export.page_packages)
        return packages.described, packages

    return inspection.look("page", check).found


def _lengths(invocation: Invocation[ExportRecipe], model: TaskModel) -> tuple[int, ...]:
    """Tokens of the artifact: what the recipe says, else what the run reads."""
    wanted, chosen = invocation.recipe.export.sequence_length, chosen_length(invocation)
    if wanted is None:
        return (chosen or model.sequence_length,)
    lengths = tuple(wanted) if isinstance(wanted, list) else (wanted,)
    if chosen not in (None, lengths[-1]):
        raise UserError(
            "export.sequence_length and task.sequence_length are one length here. "
            f"Received: {', '.join(map(str, lengths))} and {chosen}",
            "Leave task.sequence_length out.",
        )
    if len(lengths) > 1 and model.client is not None:
        raise UserError(
            "MediaPipe's clients refuse a file of several lengths. "
            f"Received: export.sequence_length {', '.join(map(str, lengths))} and task.client {model.client}",
            f"Name one, --length {lengths[-1]}, or cut texts as BERT does with --set task.client=null.",
        )
    return lengths
