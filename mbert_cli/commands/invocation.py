"""What a person typed, read and checked: all that a command receives."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mbert_cli.recipe.loading import LoadedRecipe, load

TRAINING_VERBS = ("prepare", "train-teacher", "distill", "finetune")
"""Verbs that write a run directory."""


@dataclass(frozen=True)
class Invocation:
    """One command.

    Attributes:
        verb: What to do, as `train-teacher`.
        loaded: Its recipe.
        root: The folder of the runs: `runs/`, or `runs/smoke/` with `--smoke`.
        run: The run directory to write, for the verbs that write one; for the others what `--run` says, or None.
        fresh: Move a run that is there aside and begin anew.
        dry_run: Only print the plan.
        smoke: Tiny size, few steps.
        quiet: Neither messages nor progress.
        command: The words that were typed, `mbert` first.
        targets: Runs or artifacts to work on, in order.
        texts: Texts of `predict --text`.
        file: File of `predict --file`.
        jsonl: Print JSON lines.
        submission: Folder for the leaderboard's files.
    """

    verb: str
    loaded: LoadedRecipe
    root: Path
    run: Path | None = None
    fresh: bool = False
    dry_run: bool = False
    smoke: bool = False
    quiet: bool = False
    command: tuple[str, ...] = ()
    targets: tuple[Path, ...] = ()
    texts: tuple[str, ...] = ()
    file: Path | None = None
    jsonl: bool = False
    submission: Path | None = None

    def of(self, verb: str, recipe: str) -> "Invocation":
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


def invoke(
    verb: str,
    recipe: str,
    settings: Sequence[str],
    flags: Mapping[str, tuple[str, object]],
    *,
    run: Path | None = None,
    smoke: bool = False,
    targets: Sequence[Path | None] = (),
    texts: Sequence[str] = (),
    **typed: object,
) -> Invocation:
    """Loads the recipe and fills in what was not typed.

    Args:
        verb: What to do.
        recipe: Name or path of its recipe.
        settings: Values of `--set`.
        flags: Short ways to write `--set`, as `load` takes them; those with the value None were not typed.
        run: Value of `--run`.
        smoke: Whether `--smoke` was given.
        targets: Runs or artifacts; None for one that was not typed.
        texts: Values of `--text`.
        **typed: Further fields of `Invocation`.

    Raises:
        UserError: The recipe has mistakes.
    """
    given = {flag: setting for flag, setting in flags.items() if setting[1] is not None}
    loaded = load(verb, recipe, settings, smoke, given)
    root = runs_root(smoke)
    if run is None and verb in TRAINING_VERBS:
        run = default_run(root, loaded)
    return Invocation(
        verb, loaded, root, run, smoke=smoke, texts=tuple(texts),
        targets=tuple(target for target in targets if target is not None), **typed,
    )  # type: ignore[arg-type] # fmt: skip


def default_run(root: Path, loaded: LoadedRecipe) -> Path:
    """Where a recipe's run goes when `--run` does not say: `runs/distill-quickstart`."""
    return root / f"{loaded.verb}-{loaded.name}"


def runs_root(smoke: bool) -> Path:
    """The folder of the runs."""
    return Path("runs", "smoke") if smoke else Path("runs")
