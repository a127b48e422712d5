"""What `mbert report` shows, as JSON has it."""

from collections.abc import Sequence
from typing import Any

from mbert_cli.report.candidates import Candidate
from mbert_cli.report.compared_sets import Compared
from mbert_cli.report.confusion import Confusion, confusion_record
from mbert_cli.report.score_fields import score_fields
from mbert_cli.report.training_table import Trained, training_record
from mbert_cli.runs.ancestry import family_of
from mbert_cli.tflite.latency_reports import Conditions


def comparison_record(
    candidates: Sequence[Candidate],
    compared: Sequence[Compared],
    trainings: Sequence[Trained],
    confusions: Sequence[Confusion],
) -> dict[str, Any]:
    """All figures with all their digits; arguments as for `comparison_page`, and the candidates by their sets."""
    return {
        "models": [_model_record(candidate) for candidate in candidates if not candidate.is_artifact],
        "artifacts": [_artifact_record(candidate) for candidate in candidates if candidate.is_artifact],
        "pareto": [_pareto_record(one) for one in compared],
        "training": [training_record(training) for training in trainings],
        "confusion": [confusion_record(confusion) for confusion in confusions],
    }


def _model_record(candidate: Candidate) -> dict[str, Any]:
    teacher, origin = family_of(candidate.path)
    return {
        "name": candidate.name, "runs": candidate.runs, "kind": candidate.kind, **_common_record(candidate),
        "teacher": teacher, "comes_from": origin or None,
    }  # fmt: skip


def _artifact_record(candidate: Candidate) -> dict[str, Any]:
    latency = candidate.latency
    conditions = latency.conditions if latency else Conditions()
    machine = conditions.machine
    return {
        "name": candidate.name, "path": candidate.path, "model": candidate.model, "mode": candidate.mode or None,
        **_common_record(candidate),
        "of_an_earlier_result": candidate.is_outdated,
        "p50_ms": latency and latency.p50_ms,
        "p90_ms": latency and latency.p90_ms,
        "threads": conditions.threads,
        "processor": machine and machine.processor,
        "cores": machine and machine.cores,
        "load": machine and machine.load,
        "timed": machine and machine.origin["started"],
    }  # fmt: skip


def _common_record(candidate: Candidate) -> dict[str, Any]:
    return {
        "task": candidate.task,
        "parameters": candidate.parameters,
        "word_table_parameters": candidate.word_table,
        "tokens": candidate.tokens,
        "flops": candidate.flops,
        "size_bytes": candidate.size_bytes,
        "scores": [
            {"task": score.task, "seeds": score.seeds,
             **(score_fields(score.metric, score.value, score.deviation, score.scored) or {})}
            for score in candidate.scores
        ],
    }  # fmt: skip


def _pareto_record(compared: Compared) -> dict[str, Any]:
    """The candidates that nothing else beats, on one set."""
    names = [candidate.name for candidate in compared.candidates]
    quickest = [place for machine in compared.machines for place in compared.quickest(machine)]
    return {
        "task": compared.task,
        "set": compared.place[1] or None,
        "size": [names[place] for place in compared.smallest],
        "latency": [names[place] for place in dict.fromkeys(quickest)],
    }
