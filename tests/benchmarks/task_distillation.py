"""What students of a real pre-trained BERT keep of its GLUE scores, and what each part of their training is worth.

    python tests/benchmarks/task_distillation.py MODEL GLUE BOOKS --runs DIR [--shape ...] [--task ...] [--seed 0 1 2]

MODEL is a folder of Hugging Face with a BERT, GLUE the folder with the official folders of the tasks, BOOKS a folder
of text. The teacher of each task is fine-tuned at the rate that is best on a tenth of the training examples, held
out for this choice; then it learns from all of them. Of SST-2, 2,000 training examples are held out from everything
and scored in the end, since nothing was chosen by them. Every row of the table is one way to train the same shape:

    nothing       fine-tuned from fresh weights
    masked words  fine-tuned after masked-LM pre-training on BOOKS that took as long as general distillation
    general       fine-tuned after general distillation on BOOKS
    task          distilled on the task after general distillation
    augmented     the same, from examples that `mbert augment` multiplied

Everything is a run of `mbert` under DIR: what is complete is not done again, what was stopped goes on. Without
--train only the table is printed. With `--examples` students learn from the first N examples of a task and its teacher
from all: what copies are worth where there are few. `--set-general`, `--set-task` and `--set-augment` change keys.
"""

import argparse
import itertools
import json
import random
import shutil
import statistics
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from seed_spread import show_spread

FOLDERS = {"sst2": "SST-2", "mrpc": "MRPC", "rte": "RTE", "stsb": "STS-B", "cola": "CoLA"}
RATES = [2e-5, 5e-5, 1e-4]
HELD_OUT = 2000
"""Examples of SST-2 by which nothing is chosen."""

METHODS = ("nothing", "masked words", "general", "task", "augmented")

SHAPES = {
    "tinybert": {"size": "tinybert_4", "hidden_dim": 192, "embedding_dim": 192, "intermediate_dim": 768},
    "distilbert": {
        "size": "distilbert_6", "num_layers": 4, "hidden_dim": 192, "embedding_dim": 192, "intermediate_dim": 768,
    },
    "mobilebert": {
        "size": "mobilebert", "num_layers": 6, "hidden_dim": 192, "embedding_dim": 96, "intra_dim": 96,
        "intermediate_dim": 192, "num_heads": 12,
    },
}  # fmt: skip
"""Sizes and their changes: each has at most a fifth of the teacher's FLOPs and of its parameters without the table."""

MBERT = [sys.executable, "-c", "from mbert_cli.cli import main; main()"]


@dataclass(frozen=True)
class Bench:
    """The folders of a measurement, settings of its kinds of runs, and how many examples students learn from."""

    model: Path
    glue: Path
    books: Path
    runs: Path
    general: list[str] = field(default_factory=list)
    task: list[str] = field(default_factory=list)
    copies: list[str] = field(default_factory=list)
    examples: int | None = None

    def folder(self, task: str) -> Path:
        """The files that teachers of a task learn from and are chosen by."""
        return self.runs / "glue" / FOLDERS[task]

    def student_folder(self, task: str) -> Path:
        """Those of its students."""
        whole = self.folder(task)
        return whole if self.examples is None else _beside(whole, f"first-{self.examples}")

    def teacher(self, task: str) -> Path:
        """The run of the teacher of a task."""
        return self.runs / f"teacher-{task}"

    def student(self, shape: str, method: str, task: str, seed: int) -> Path:
        """The run of a student on a task."""
        return self.runs / f"{shape}-{method.replace(' ', '-')}-{task}{self._of_examples}-{seed}"

    def augmentation(self, task: str) -> Path:
        """The run with the augmented examples of a task."""
        return self.runs / f"augment-{task}{self._of_examples}"

    @property
    def fine_tuning(self) -> list[str]:
        """Settings of runs on a task that are no distillations."""
        return _set(*(setting for setting in self.task[1::2] if not setting.startswith("distill.")))

    @property
    def _of_examples(self) -> str:
        return "" if self.examples is None else f"-{self.examples}"


def main() -> None:
    """Trains what is not there yet, if asked to, and prints the table."""
    arguments = _parse()
    folders = arguments.model, arguments.glue, arguments.books, arguments.runs
    settings = [_set(*given) for given in (arguments.set_general, arguments.set_task, arguments.set_augment)]
    bench = Bench(*folders, *settings, arguments.examples)
    if arguments.train:
        prepare(bench)
        for task in arguments.task:
            train_teacher(bench, task)
            if task == "sst2":
                score_unseen(bench, bench.teacher(task))
        for shape in arguments.shape:
            pretrain(bench, shape, arguments.method)
        for seed, shape, task, method in itertools.product(
            arguments.seed, arguments.shape, arguments.task, arguments.method
        ):
            train_student(bench, shape, method, task, seed)
    _print_table(bench, arguments)


def prepare(bench: Bench) -> None:
    """Imports the model, writes the token store and the folders of the tasks."""
    _run("import", bench.runs / "source", str(bench.model))
    globs = json.dumps([f"{bench.books}/**/*.txt", f"{bench.books}/**/*.md"])
    vocabulary = f"vocabulary.file={bench.runs / 'source' / 'final' / 'vocab.txt'}"
    _run("prepare", bench.runs / "store", "books", _set(f"corpus.globs={globs}", vocabulary))
    for task in FOLDERS:
        _write_folders(bench, task)
        _write_first(bench, task)


def _write_folders(bench: Bench, task: str) -> None:
    """The official files with fewer training examples, and those in which a part of them is held out for rates."""
    official, own = bench.glue / FOLDERS[task], bench.folder(task)
    if own.is_dir():
        return
    lines = (official / "train.tsv").read_text(encoding="utf-8").splitlines(keepends=True)
    header, lines = ([], lines) if task == "cola" else (lines[:1], lines[1:])
    random.Random(0).shuffle(lines)
    unseen, lines = (lines[:HELD_OUT], lines[HELD_OUT:]) if task == "sst2" else ([], lines)
    tenth = len(lines) // 10
    _write(own, header + lines, official / "dev.tsv")
    _write(_beside(own, "rates"), header + lines[tenth:], header + lines[:tenth])
    if unseen:
        _write(_beside(own, "unseen"), header + lines, header + unseen)


def _write_first(bench: Bench, task: str) -> None:
    """The files of students where these learn from some of the examples."""
    whole, own = bench.folder(task), bench.student_folder(task)
    if not own.is_dir():
        lines = (whole / "train.tsv").read_text(encoding="utf-8").splitlines(keepends=True)
        _write(own, lines[: bench.examples + (task != "cola")], whole / "dev.tsv")


def _beside(folder: Path, name: str) -> Path:
    return folder.with_name(f"{folder.name}-{name}")


def _write(folder: Path, train: list[str], dev: list[str] | Path) -> None:
    folder.mkdir(parents=True)
    (folder / "train.tsv").write_text("".join(train), encoding="utf-8")
    if isinstance(dev, Path):
        shutil.copyfile(dev, folder / "dev.tsv")
    else:
        (folder / "dev.tsv").write_text("".join(dev), encoding="utf-8")


def train_teacher(bench: Bench, task: str) -> None:
    """Fine-tunes the model at the best of the rates."""
    if (bench.teacher(task) / "final").is_dir():
        return
    source = _set(f"source={bench.runs / 'source'}")
    scores = {}
    for rate in RATES:
        run = bench.runs / f"rate-{task}-{rate:g}"
        folder = _beside(bench.folder(task), "rates")
        settings = _set(f"task.folder={folder}", f"train.optimizer.learning_rate={rate}")
        _run("finetune", run, task, source, settings, bench.fine_tuning)
        scores[rate] = _score(run)
    best = max(scores, key=lambda rate: scores[rate])
    settings = _set(f"task.folder={bench.folder(task)}", f"train.optimizer.learning_rate={best}")
    _run("finetune", bench.teacher(task), task, source, settings, bench.fine_tuning)


def pretrain(bench: Bench, shape: str, methods: list[str]) -> None:
    """General distillation of a shape, and masked-LM pre-training that takes as long."""
    general, masked = bench.runs / f"{shape}-general", bench.runs / f"{shape}-masked-words"
    settings = [*_set(f"data.run={bench.runs / 'store'}"), *_set_shape(shape)]
    teacher = ["--teacher", str(bench.runs / "source")]
    _run("distill", general, "minilm_general", teacher, settings, _set_layer_map(shape), bench.general)
    if "masked words" not in methods:
        return
    recipe = _recipe(general)
    speed = _examples_per_second(bench, shape, settings, recipe)
    steps = round(_seconds(general) * speed / recipe["train"]["batch_size"])
    _run("train-teacher", masked, "books", settings, _masked_settings(recipe), _set(f"train.steps={steps}"))


def _masked_settings(recipe: dict) -> list[str]:
    train, length = recipe["train"], recipe["data"]["sequence_length"]
    rate = train["optimizer"]["learning_rate"]
    return _set(
        f"train.batch_size={train['batch_size']}", f"train.optimizer.learning_rate={rate}",
        f"train.precision={train['precision']}", f"data.sequence_length={length}",
        f"data.max_predictions={max(1, round(length * 0.15))}",
    )  # fmt: skip


def _examples_per_second(bench: Bench, shape: str, settings: list[str], recipe: dict) -> float:
    """Speed of masked-LM pre-training, from a short run of its own."""
    run = bench.runs / f"{shape}-masked-words-speed"
    steps = min(200, recipe["distill"]["steps"])
    _run("train-teacher", run, "books", settings, _masked_settings(recipe), _set(f"train.steps={steps}"))
    return statistics.median(_logged(run, "examples_per_second"))


def train_student(bench: Bench, shape: str, method: str, task: str, seed: int) -> None:
    """Trains a shape on a task by one of `METHODS`."""
    run = bench.student(shape, method, task, seed)
    general, masked = bench.runs / f"{shape}-general", bench.runs / f"{shape}-masked-words"
    settings = _set(f"seed={seed}", f"task.folder={bench.student_folder(task)}")
    if method in ("nothing", "masked words", "general"):
        source = masked if method == "masked words" else general
        fresh = ["pretrained=false"] if method == "nothing" else []
        _run("finetune", run, task, settings, bench.fine_tuning, _set(f"source={source}", *fresh))
    else:
        length = 64 if task in ("sst2", "cola") else 128
        own = ["task.source=glue", f"task.name={task}", f"task.sequence_length={length}", f"source={general}"]
        if method == "augmented":
            own.append(f"task.train={augment(bench, task)}")
        teacher = ["--teacher", str(bench.teacher(task))]
        _run("distill", run, "minilm_task", teacher, _set(*own), _set_layer_map(shape), settings, bench.task)
    if task == "sst2":
        score_unseen(bench, run)


def augment(bench: Bench, task: str) -> Path:
    """The training file of a task with more examples than it had."""
    run = bench.augmentation(task)
    # The model has no head for masked words, so that all words come from vectors.
    vectors = ["vectors.source=store", f"vectors.run={bench.runs / 'store'}"]
    _run("augment", run, task, _set(f"task.folder={bench.student_folder(task)}", *vectors), bench.copies)
    return run


def score_unseen(bench: Bench, run: Path) -> None:
    """Scores a model of SST-2 on the examples by which nothing was chosen."""
    if not (out := _unseen(run)).is_file():
        settings = _set(f"task.folder={_beside(bench.folder('sst2'), 'unseen')}")
        words = ["eval", str(run), *settings, "--format", "json", "--out", str(out), "-q"]
        subprocess.run([*MBERT, *words], check=True)


def _unseen(run: Path) -> Path:
    return run.with_name(f"{run.name}-unseen.json")  # no file of another program lies in a run


def _print_table(bench: Bench, arguments: argparse.Namespace) -> None:
    tasks = arguments.task
    names = [*tasks, "mean", *(["sst2, unseen"] if "sst2" in tasks else [])]
    print(f"{'':<26}" + "".join(f"{name:>16}" for name in names))
    teachers = {task: [bench.teacher(task)] for task in tasks}
    print(f"{'teacher':<26}" + _cells(teachers))
    for shape, method in itertools.product(arguments.shape, arguments.method):
        students = {
            task: [bench.student(shape, method, task, seed) for seed in arguments.seed] for task in tasks
        }
        print(f"{shape + ', ' + method:<26}" + _cells(students), flush=True)


def _cells(runs: dict[str, list[Path]]) -> str:
    scores = {task: _known(map(_score, some)) for task, some in runs.items()}
    mean = statistics.mean(map(statistics.mean, scores.values())) if all(scores.values()) else None
    cells = [*map(show_spread, scores.values()), "" if mean is None else f"{mean:.2%}"]
    cells += [show_spread(_known(map(_unseen_score, some))) for task, some in runs.items() if task == "sst2"]
    return "".join(f"{cell:>16}" for cell in cells)


def _known(scores: Iterable[float | None]) -> list[float]:
    return [score for score in scores if score is not None]


def _score(run: Path) -> float | None:
    summary = run / "final" / "summary.json"
    return json.loads(summary.read_text())["score"] if summary.is_file() else None


def _unseen_score(run: Path) -> float | None:
    out = _unseen(run)
    return json.loads(out.read_text())["evaluations"][0]["score"] if out.is_file() else None


def _recipe(run: Path) -> dict:
    import yaml

    return yaml.safe_load((run / "recipe.yaml").read_text())


def _logged(run: Path, name: str) -> list[float]:
    lines = (run / "log.jsonl").read_text().splitlines()
    return [record[name] for record in map(json.loads, lines) if name in record]


def _seconds(run: Path) -> float:
    """How long the steps of a training took, without start and validation."""
    recipe = _recipe(run)
    steps = json.loads((run / "final" / "summary.json").read_text())["steps"]
    return steps * recipe["train"]["batch_size"] / statistics.median(_logged(run, "examples_per_second"))


def _set(*settings: str) -> list[str]:
    return [word for setting in settings for word in ("--set", setting)]


def _set_shape(shape: str) -> list[str]:
    size, changes = SHAPES[shape]["size"], {k: v for k, v in SHAPES[shape].items() if k != "size"}
    return _set(f"model.size={size}", *(f"model.changes.{name}={value}" for name, value in changes.items()))


def _set_layer_map(shape: str) -> list[str]:
    """The recipes' own is for students of four layers."""
    return _set("distill.layer_map=null") if SHAPES[shape].get("num_layers") == 6 else []


def _run(verb: str, run: Path, *words: str | list[str]) -> None:
    """Runs a verb until its run is complete."""
    if (run / "final").is_dir():
        return
    flat = [part for word in words for part in ([word] if isinstance(word, str) else word)]
    print("mbert", verb, *flat, flush=True)
    quiet = [] if verb == "import" else ["-q"]
    subprocess.run([*MBERT, verb, *flat, "--run", str(run), *quiet], check=True)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("glue", type=Path)
    parser.add_argument("books", type=Path)
    parser.add_argument("--runs", type=Path, required=True)
    parser.add_argument("--shape", nargs="+", choices=list(SHAPES), default=list(SHAPES))
    parser.add_argument("--task", nargs="+", choices=list(FOLDERS), default=list(FOLDERS))
    parser.add_argument("--method", nargs="+", choices=METHODS, default=list(METHODS))
    parser.add_argument("--seed", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--train", action="store_true")
    for kind in ("general", "task", "augment"):
        parser.add_argument(f"--set-{kind}", nargs="+", default=[], metavar="KEY=VALUE")
    parser.add_argument("--examples", type=int, metavar="N")
    return parser.parse_args()


if __name__ == "__main__":
    main()
