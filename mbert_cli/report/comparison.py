"""`mbert report`: models and artifacts side by side, a table for each set that they were scored on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from mbert_cli.figures import counted, in_words, show_megabytes, show_share
from mbert_cli.page import Page
from mbert_cli.report.choices import Choice
from mbert_cli.report.comparison_record import comparison_record
from mbert_cli.report.confusion import Confusion, confusion_table, missing_confusions
from mbert_cli.report.recorded_scores import SetPlace
from mbert_cli.report.run_page import OUTDATED
from mbert_cli.report.scored_sets import ScoredSet, by_set
from mbert_cli.report.training_table import Trained, training_table
from mbert_cli.runs.ancestry import family_of
from mbert_cli.table import Picture, Table, without_empty_columns
from mbert_cli.tflite.latency_reports import Conditions

COUNTING_RULE = (
    "Parameters are all weights of the model: the encoder with its word table, and the head of the task. GFLOPs are "
    "twice the multiplications of the encoder's matrix products for one text of so many tokens, padding included."
)
PARETO_RULE = (
    "Pareto: no other row of the table has at least this score and fewer MB (size), or a shorter p50 on the same "
    "machine with the same threads and delegate (latency). A model that has artifacts is compared by these."
)
SIZE_RULE = "MB of a model are those of its weights as they are saved, of an artifact those of its file."
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(frozen=True)
class Drawn:
    """Pictures of a report; empty where nobody can see them.

    Attributes:
        scores: Of score against size and latency, by the set.
        training: Of losses and scores while training.
        attention: A table of the models whose attention was drawn, with the pictures.
    """

    scores: Mapping[SetPlace, Sequence[Picture]] = field(default_factory=dict)
    training: Sequence[Picture] = ()
    attention: Sequence[Table] = ()


NOTHING_DRAWN = Drawn()


def comparison_page(
    choices: Sequence[Choice],
    trainings: Sequence[Trained],
    confusions: Sequence[Confusion],
    drawn: Drawn = NOTHING_DRAWN,
    sweeps: Sequence[Table] = (),
) -> Page:
    """The page that a person chooses by.

    Args:
        choices: What there is to choose among.
        trainings: What the models among them cost, and those that they came from.
        confusions: Confusion tables that were recorded.
        drawn: Pictures, for pages that can show them.
        sweeps: Tables of sweeps over lengths and threads.
    """
    models = [choice for choice in choices if not choice.is_artifact]
    files = [choice for choice in choices if choice.is_artifact]
    compared = by_set(choices)
    tables = [_score_table(one, drawn.scores.get(one.place, ())) for one in compared]
    tables += sweeps
    models_table = _model_table(choices)
    if len(models_table.columns) > 1:
        tables.append(models_table)
    training = training_table(trainings)
    if training.rows:
        tables.append(replace(training, pictures=drawn.training))
    tables += [*map(confusion_table, confusions), *drawn.attention]
    record = comparison_record(choices, compared, trainings, confusions)
    notes = [SIZE_RULE, *([] if training.rows else training.notes)]
    if any("Pareto" in table.columns for table in tables):
        notes.append(PARETO_RULE)
    notes += filter(None, [missing_confusions(choices, confusions)])
    counts = [counted(len(found), noun) for found, noun in ((models, "model"), (files, "artifact")) if found]
    return Page(tables, record, notes, title=f"{' and '.join(counts)} side by side")


def _score_table(compared: ScoredSet, pictures: Sequence[Picture]) -> Table:
    """Name, score, size and times; columns that would be empty are left out."""
    timings = _timings(compared.choices)
    pareto = _pareto_words(compared)
    metric = in_words(compared.metric) or "score"
    columns = [
        "model or artifact",
        metric,
        "seeds",
        "MB",
        "p50 ms",
        "p90 ms",
        "Pareto",
        "tokens",
        "GFLOPs",
        "timed",
    ]
    rows = [
        [*_score_cells(choice, compared), *cells, pareto[place], *_shape_cells(choice), letter]
        for place, (choice, (cells, letter)) in enumerate(
            zip(compared.choices, _latency_cells(compared.choices, timings), strict=True)
        )
    ]
    if len(timings) < 2:
        columns, rows = columns[:-1], [row[:-1] for row in rows]
    notes = _score_notes(compared, timings)
    return without_empty_columns(Table(compared.title, columns, rows, notes, pictures))


def _score_cells(choice: Choice, compared: ScoredSet) -> list[str]:
    found = choice.score_at(compared.place)
    return [
        f"{choice.name} ({OUTDATED})" if choice.is_outdated else choice.name,
        show_share(found.value, found.deviation) if found else "",
        f"{found.seeds}" if found and found.seeds > 1 else "",
        show_megabytes(choice.size_bytes),
    ]


def _shape_cells(choice: Choice) -> list[str]:
    return [
        "" if choice.tokens is None else f"{choice.tokens:,}",
        "" if choice.flops is None else _giga(choice.flops),
    ]


def _giga(operations: int) -> str:
    return f"{operations / 1e9:.2f}" if operations >= 1e7 else f"{operations / 1e9:.1g}"


def _timings(choices: Sequence[Choice]) -> list[Conditions]:
    """The measurements that times are of, each once."""
    found = {one.latency.conditions.line: one.latency.conditions for one in choices if one.latency}
    return list(found.values())


def _latency_cells(choices: Sequence[Choice], timings: Sequence[Conditions]) -> list[tuple[list[str], str]]:
    """p50 and p90, and the letter of the measurement."""
    lines = [conditions.line for conditions in timings]
    cells = []
    for latency in (choice.latency for choice in choices):
        if latency is None:
            cells.append((["", ""], ""))
            continue
        p90 = "" if latency.p90_ms is None else f"{latency.p90_ms:.2f}"
        cells.append(([f"{latency.p50_ms:.2f}", p90], _letter(lines.index(latency.conditions.line))))
    return cells


def _letter(place: int) -> str:
    return _LETTERS[place] if place < len(_LETTERS) else f"{place + 1}"


def _pareto_words(compared: ScoredSet) -> list[str]:
    """In which regard each choice is one to think about; nothing where there is no choice."""
    if not compared.has_choice:
        return [""] * len(compared.choices)
    smallest = compared.smallest
    quickest = {place for machine in compared.machines for place in compared.quickest(machine)}
    return [
        ", ".join(["size"] * (place in smallest) + ["latency"] * (place in quickest))
        for place, _ in enumerate(compared.choices)
    ]


def _score_notes(compared: ScoredSet, timings: Sequence[Conditions]) -> list[str]:
    found = [score for choice in compared.choices if (score := choice.score_at(compared.place))]
    notes = []
    if any(score.deviation is not None for score in found):
        notes.append(
            "Scores with ± are means over seeds with their sample standard deviation; an artifact is of one seed."
        )
    if len(timings) == 1:
        notes.append(f"Times: {timings[0].line}")
    elif timings:
        notes += [f"Times {_letter(place)}: {conditions.line}" for place, conditions in enumerate(timings)]
    return notes


def _model_table(choices: Sequence[Choice]) -> Table:
    """Parameters, arithmetic, teacher and origin of each model; artifacts have those of theirs."""
    shown = {choice.model: choice for choice in reversed(choices)}
    rows = [
        [
            name,
            "" if one.parameters is None else f"{one.parameters:,}",
            ""
            if one.parameters is None or one.word_table is None
            else f"{one.parameters - one.word_table:,}",
            *_shape_cells(one),
            *_family(one),
        ]
        for name, one in reversed(shown.items())
    ]
    columns = ["model", "parameters", "without word table", "tokens", "GFLOPs", "teacher", "comes from"]
    return without_empty_columns(Table("Models", columns, rows, [COUNTING_RULE]))


def _family(choice: Choice) -> tuple[str, str]:
    """The teacher and the origin of a model, where its run is there."""
    if not choice.runs:
        return "", ""
    teacher, origin = family_of(choice.runs[0])
    return teacher.name if teacher else "", origin
