"""One run is one directory.

recipe.yaml    what it does, with every value resolved
origin.json    the sessions that worked on it
inputs.json    size and hash of everything that it reads
log.jsonl      figures by step
checkpoints/   step-000200/, ...
final/         the result, the input of the next verb
export/        phone artifacts
lock           while a process works on it
failed.json    after an error, until the next session
longer.json    while a finished run continues for more steps; final/ holds its earlier result
parts/         what a `prepare` has encoded, until its store is there
candidates/    what an augmentation has found, until its result is there

A search has instead of log and checkpoints
search.json    its settings with their scores
trials/        runs, one per setting and seed; with stopped.json where the search gave one up
"""

import contextlib
import json
import shutil
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import yaml

from mbert_cli.errors import Interrupted, UserError
from mbert_cli.runs import listing as run_list
from mbert_cli.runs.content import Contents, dump_contents, read_contents
from mbert_cli.runs.identity import Changes, Continuation, Growth, compare_with_run
from mbert_cli.runs.listing import is_run, recorded_recipe
from mbert_cli.runs.lock import LOCK, Lock
from mbert_cli.runs.manifest import (
    is_partial,
    move_aside,
    put_back,
    replace_file,
    replace_object,
    write_directory,
)
from mbert_cli.yaml_scalars import add_scalars


class RunDir:
    """A run's directory. `open` gives one to write to; what is complete is read as a `Run`.

    Used as a context manager, it gives the lock back at the end and notes an error in failed.json.

    Attributes:
        path: The directory.
        kind: What kind of run it is: the verb that made it, or `distill-task`.
        recipe: Its recipe as plain values.
        continuation: How the command that opened it differs from the run that was there.
        moved_aside: Where the run is now that was there before `fresh`; None where there was none.
    """

    def __init__(self, path: Path, kind: str, recipe: dict[str, Any], lock: Lock | None = None) -> None:
        self.path = Path(path)
        self.kind = kind
        self.recipe = recipe
        self.journal_path = self.path / run_list.JOURNAL
        self.checkpoints = self.path / run_list.CHECKPOINTS
        self.final = self.path / run_list.FINAL
        self.export = self.path / run_list.EXPORT
        self.parts = self.path / run_list.CORPUS_PARTS
        self._lock = lock
        self.continuation = Continuation()
        self._is_new = False
        self._before_growing: dict[str, bytes] = {}
        self.moved_aside: Path | None = None

    @classmethod
    def open(
        cls,
        path: Path,
        kind: str,
        recipe: Mapping[str, object],
        *,
        fresh: bool,
        origin: Mapping[str, object],
        contents: Contents | None = None,
        complete: Callable[[Mapping[str, Any]], dict[str, Any]] = dict,
        growth: Growth | None = None,
    ) -> "RunDir":
        """Begins a run, or continues one of the same kind and recipe, and locks it.

        Args:
            path: Its directory, which need not exist.
            kind: What kind of run it is.
            recipe: The resolved recipe as plain values.
            fresh: Move an existing run aside to `<path>.old-<n>` and begin anew.
            origin: The facts of this session, from `collect_origin`.
            contents: What its inputs hold, by recipe key.
            complete: Gives the recipe of an existing run the keys that its version did not have.
            growth: How an existing run may become longer.

        Raises:
            UserError: The directory is not a run, belongs to a live process, or is another recipe's; or inputs lie in
                it, or hold something else than when the run began.
        """
        path = Path(path)
        _refuse_foreign(path)
        require_other_inputs(path, {key: content.path for key, content in (contents or {}).items()})
        try:
            path.mkdir(parents=True, exist_ok=True)
            lock, moved_aside = _lock(path, fresh)
            try:
                if (path / run_list.LONGER).exists():  # its process may have died between two names of final/
                    put_back(path / run_list.FINAL)
                plain = yaml.safe_load(_dump(recipe))
                run = cls(path, kind, plain, lock)
                run._is_new, run.moved_aside = not is_run(path), moved_aside
                if is_run(path):
                    recipes = complete(recorded_recipe(path)), plain
                    run.continuation = compare_with_run(path, kind, recipes, contents or {}, growth)
                run._begin_session(origin, contents or {})
            except BaseException:
                lock.release()
                raise
        except OSError as error:
            raise UserError(
                f"A run directory must be writable. Received: {path} ({error.strerror})",
                "Use another directory with `--run DIR`.",
            ) from error
        return run

    @property
    def is_complete(self) -> bool:
        """Whether the result is there, and no longer one on its way."""
        return self.final.is_dir() and not (self.path / run_list.LONGER).exists()

    @property
    def origin(self) -> dict[str, Any]:
        """origin.json: `verb` and `sessions`, the newest last."""
        return run_list.read_origin(self.path)

    def finish(self, writer: Callable[[Path], None]) -> None:
        """Writes final/, complete or not at all; it replaces the one of a run that was finished before and continued.

        Args:
            writer: Called with a directory that holds recipe.yaml, to fill with the result. A flat
                object of figures in summary.json ("steps", "score", "score_name", ...) is what
                `mbert runs` shows.
        """

        def write(directory: Path) -> None:
            (directory / run_list.RECIPE).write_bytes((self.path / run_list.RECIPE).read_bytes())
            writer(directory)

        longer = self.path / run_list.LONGER
        write_directory(self.final, write, replace=longer.exists())
        longer.unlink(missing_ok=True)
        for replaced in self.path.glob(f"{run_list.FINAL}.old-*"):  # of a session that was killed right then
            shutil.rmtree(replaced, ignore_errors=True)

    def record(self, contents: Contents) -> None:
        """Notes in inputs.json what the inputs hold, beside what is noted there."""
        file = self.path / run_list.INPUTS_FILE
        merged = read_contents(file) | dict(contents)
        if merged:
            replace_file(file, dump_contents(merged))

    def fail(self, message: str) -> None:
        """Notes in failed.json why the run stopped; the next session removes the note."""
        failed = datetime.now(UTC).isoformat(timespec="seconds")
        replace_object(self.path / run_list.FAILURE, {"message": message, "failed": failed})

    def close(self) -> None:
        """Gives the lock back."""
        if self._lock is not None:
            self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        is_wrong_input = isinstance(error, UserError) and error.exit_code == UserError.exit_code
        if is_wrong_input and self._is_new and not any(map(_has_entries, self._results)):
            self._withdraw()
        elif is_wrong_input and self._before_growing:
            self._shrink()
        elif isinstance(error, Exception) and not isinstance(error, Interrupted) and not self.is_complete:
            # The error matters more than the note, which a full disk may refuse.
            with contextlib.suppress(OSError):
                self.fail(str(error) or type(error).__name__)
        self.close()

    @property
    def _results(self) -> tuple[Path, ...]:
        """Where what a session has worked out lies, which wrong input that comes later leaves there."""
        return self.parts, self.checkpoints, self.path / run_list.TRIALS

    def _shrink(self) -> None:
        """Wrong input lengthens nothing: the finished run is what it was, and what was worked out stays beside it."""
        for name, content in self._before_growing.items():
            replace_file(self.path / name, content)
        (self.path / run_list.LONGER).unlink(missing_ok=True)

    def _withdraw(self) -> None:
        """Wrong input begins nothing: removes what this session wrote, and puts back what it moved aside."""
        for name in (run_list.RECIPE, run_list.ORIGIN, run_list.INPUTS_FILE, run_list.JOURNAL):
            (self.path / name).unlink(missing_ok=True)
        for name in (run_list.CANDIDATES, run_list.CORPUS_PARTS):
            shutil.rmtree(self.path / name, ignore_errors=True)
        self.close()
        with contextlib.suppress(OSError):  # a directory that holds something after all stays
            self.path.rmdir()
            if self.moved_aside is not None:
                self.moved_aside.rename(self.path)

    def _begin_session(self, origin: Mapping[str, object], contents: Contents) -> None:
        grown, moved = self.continuation.grown, self.continuation.moved
        if self.is_complete and not grown:
            return
        if grown and self.is_complete:
            names = [name for name in (run_list.RECIPE, run_list.INPUTS_FILE) if (self.path / name).is_file()]
            self._before_growing = {name: (self.path / name).read_bytes() for name in names}
        # First, for without it inputs that are new would pass for those of final/.
        if grown and self.final.is_dir():
            replace_object(self.path / run_list.LONGER, _plain_changes(grown))
        sessions = self.origin.get("sessions", [])
        replace_object(
            self.path / run_list.ORIGIN, {"verb": self.kind, "sessions": [*sessions, dict(origin)]}
        )
        self.record(contents)
        # The recipe comes last: a directory with a recipe is a run with everything else in place.
        if not is_run(self.path) or grown or moved:
            heading = f"# mbert {run_list.command_of(self.kind)}: the resolved recipe of this run\n"
            replace_file(self.path / run_list.RECIPE, (heading + _dump(self.recipe)).encode())
        (self.path / run_list.FAILURE).unlink(missing_ok=True)


def _has_entries(folder: Path) -> bool:
    return folder.is_dir() and any(folder.iterdir())


def require_other_inputs(path: Path, inputs: Mapping[str, str | Path]) -> None:
    """Checks that a run does not read itself: `--fresh` would move aside what it begins with.

    Args:
        path: Its directory.
        inputs: Where inputs lie, by recipe key.

    Raises:
        UserError: One of them lies in the directory.
    """
    for key, place in inputs.items():
        if Path(place).resolve().is_relative_to(path.resolve()):
            raise UserError(
                f"A run is written beside what it reads. Received: {key} {place}, in {path}",
                "Write to another directory with `--run DIR`.",
            )


def _refuse_foreign(path: Path) -> None:
    """A directory with somebody's files in it is not ours to write to."""
    if not path.exists() or is_run(path):
        return
    if not path.is_dir():
        raise UserError(
            f"A run directory must be a directory. Received: {path}, a file",
            "Use another directory with `--run DIR`.",
        )
    # A session killed in its first instant leaves no recipe, only these.
    ours = {LOCK, run_list.ORIGIN, run_list.INPUTS_FILE}
    names = sorted(item.name for item in path.iterdir() if item.name not in ours and not is_partial(item))
    if names:
        shown = ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
        raise UserError(
            f"A run directory must be a run, empty or new. Received: {path}, which holds {shown}",
            "Use another directory with `--run DIR`.",
        )


def _lock(path: Path, fresh: bool) -> tuple[Lock, Path | None]:
    """Locks the directory; with `fresh`, moves a run in it aside first and says where to."""
    lock = Lock(path)
    if not (fresh and is_run(path)):
        return lock, None
    if path.resolve() == Path.cwd():
        lock.release()
        raise UserError(
            f"`--fresh` moves a run aside, and cannot move the folder that you are in. Received: {path}",
            "Go to another folder, and name the run from there.",
        )
    # The lock is held while the name changes, so that no other process can continue the old run.
    try:
        moved_aside = move_aside(path)
        lock.follow(moved_aside)
        path.mkdir()
        return Lock(path), moved_aside
    finally:
        lock.release()


def _plain_changes(changes: Changes) -> dict[str, object]:
    return {key: {"before": old, "now": new} for key, (old, new) in changes.items()}


class _RecipeDumper(yaml.SafeDumper):
    """Writes what is read as the same by the rules of YAML 1.1 and of 1.2."""


add_scalars(_RecipeDumper)


def _dump(recipe: Mapping[str, object]) -> str:
    # Through JSON, since a safe YAML dump takes neither tuples nor other mappings.
    plain = json.loads(json.dumps(recipe, default=dict))
    return yaml.dump(plain, Dumper=_RecipeDumper, sort_keys=False, allow_unicode=True, width=110)
