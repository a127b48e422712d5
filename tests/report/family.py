"""A family of runs as the verbs leave them: a teacher, students with several seeds, artifacts, times, evaluations."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from mbert_cli.model.options import SIZES
from mbert_cli.runs.directory import RunDir
from mbert_cli.weights.description import ModelDescription, SetDescription, VocabularyDescription

DEV = SetDescription(digest="3f9a1c02aaaaaaaa", examples=872)
TASK = {"source": "glue", "name": "sst2", "folder": None, "data_dir": None, "sequence_length": 64}
LABELS = ["negative", "positive"]
MACHINE = {
    "processor": "Some Processor", "cores": 2, "load": 0.25, "started": "2026-05-04T03:02:01+00:00",
    "versions": {"ai-edge-litert": "2.3.0"}, "options": {"threads": 1},
}  # fmt: skip


def write_run(
    path: Path,
    verb: str,
    recipe: Mapping,
    size: str,
    summary: Mapping,
    log: Sequence[Mapping] = (),
    task: bool = True,
) -> Path:
    """A complete run; in the place of its weights lie zeros."""
    origin = {"started": "2026-05-04T01:00:00+00:00", "device": "cpu", "cores": 2, "seed": recipe.get("seed")}
    vocabulary = VocabularyDescription(size=30522, lowercase=True, digest="0")
    description = ModelDescription.model_validate(
        {"verb": verb, "size": SIZES[size], "vocabulary": vocabulary}
        | ({"output_names": LABELS, "task": TASK} if task else {})
    )

    def write(folder: Path) -> None:
        (folder / "summary.json").write_text(json.dumps(summary))
        (folder / "weights.safetensors").write_bytes(bytes(SIZES[size].num_layers * 100_000))
        description.save(folder)

    with RunDir.open(path, verb, recipe, fresh=False, origin=origin) as run:
        run.journal_path.write_text("".join(f"{json.dumps(record)}\n" for record in log))
        run.finish(write)
    return path


def training_log(
    steps: int, start: float, stages: Sequence[str] = ("fine-tuning",), speed: float = 32.0
) -> list[dict]:
    """A loss that falls, and a score that rises, in each stage."""
    records: list[dict] = []
    for place, stage in enumerate(stages):
        begin = place * steps // len(stages)
        records.append({"step": begin + 1, "stage": stage, "event": "first_step", "seconds": 10.0})
        for step in range(begin + 10, (place + 1) * steps // len(stages) + 1, 10):
            loss = start * (place + 1) / (1 + (step - begin) / 40)
            records.append({"step": step, "stage": stage, "loss/total": loss, "examples_per_second": speed})
            if step % 50 == 0 and stage == "fine-tuning":
                score = 0.93 - 0.3 * loss / start
                records.append({"step": step, "stage": stage, "validation/score": score})
    return records


def scored(value: float, **more: object) -> dict:
    return {
        "steps": 200, "score": value, "score_name": "accuracy", "set": DEV.digest, "examples": DEV.examples, **more
    }  # fmt: skip


def finetuned(path: Path, source: str, size: str, value: float, seed: int = 0, **recipe: object) -> Path:
    complete = {
        "seed": seed,
        "source": source,
        "pretrained": True,
        "task": TASK,
        "train": {"batch_size": 32},
        **recipe,
    }
    return write_run(path, "finetune", complete, size, scored(value), training_log(200, 0.7 + 0.05 * seed))


def taught(path: Path, teacher: str, source: str | None, size: str, value: float, seed: int = 0) -> Path:
    """A run of `mbert distill --strategy task`."""
    recipe = {
        "seed": seed, "teacher": teacher, "source": source, "task": TASK, "distill": {"strategy": "task"},
        "train": {"batch_size": 32},
    }  # fmt: skip
    log = training_log(200, 0.5, ["layers", "fine-tuning"])
    return write_run(path, "distill-task", recipe, size, scored(value), log)


def write_artifact(
    run: Path, mode: str, size_bytes: int, value: float, eval_value: float | None = None
) -> Path:
    folder = run / "export" / mode
    folder.mkdir(parents=True)
    (folder / "model.tflite").write_bytes(b"\x1c\0\0\0TFL3" + bytes(size_bytes - 8))
    (folder / "model.json").write_bytes((run / "final/model.json").read_bytes())
    report = {
        "mode": mode, "sequence_length": 64, "metric": "accuracy", "parity": {"metric_artifact": value},
        "set": "55555555bbbbbbbb", "examples": 64,
    }  # fmt: skip
    (folder / "report.json").write_text(json.dumps(report))
    if eval_value is not None:
        (folder / "model-eval-validation.json").write_text(json.dumps(evaluation(eval_value)))
    return folder / "model.tflite"


def evaluation(value: float) -> dict:
    return {
        "task": "sst2", "split": "validation", "metric": "accuracy", "score": value, "set": DEV.digest,
        "examples": DEV.examples, "labels": [{"label": label, "f1": value} for label in LABELS],
        "confusion": [[400, 28], [40, 404]],
    }  # fmt: skip


def write_bench(root: Path, name: str, rows: Sequence[tuple[Path, float]], **changes: object) -> None:
    records = [
        {
            "path": str(path),
            "p50_ms": p50,
            "p90_ms": 1.1 * p50,
            "size_bytes": path.stat().st_size,
            "sequence_length": 64,
        }
        for path, p50 in rows
    ]
    (root / "bench").mkdir(exist_ok=True)
    (root / "bench" / f"{name}.json").write_text(json.dumps({**MACHINE, **changes, "rows": records}))


def write_family(root: Path) -> Path:
    """A teacher, a student of it, both fine-tuned, the student with three seeds and two artifacts."""
    pretrained = {
        "score": 0.25,
        "score_name": "masked_language_model_accuracy",
        "set": "99",
        "examples": 64,
        "steps": 400,
        "parameters": 5_000_000,
    }
    write_run(
        root / "teacher", "train-teacher", {"seed": 0, "train": {"batch_size": 64}}, "ib_bert_laptop", pretrained,
        training_log(400, 9.0, ["pre-training"]), task=False,
    )  # fmt: skip
    distilled = {
        "seed": 0,
        "teacher": str(root / "teacher"),
        "distill": {"strategy": "joint"},
        "train": {"batch_size": 64},
    }
    write_run(
        root / "student", "distill", distilled, "mobilebert_laptop", pretrained,
        training_log(400, 4.0, ["transfer", "pre-training distillation"]), task=False,
    )  # fmt: skip
    for seed, value in enumerate((0.86, 0.88, 0.87)):
        finetuned(root / f"small-{seed}", str(root / "student"), "mobilebert_laptop", value, seed)
    finetuned(root / "big", str(root / "teacher"), "ib_bert_laptop", 0.9)
    small, big = root / "small-1", root / "big"
    (small / "eval").mkdir()
    (small / "eval/validation.json").write_text(json.dumps(evaluation(0.88)))
    files = [
        write_artifact(small, "dynamic_int8", 260_000, 0.85, 0.875),
        write_artifact(small, "float32", 990_000, 0.86, 0.88),
        write_artifact(big, "float32", 1_300_000, 0.89, 0.9),
    ]
    write_bench(root, "20260504", list(zip(files, (0.4, 0.9, 1.7), strict=True)))
    return root
