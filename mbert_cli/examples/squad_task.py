"""The sets of a task in SQuAD's format."""

from dataclasses import replace
from pathlib import Path

from mbert_cli.errors import UserError
from mbert_cli.examples.options import SquadTask
from mbert_cli.examples.squad import Answer, Question, Squad, collect_squad, read_squad_tfds, stands
from mbert_cli.examples.squad_files import read_squad
from mbert_cli.examples.texts import TaskData
from mbert_cli.text.hashing import hash_fraction
from mbert_cli.text.text_offsets import find_piece

SPAN_OUTPUTS = ("start", "end")
"""The two logits of every token."""


def load_squad(options: SquadTask, split: str | None = None) -> TaskData:
    """Reads training and validation questions, or one of both.

    Args:
        options: The task's recipe section.
        split: A set that is needed alone; None needs both.

    Raises:
        UserError: As `read_squad` and `read_squad_tfds`, or answers are misplaced and the recipe wants to stop, or
            there is nothing to train on, or by the rules of 1.1 a question to validate on has no answer.
    """
    if options.train and not options.validation:
        sets = _held_out(Path(options.train), options)
    else:
        sets = _separate(options, split)
    if "train" in sets and options.misplaced == "stop":
        _require_placed(sets["train"])
    sets = {name: _settle(squad, options) for name, squad in sets.items()}
    if split is None:
        _require_learnable(sets["train"], options)
    if "validation" in sets and options.version == "v1.1":
        _require_answers(sets["validation"])
    name = f"SQuAD {options.version.removeprefix('v')}"
    return TaskData(name, list(SPAN_OUTPUTS), sets, kind="question_answering")


def _separate(options: SquadTask, split: str | None) -> dict[str, Squad]:
    files = {"train": options.train, "validation": options.validation}
    wanted = {split: files[split]} if split in files else files
    return {
        name: read_squad(Path(file)) if file
        else read_squad_tfds(f"squad/{options.version}", name, options.data_dir)
        for name, file in wanted.items()
    }  # fmt: skip


def _held_out(path: Path, options: SquadTask) -> dict[str, Squad]:
    """Splits one file by a hash of the text, so that all questions about a text are on one side."""
    whole = read_squad(path)
    fractions = [hash_fraction(question.context) for question in whole.questions]
    least = min(fractions)  # of the text that is held out if no other is
    chosen: dict[str, list[Question]] = {"train": [], "validation": []}
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


def _settle(squad: Squad, options: SquadTask) -> Squad:
    """Moves answers to where their text stands, and says what questions without one mean, as the recipe wants."""
    if options.version == "v2.0":
        squad = _mark_unanswered(squad)
    return _move_answers(squad) if options.misplaced == "mend" and squad.num_misplaced else squad


def _mark_unanswered(squad: Squad) -> Squad:
    """Questions that have no answer and no mark cannot be answered, as rows of `datasets` have it."""
    marked = [
        replace(question, is_impossible=True)
        if question.is_impossible is None and not question.answers
        else question
        for question in squad.questions
    ]
    count = sum(one is not other for one, other in zip(marked, squad.questions, strict=True))
    said = f"{squad.name}: questions without an answer, taken to have none in their text: {count:,}"
    return collect_squad(squad.name, marked, [*squad.changes, said]) if count else squad


def _move_answers(squad: Squad) -> Squad:
    moved, questions = [], []
    for question in squad.questions:
        answers = [_placed(answer, question.context) for answer in question.answers]
        for old, new in zip(question.answers, answers, strict=True):
            if new is not old:
                moved.append(
                    f"  question {question.id}: {old.text!r} from character {old.start} to {new.start}"
                )
        questions.append(replace(question, answers=tuple(answers)))
    if not moved:
        return squad
    where = "answers that were not where the file says, moved to where their text is"
    said = f"{squad.name}: {where}: {len(moved):,}"
    return collect_squad(squad.name, questions, [*squad.changes, said, *moved[:3]])


def _placed(answer: Answer, context: str) -> Answer:
    """An answer where it stands, if that can be told."""
    if not answer.text.strip() or stands(answer, context):
        return answer
    start = find_piece(context, answer.text, answer.start)
    return answer if start is None else Answer(answer.text, start)


def _require_placed(squad: Squad) -> None:
    if squad.num_misplaced:
        first = squad.misplaced[0]
        raise UserError(
            "Every answer must be in its text where the file says. "
            f"Received: {squad.num_misplaced} in {squad.name} that are not, the first {first.answer.text!r} at "
            f"character {first.answer.start} of question {first.question_id}, where {first.found!r} stands",
            "Correct the file, or set task.misplaced to mend or leave_out.",
        )


def _require_learnable(squad: Squad, options: SquadTask) -> None:
    """Checks that a training set has a question with an answer to learn, or by the rules of 2.0 with none."""
    learns_none = options.version == "v2.0"
    for question in squad.questions:
        if (learns_none and question.is_impossible) or any(
            stands(answer, question.context) for answer in question.answers
        ):
            return
    raise UserError(
        "A training set must have a question whose answer stands in its text. "
        f"Received: {len(squad):,} in {squad.name}, none of them with such an answer",
        "Correct the training file, or set task.version=v2.0, which learns which questions have no answer.",
    )


def _require_answers(squad: Squad) -> None:
    """Checks that a validation set has right answers to compare with, as the rules of 1.1 need for every question."""
    without = [question.id for question in squad.questions if not question.answers]
    if without:
        raise UserError(
            "By the rules of SQuAD 1.1 every question of a validation set must have an answer. "
            f"Received: {len(without):,} of {len(squad):,} in {squad.name} without, the first {without[0]!r}",
            "Set task.version=v2.0, by whose rules questions may have none, or take them out.",
        )
