"""The sets of a task in SQuAD's format."""

from pathlib import Path

from mbert_cli.data.document import hash_fraction
from mbert_cli.data.examples import TaskData
from mbert_cli.data.options import SquadTask
from mbert_cli.data.squad import Squad, collect_squad, read_squad, read_squad_tfds
from mbert_cli.errors import UserError

OUTPUTS = ("start", "end")
"""The two logits of every token."""


def load_squad(options: SquadTask, split: str | None = None) -> TaskData:
    """Reads training and validation questions, or one of both.

    Args:
        options: The task's recipe section.
        split: A set that is needed alone; None needs both.

    Raises:
        UserError: As `read_squad` and `read_squad_tfds`, or answers are misplaced and the recipe wants to stop.
    """
    sets = _held_out(options) if options.train and not options.validation else _separate(options, split)
    if "train" in sets and options.misplaced == "stop":
        _require_placed(sets["train"])
    name = f"SQuAD {options.version.removeprefix('v')}"
    return TaskData(name, list(OUTPUTS), sets, kind="question_answering")


def _separate(options: SquadTask, split: str | None) -> dict[str, Squad]:
    files = {"train": options.train, "validation": options.validation}
    wanted = {split: files[split]} if split in files else files
    return {
        name: read_squad(Path(file)) if file
        else read_squad_tfds(f"squad/{options.version}", name, options.data_dir)
        for name, file in wanted.items()
    }  # fmt: skip


def _held_out(options: SquadTask) -> dict[str, Squad]:
    """Splits one file by a hash of the text, so that all questions about a text are on one side."""
    whole = read_squad(Path(options.train))
    fractions = [hash_fraction(question.context) for question in whole.questions]
    least = min(fractions)  # of the text that is held out if no other is
    chosen = {"train": [], "validation": []}
    for question, fraction in zip(whole.questions, fractions, strict=True):
        is_held_out = fraction < options.validation_share or fraction == least
        chosen["validation" if is_held_out else "train"].append(question)
    if not all(chosen.values()):
        raise UserError(
            "Questions about at least one text must remain to train on, and about one to validate on. "
            f"Received: {len(whole.questions)} about too few texts in {options.train}",
            "Set task.validation to a file of its own, or add texts.",
        )
    return {name: collect_squad(f"{whole.name}, {name}", part) for name, part in chosen.items()}


def _require_placed(squad: Squad) -> None:
    if squad.num_misplaced:
        first = squad.misplaced[0]
        raise UserError(
            "Every answer must stand in its text where the file says. "
            f"Received: {squad.num_misplaced} in {squad.name} that do not, the first {first.answer.text!r} at "
            f"character {first.answer.start} of question {first.question_id}, where {first.found!r} stands",
            "Correct the file, or set task.misplaced to leave_out.",
        )
