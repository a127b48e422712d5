"""Distillations on a task of a few seconds for tests: files, teachers and students of every kind, and the command."""

import json
from pathlib import Path

import keras

from mbert_cli.commands import distill_task
from mbert_cli.examples.options import AnyTask, ImportedTask
from mbert_cli.model.heads import build_pretraining_network, build_task_network
from mbert_cli.model.options import SIZES, Architecture
from mbert_cli.preflight.distill_task import Ready
from mbert_cli.preflight.resolving import resolve
from mbert_cli.recipe.invocation import invoke
from mbert_cli.runs.directory import RunDir
from mbert_cli.runs.manifest import write_directory
from mbert_cli.tasks.kinds import KINDS
from mbert_cli.text.vocabulary import RESERVED, VOCABULARY_FILE, Vocabulary, load_vocabulary
from mbert_cli.weights.description import ModelDescription
from mbert_cli.weights.saved_files import describe_vocabulary, save_arrays
from mbert_cli.weights.saved_network import save_network
from mbert_cli.weights.store import load_weights

WORDS = ["bad", "so", "fine", "film", "play", "book", "where", "is", "?"]
VOCABULARY = Vocabulary((*RESERVED, *WORDS))
TEACHER = SIZES["bert_base"].model_copy(
    update={"num_layers": 2, "hidden_dim": 12, "embedding_dim": 12, "intermediate_dim": 16, "num_heads": 2,
            "max_length": 16}
)  # fmt: skip
TINYBERT = TEACHER.model_copy(update={"num_layers": 1, "hidden_dim": 8, "embedding_dim": 8})
MOBILEBERT = SIZES["mobilebert_laptop"].model_copy(
    update={"num_layers": 1, "hidden_dim": 8, "embedding_dim": 4, "intra_dim": 4, "intermediate_dim": 8,
            "num_heads": 2, "max_length": 16}
)  # fmt: skip
TEXTS = [f"{word} {thing}" for word in WORDS[:3] for thing in WORDS[3:6]]
QUESTIONS = {
    "data": [
        {"paragraphs": [
            {"context": text, "qas": [
                {"id": text, "question": "where is film ?", "answers": [{"text": text[:2], "answer_start": 0}]},
            ]} for text in TEXTS
        ]}
    ]
}  # fmt: skip
TASKS: dict[str, tuple[str, list[str], list[str]]] = {
    "classification": ("\n".join(["text,label", *(f"{t},{t[:2]}" for t in TEXTS)]), ["ba", "fi", "so"], []),
    "multi_label": (
        "\n".join(json.dumps({"text": t, "label": [t[:2], "all"]}) for t in TEXTS), ["all", "ba", "fi", "so"],
        ["task.kind=multi_label"],
    ),
    "regression": (
        "\n".join(["text,label", *(f"{t},{len(t) + 0.5}" for t in TEXTS)]), ["label"], ["task.kind=regression"],
    ),
    "question_answering": (
        json.dumps(QUESTIONS), ["start", "end"],
        ["task.version=v1.1", "task.question_length=5", "task.document_stride=3"],
    ),
    "token_classification": (
        "\n\n".join("\n".join(f"{w} {'B-X' if w in WORDS[:3] else 'O'}" for w in t.split()) for t in TEXTS), ["O", "B-X", "I-X"],
        [],
    ),
}  # fmt: skip
"""By kind: the content of a file, the outputs of a model, and settings."""
SOURCES = {"question_answering": "squad", "token_classification": "tokens"}
FILES = {"multi_label": "t.jsonl", "question_answering": "t.json", "token_classification": "t.conll"}


def task_settings(kind: str) -> list[str]:
    """The settings of a task of a kind, whose file is written."""
    text, _, settings = TASKS[kind]
    file = FILES.get(kind, "t.csv")
    Path(file).write_text(text + "\n")
    source = SOURCES.get(kind, "file")
    length = 12 if kind == "question_answering" else 8
    files = [f"task.{key}={file}" for key in ("train", "validation")]
    return [f"task.source={source}", *files, f"task.sequence_length={length}", *settings]


def task_of(kind: str) -> AnyTask:
    return invoke("finetune", "quickstart", task_settings(kind), {}).recipe.task


def make_teacher(
    kind: str, output_names: list[str] | None = None, size: Architecture = TEACHER, verb: str = "finetune"
) -> Path:
    """A fine-tuned run of random weights, or one that came from elsewhere."""
    VOCABULARY.save(Path("vocab.txt"))
    names = output_names or TASKS[kind][1]
    network = build_task_network(
        size, head=KINDS[kind].head, num_outputs=len(names), vocab_size=VOCABULARY.size, seed=5
    )
    task = ImportedTask(source="imported") if verb == "import" else task_of(kind)
    description = ModelDescription(
        verb=verb,
        size=size,
        vocabulary=describe_vocabulary(VOCABULARY),
        output_names=names,
        kind=kind,
        task=task,
    )
    return save(Path("runs/teacher"), verb, network, description)


def make_source(size: Architecture, vocabulary: Vocabulary = VOCABULARY) -> Path:
    """A pre-trained run of random weights."""
    vocabulary.save(Path("vocab.txt"))
    network = build_pretraining_network(size, vocab_size=vocabulary.size, seed=6)
    description = ModelDescription(verb="distill", size=size, vocabulary=describe_vocabulary(vocabulary))
    return save(Path("runs/source"), "distill", network, description)


def save(path: Path, verb: str, network: keras.Model, description: ModelDescription) -> Path:
    recipe = {"seed": 0, "source": "runs/pretrained"}
    with RunDir.open(path, verb, recipe, fresh=False, origin={}) as run:
        run.finish(
            lambda folder: save_network(
                folder, network, description, load_vocabulary(Path("vocab.txt"), True)
            )
        )
    return path


def look(
    *settings: str, teacher: Path, source: Path | None = None, run: str = "runs/student", **typed
) -> Ready:
    """What the command finds that `distil` runs."""
    usual = [
        "train.batch_size=4", "train.epochs=1", "distill.intermediate_epochs=1", "train.log_every=1",
        "train.optimizer.learning_rate=1e-2", "cache.budget_gigabytes=0", f"teacher={teacher}",
        *([f"source={source}"] if source else []),
    ]  # fmt: skip
    flags = {"--strategy": ("distill.strategy", "task")}
    return resolve(invoke("distill", None, [*usual, *settings], flags, run=Path(run), **typed))


def distil(*settings: str, teacher: Path, run: str = "runs/student", **typed) -> Path:
    """Runs the command in this process; the student has the size of its source."""
    distill_task.run(look(*settings, teacher=teacher, run=run, **typed))
    return Path(run)


def journal(run: Path) -> list[dict]:
    return [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]


def swap_labels(teacher: Path, order: list[int]) -> None:
    """Writes a teacher anew with its outputs in another order, so that it says the same."""
    description = ModelDescription.load(teacher / "final")
    weights = dict(load_weights(teacher / "final/weights.safetensors"))
    head = KINDS[description.kind].head.name
    arrays = {
        name: array[..., order] if name.startswith(f"{head}/") else array for name, array in weights.items()
    }
    names = [(description.output_names or [])[index] for index in order]

    def write(folder: Path) -> None:
        save_arrays(folder, arrays, description.model_copy(update={"output_names": names}))
        VOCABULARY.save(folder / VOCABULARY_FILE)

    write_directory(teacher / "final", write, replace=True)
