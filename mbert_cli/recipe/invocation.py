"""What a person typed, read and checked: all that a command receives."""

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Generic, TypedDict, Unpack

from mbert_cli.errors import UserError
from mbert_cli.hosts.joining import ALONE, Hosts
from mbert_cli.json_text import parse_json, read_json
from mbert_cli.page import PRINTED, Delivery
from mbert_cli.recipe.forms import usual_recipe
from mbert_cli.recipe.loading import LoadedRecipe, VerbRecipe, load
from mbert_cli.recipe.schema import CHOOSERS, OTHER_KINDS
from mbert_cli.recipe.teacher_task import IMPORTED, task_of_teacher
from mbert_cli.runs.lineage import FINE_TUNED
from mbert_cli.runs.listing import FINAL, SMOKE_ROOT, USUAL_ROOT, newest_complete
from mbert_cli.weights.description import DESCRIPTION_FILE

TRAINING_VERBS = ("prepare", "train-teacher", "distill", "finetune", "augment")
"""Verbs that write a run directory."""

TASK_MODEL_VERBS = ("eval", "predict", "export-tflite", "bench")
"""Verbs that work on a fine-tuned run or an artifact of one."""


@dataclass(frozen=True)
class Invocation(Generic[VerbRecipe]):
    """One command; its type says which recipe it has, such as `Invocation[DistillRecipe]`.

    Attributes:
        verb: What to do, such as `train-teacher`.
        loaded: Its recipe.
        root: The folder of the runs: `runs/`, or `runs/smoke/` with `--smoke`.
        run: The run directory to write, for the verbs that write one; for the others what `--run` says, or None.
        fresh: Move an existing run aside and begin anew.
        dry_run: Only print the plan.
        probe: Only time a few steps, and print the plan with them.
        smoke: Tiny size, few steps.
        quiet: Neither messages nor progress.
        command: The words that were typed, `mbert` first.
        targets: Runs or artifacts to work on, in order.
        texts: Texts of `predict --text`.
        file: File of `predict --file`.
        questions: Questions of `predict --question`.
        context: File of `predict --context`.
        text_column: Column of the texts in a table of `predict --file`.
        second_text_column: Column of the second texts.
        pair: A text is two, with a tab between them.
        jsonl: Print JSON lines.
        submission: Folder for the leaderboard's files.
        adb: The phone that `bench --adb` times artifacts on; "" is the only one there is, None this machine.
        log: File of `bench --log`.
        sweep: Whether `bench` goes over numbers of threads and scores too.
        delivery: Where results go, and in which form.
        hosts: The hosts that train together.
    """

    verb: str
    loaded: LoadedRecipe[VerbRecipe]
    root: Path
    run: Path | None = None
    fresh: bool = False
    dry_run: bool = False
    probe: bool = False
    smoke: bool = False
    quiet: bool = False
    command: tuple[str, ...] = ()
    targets: tuple[Path, ...] = ()
    texts: tuple[str, ...] = ()
    questions: tuple[str, ...] = ()
    context: Path | None = None
    file: Path | None = None
    text_column: str | None = None
    second_text_column: str | None = None
    pair: bool = False
    jsonl: bool = False
    submission: Path | None = None
    adb: str | None = None
    log: Path | None = None
    sweep: bool = False
    delivery: Delivery = PRINTED
    hosts: Hosts = ALONE

    @property
    def recipe(self) -> VerbRecipe:
        """The recipe."""
        return self.loaded.recipe

    @property
    def kind(self) -> str:
        """The kind of the run that the command writes: the verb, or `distill-task`."""
        return next((kind for kind, form in OTHER_KINDS.items() if isinstance(self.recipe, form)), self.verb)

    @property
    def directory(self) -> Path:
        """The run directory that the command writes.

        Raises:
            ValueError: The verb writes none.
        """
        if self.run is None:
            raise ValueError(f"{self.verb} writes no run directory")
        return self.run

    def of(self, verb: str, recipe: str) -> "Invocation[Any]":
        """The invocation of another verb that this one needs first, in the same root and manner."""
        loaded = load(verb, recipe, smoke=self.smoke)
        return replace(
            self,
            verb=verb,
            loaded=loaded,
            run=default_run(self.root, loaded) if verb in TRAINING_VERBS else None,
            fresh=False,
            targets=(),
        )


class Typed(TypedDict, total=False):
    """Fields of `Invocation` that are taken over as they were typed."""

    fresh: bool
    dry_run: bool
    probe: bool
    quiet: bool
    command: tuple[str, ...]
    context: Path | None
    file: Path | None
    text_column: str | None
    second_text_column: str | None
    pair: bool
    jsonl: bool
    submission: Path | None
    adb: str | None
    log: Path | None
    sweep: bool
    delivery: Delivery


def invoke(
    verb: str,
    recipe: str | None,
    settings: Sequence[str],
    flags: Mapping[str, tuple[str, object]],
    *,
    run: Path | None = None,
    smoke: bool = False,
    targets: Sequence[Path | None] = (),
    texts: Sequence[str] = (),
    questions: Sequence[str] = (),
    **typed: Unpack[Typed],
) -> Invocation[Any]:
    """Loads the recipe and fills in what was not typed.

    Args:
        verb: What to do.
        recipe: Name or path of its recipe; None takes the usual one.
        settings: Values of `--set`.
        flags: Short ways to write `--set`, as `load` takes them; those with the value None were not typed.
        run: Value of `--run`.
        smoke: Whether `--smoke` was given.
        targets: Runs or artifacts; None for one that was not typed.
        texts: Values of `--text`.
        questions: Values of `--question`.
        **typed: Further fields of `Invocation`.

    Raises:
        UserError: The recipe has mistakes.
    """
    given = {flag: setting for flag, setting in flags.items() if setting[1] is not None}
    root = runs_root(smoke)
    chosen = tuple(target for target in targets if target is not None)
    task, keys = None, _keys_set(settings, given.values())
    if verb in TASK_MODEL_VERBS and _changes_task(keys):
        task = recorded_task(chosen[0] if chosen else run or newest_complete(root, FINE_TUNED))
        if _makes_vectors(keys):
            task = {"source": IMPORTED, "client": task.get("client")}
    name = recipe or usual_recipe(verb, settings, given.values())
    if verb in CHOOSERS:
        continued = None if typed.get("fresh") else run or root / default_name(verb, name)
        task = task_of_teacher(verb, name, settings, given, continued, root)
    loaded = load(verb, name, settings, smoke, given, task)
    if run is None and verb in TRAINING_VERBS:
        run = default_run(root, loaded)
    return Invocation(
        verb, loaded, root, run, smoke=smoke, texts=tuple(texts), questions=tuple(questions), targets=chosen,
        **typed,
    )  # fmt: skip


def recorded_task(target: Path | None) -> dict[str, Any]:
    """The task that a run, or the run of an artifact, was fine-tuned for.

    Raises:
        UserError: There is no such run, or it does not say.
    """
    folder = USUAL_ROOT if target is None else target / FINAL if target.is_dir() else target.parent
    packed = _packed_description(target) if target is not None and target.is_file() else None
    try:
        content = read_json(folder / DESCRIPTION_FILE) if packed is None else parse_json(packed)
        task: dict[str, Any] | None = content["task"]
        # Of the texts of an encoder without a task, which may become vectors, the length alone can be set.
        return {"source": IMPORTED} if task is None else task
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise UserError(
            "A key of a task can be set alone where a fine-tuned run says the others. "
            f"Received: {target or 'no complete finetune run'}",
            "Name a complete finetune run or an artifact of one, or set task.source too.",
        ) from error


def _packed_description(artifact: Path) -> bytes | None:
    """The description inside an artifact; raises as `read_metadata`."""
    # Imported here: most commands read no .tflite file.
    from mbert_cli.tflite.metadata import read_metadata

    metadata = read_metadata(artifact.read_bytes(), artifact)
    return metadata.files.get(DESCRIPTION_FILE) if metadata else None


def _keys_set(settings: Sequence[str], flags: Iterable[tuple[str, object]]) -> set[str]:
    """The keys that are set, by `--set` or by flags of their own."""
    return {setting.partition("=")[0].strip() for setting in settings} | {key for key, _ in flags}


def _changes_task(keys: Set[str]) -> bool:
    """Whether single keys of a task are set, and not another task."""
    return any(key.startswith("task.") for key in keys) and "task.source" not in keys


def _makes_vectors(keys: Set[str]) -> bool:
    """Whether texts become vectors, whatever task a model learned, and no more than their reading is set."""
    of_task = {key for key in keys if key.startswith("task.")}
    return "embedding.pooling" in keys and of_task <= {"task.sequence_length", "task.client"}


def default_run(root: Path, loaded: LoadedRecipe[Any]) -> Path:
    """Where a recipe's run goes when `--run` does not say: `runs/distill-quickstart`."""
    return root / default_name(loaded.verb, loaded.name)


def default_name(verb: str, recipe: str) -> str:
    """The name of that directory, by the name of a recipe or the path of its file."""
    return f"{verb}-{Path(recipe).stem}"


def runs_root(smoke: bool) -> Path:
    """The folder of the runs."""
    return SMOKE_ROOT if smoke else USUAL_ROOT
