"""What `mbert report` shows, as JSON has it."""

from collections.abc import Sequence
from typing import Any

from mbert_cli.report.choices import Choice
from mbert_cli.report.confusion import Confusion, confusion_record
from mbert_cli.report.score_fields import score_fields
from mbert_cli.report.scored_sets import ScoredSet
from mbert_cli.report.training_table import Trained, training_record
from mbert_cli.runs.ancestry import family_of
from mbert_cli.tflite.latency_reports import Conditions


def comparison_record(
    choices: Sequence[Choice],
    compared: Sequence[ScoredSet],
    trainings: Sequence[Trained],
    confusions: Sequence[Confusion],
) -> dict[str, Any]:
    """All figures with all their digits; arguments as for `comparison_page`, and the choices by their sets."""
    return {
        "models": [_model_record(choice) for choice in choices if not choice.is_artifact],
        "artifacts": [_artifact_record(choice) for choice in choices if choice.is_artifact],
        "pareto": [_pareto_record(one) for one in compared],
        "training": [training_record(training) for training in trainings],
        "confusion": [confusion_record(confusion) for confusion in confusions],
    }


def _model_record(choice: Choice) -> dict[str, Any]:
    teacher, origin = family_of(choice.path)
    return {
        "name": choice.name, "runs": choice.runs, "kind": choice.kind, **_common_record(choice),
        "teacher": teacher, "comes_from": origin or None,
    }  # fmt: skip


def _artifact_record(choice: Choice) -> dict[str, Any]:
    latency = choice.latency
    conditions = latency.conditions if latency else Conditions()
    machine = conditions.machine
    return {
        "name": choice.name, "path": choice.path, "model": choice.model, "mode": choice.mode or None,
        **_common_record(choice),
        "of_an_earlier_result": choice.is_outdated,
        "p50_ms": latency and latency.p50_ms,
        "p90_ms": latency and latency.p90_ms,
        "p50_is_mean": latency and conditions.are_means,
        "threads": conditions.threads,
        "delegate": conditions.delegate,
        "affinity": conditions.affinity,
        "processor": machine and machine.processor,
        "cores": machine and machine.cores,
        "load": machine and machine.load,
        "timed": machine and machine.origin["started"],
    }  # fmt: skip


def _common_record(choice: Choice) -> dict[str, Any]:
    return {
        "task": choice.task,
        "parameters": choice.parameters,
        "word_table_parameters": choice.word_table,
        "tokens": choice.tokens,
        "flops": choice.flops,
        "size_bytes": choice.size_bytes,
        "scores": [
            {"task": score.task, "seeds": score.seeds, "settings": score.settings or None,
             **(score_fields(score.metric, score.value, score.deviation, score.scored) or {})}
            for score in choice.scores
        ],
    }  # fmt: skip


def _pareto_record(compared: ScoredSet) -> dict[str, Any]:
    """The choices that nothing else beats, on one set."""
    names = [choice.name for choice in compared.choices]
    quickest = [place for machine in compared.machines for place in compared.quickest(machine)]
    return {
        "task": compared.task,
        "set": compared.place[1] or None,
        "settings": compared.place[2] or None,
        "size": [names[place] for place in compared.smallest],
        "latency": [names[place] for place in dict.fromkeys(quickest)],
    }
