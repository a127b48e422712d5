"""The state of a training run on disk, so that it continues bit for bit.

checkpoints/step-000200/   weights.safetensors, state.json; in the middle of a stage and at the end of the run
                           optimizer.safetensors; random.safetensors where the network has dropout;
                           companions.safetensors where layers train beside the network
checkpoints/best-000180/   weights.safetensors, state.json; companions.safetensors as above
"""

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from types import MappingProxyType

import keras
import numpy as np

from mbert_cli.errors import UserError
from mbert_cli.hosts.devices import divides_models, to_numpy
from mbert_cli.hosts.joining import ALONE, Hosts
from mbert_cli.hosts.together import first_does
from mbert_cli.json_text import write_json
from mbert_cli.runs.listing import STEP_PREFIX, numbered_folders
from mbert_cli.runs.manifest import move_aside, remove_leftovers, verify_directory, write_directory
from mbert_cli.train.companions import companion_states
from mbert_cli.train.objective import Objective
from mbert_cli.train.optimizer import optimizer_state, restore_optimizer
from mbert_cli.weights.store import load_weights, save_weights
from mbert_cli.weights.variables import assign_variables, read_variables

_BEST_PREFIX = "best-"
_WEIGHTS, _OPTIMIZER, _RANDOM, _COMPANIONS, _STATE = (
    "weights.safetensors", "optimizer.safetensors", "random.safetensors", "companions.safetensors", "state.json",
)  # fmt: skip
_Read = Callable[[], Mapping[str, np.ndarray]]
"""Reads the arrays of a file, by name."""
_NOTHING: Mapping[str, np.ndarray] = MappingProxyType({})


@dataclass(frozen=True)
class Best:
    """The best validation so far.

    Attributes:
        step: Steps that were done then.
        value: The metric that was asked for.
        figures: All figures of that validation.
    """

    step: int
    value: float
    figures: dict[str, float]


@dataclass(frozen=True)
class TrainingState:
    """How far a run has come, apart from arrays.

    Attributes:
        step: Steps done.
        stage: Name of the stage that the last of them belongs to.
        sums: Sum of each figure over the steps since the last log line.
        summed_steps: Number of those steps.
        figures: The newest value of everything that the stage has measured.
        best: The best validation, if one was asked for.
    """

    step: int = 0
    stage: str = ""
    sums: dict[str, float] = field(default_factory=dict)
    summed_steps: int = 0
    figures: dict[str, float] = field(default_factory=dict)
    best: Best | None = None


def save_checkpoint(
    directory: Path,
    state: TrainingState,
    objective: Objective,
    *,
    with_optimizer: bool,
    keep: int,
    earlier_companions: Mapping[str, np.ndarray] = _NOTHING,
    hosts: Hosts = ALONE,
) -> Path:
    """Writes `step-<step>`, complete or not at all, then removes checkpoints beyond the newest ones.

    Of several hosts, the first writes.

    Args:
        directory: The run's checkpoints.
        state: How far the run has come.
        objective: Its network and, compiled into it, its optimizer.
        with_optimizer: False where a stage follows, which begins a fresh optimizer.
        keep: Checkpoints to keep, this one included.
        earlier_companions: States of companions of earlier stages, which later ones may have again.
        hosts: Those that train, all of which call this.

    Returns:
        The directory that was written.

    Raises:
        RunError: The disk is full; nothing was written or removed.
    """
    files: dict[str, _Read] = {
        _WEIGHTS: lambda: read_variables(objective.network),
        _RANDOM: lambda: _random_states(objective.network),
        _COMPANIONS: lambda: {**earlier_companions, **companion_states(objective.companions)},
    }
    if with_optimizer:
        files[_OPTIMIZER] = lambda: optimizer_state(objective.optimizer)
    target = directory / f"{STEP_PREFIX}{state.step:06d}"

    def save() -> None:
        write_directory(target, lambda folder: _write(folder, files, asdict(state)), replace=True)
        _prune(directory, keep)

    _save_together(hosts, save, files)
    return target


def newest_checkpoint(
    directory: Path, warn: Callable[[str], object], hosts: Hosts = ALONE
) -> tuple[Path, TrainingState] | None:
    """Returns the newest checkpoint that is undamaged, or None; moves damaged ones aside.

    One whose best validation is damaged comes behind those that have theirs. If none has it, the newest goes on as if
    nothing had been validated yet.

    Args:
        directory: The run's checkpoints.
        warn: Told of every damaged checkpoint.
        hosts: Those that train, of which the first looks; all of them take the one that it found.
    """
    name = first_does(hosts, lambda: _newest_name(directory, warn))
    if name is None:
        return None
    state = _read_state(directory / name)
    if state.best and not best_path(directory, state.best).is_dir():
        state = replace(state, best=None)
    return directory / name, state


def _newest_name(directory: Path, warn: Callable[[str], object]) -> str | None:
    found = list(reversed(numbered_folders(directory, STEP_PREFIX).values()))
    without_best: list[Path] = []
    for place, path in enumerate(found):
        before = found[place + 1].name if place + 1 < len(found) else "the beginning"
        if not _is_whole(path, warn, f"trying {before}"):
            continue
        best = _read_state(path).best
        if best is None or _is_whole(best_path(directory, best), warn, f"looking for one before {path.name}"):
            for newer in without_best:
                warn(f"{newer.name} has no best validation any more. It is now {move_aside(newer).name}")
            return path.name
        without_best.append(path)
    if not without_best:
        return None
    warn(
        f"{without_best[0].name} goes on without a best validation: the best of those that follow is kept, if any do"
    )
    return without_best[0].name


def _is_whole(path: Path, warn: Callable[[str], object], instead: str) -> bool:
    """Whether a directory is undamaged; one that is damaged moves aside."""
    try:
        verify_directory(path)
        return True
    except UserError as error:
        moved = f". It is now {move_aside(path).name}" if path.is_dir() else ""
        warn(f"{error.message}{moved}; {instead}")
        return False


def restore_weights(path: Path, network: keras.Model) -> None:
    """Gives a network the weights of a checkpoint."""
    assign_variables(network, load_weights(path / _WEIGHTS))


def restore_random_states(path: Path, network: keras.Model) -> None:
    """Gives a network's random generators their states from a checkpoint."""
    variables = _random_variables(network)
    states = load_weights(path / _RANDOM) if variables else {}
    for place, variable in enumerate(variables):
        variable.assign(states[str(place)])


def load_companions(path: Path) -> dict[str, np.ndarray]:
    """Reads the states of companions from a checkpoint; one without any, such as version 0.1 wrote, has none."""
    file = path / _COMPANIONS
    # Copied, for they outlive the file, which another host may remove.
    return {name: np.array(array) for name, array in load_weights(file).items()} if file.is_file() else {}


def restore_optimizer_of(path: Path, objective: Objective) -> None:
    """Gives a compiled and built optimizer its state from a checkpoint; one without any leaves it fresh."""
    if has_optimizer(path):
        restore_optimizer(objective.optimizer, load_weights(path / _OPTIMIZER))


def has_optimizer(path: Path) -> bool:
    """Whether a checkpoint has the state of an optimizer; earlier versions kept none at the end of a run."""
    return (path / _OPTIMIZER).is_file()


def save_best(directory: Path, best: Best, objective: Objective, hosts: Hosts = ALONE) -> None:
    """Writes `best-<step>`, complete or not at all; of several hosts, the first does.

    Earlier ones stay until `save_checkpoint` finds that no checkpoint refers to them.

    Raises:
        RunError: The disk is full.
    """
    files: dict[str, _Read] = {
        _WEIGHTS: lambda: read_variables(objective.network),
        _COMPANIONS: lambda: companion_states(objective.companions),
    }
    target = best_path(directory, best)

    def save() -> None:
        if target.exists():  # of a session that was killed before its checkpoint
            shutil.rmtree(target)
        write_directory(target, lambda folder: _write(folder, files, asdict(best)))

    _save_together(hosts, save, files)


def best_path(directory: Path, best: Best) -> Path:
    """The directory with the weights of the best validation."""
    return directory / f"{_BEST_PREFIX}{best.step:06d}"


def _write(folder: Path, files: Mapping[str, _Read], state: Mapping[str, object]) -> None:
    """Fills a checkpoint; a file without arrays is left out."""
    for name, read in files.items():
        arrays = read()
        if arrays:
            save_weights(folder / name, arrays)
    write_json(folder / _STATE, state)


def _save_together(hosts: Hosts, save: Callable[[], None], files: Mapping[str, _Read]) -> None:
    """The first host saves; the others take part in reading arrays that no host has whole."""
    if not hosts.is_first and divides_models():
        for read in files.values():
            read()
    first_does(hosts, save)


def _random_variables(network: keras.Model) -> list[keras.Variable]:
    # All states have this name in Keras, and their order is that of the layers.
    return [variable for variable in network.variables if variable.name == "seed_generator_state"]


def _random_states(network: keras.Model) -> dict[str, np.ndarray]:
    return {str(place): to_numpy(state.value) for place, state in enumerate(_random_variables(network))}


def _read_state(path: Path) -> TrainingState:
    fields = json.loads((path / _STATE).read_text(encoding="utf-8"))
    best = fields.pop("best")
    return TrainingState(**fields, best=Best(**best) if best else None)


def _prune(directory: Path, keep: int) -> None:
    for prefix in (STEP_PREFIX, _BEST_PREFIX):
        remove_leftovers(directory, f"{prefix}*")
    checkpoints = list(reversed(numbered_folders(directory, STEP_PREFIX).values()))
    for path in checkpoints[keep:]:
        shutil.rmtree(path)
    try:
        known = [_read_state(path).best for path in checkpoints[:keep]]
    except (OSError, ValueError, TypeError, KeyError):
        return  # an earlier one was damaged meanwhile, and which best it refers to is not known
    in_use = {best.step for best in known if best}
    for step, path in numbered_folders(directory, _BEST_PREFIX).items():
        if in_use and step not in in_use:
            shutil.rmtree(path)
