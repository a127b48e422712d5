"""What a pre-trained BERT reaches on GLUE with the recipes as they are, beside transformers with the same values.

    python tests/benchmarks/finetune_parity.py MODEL GLUE --runs DIR [--task rte ...] [--seed 0 1 2]

MODEL is a folder of Hugging Face with a BERT, GLUE the folder with the official folders of the tasks. Each task is
fine-tuned with each seed by `mbert finetune` and by a loop of torch, on a GPU where that sees one: the same batches,
epochs, rate, schedule, weight decay, clipping and dropout, the epoch that is best on the dev set kept, scored by the
same function. Runs that are complete are not done again, and stopped ones go on. The table has mean and standard
deviation over the seeds; a run is degenerate where its score is no better than that of the most frequent label, or of
no number at all.
"""

import argparse
import json
import math
import statistics
import subprocess
import sys
from pathlib import Path

import numpy as np
import yaml
from seed_spread import show_spread

from mbert_cli.examples.batches import TaskBatches
from mbert_cli.examples.loading import load_task
from mbert_cli.examples.options import GlueTask
from mbert_cli.examples.texts import Examples, TaskData
from mbert_cli.tasks.kinds import KINDS
from mbert_cli.train.options import FinetuneOptimizerOptions
from mbert_cli.train.stage import Schedule

CHECKPOINT_STEPS = 200
"""Steps between the states that a training in torch keeps on disk."""
FOLDERS = {"sst2": "SST-2", "mrpc": "MRPC", "rte": "RTE", "stsb": "STS-B", "cola": "CoLA"}
MBERT = [sys.executable, "-c", "from mbert_cli.cli import main; main()"]


def main() -> None:
    """Fine-tunes everything that is not there yet and prints the table."""
    arguments = _parse()
    source = arguments.runs / "source"
    if not (source / "final").is_dir():
        _mbert("import", str(arguments.model), "--run", str(source))
    print("task   rate     mbert             transformers      difference / standard error   degenerate")
    for name in arguments.task:
        scores: dict[str, list[float]] = {"mbert": [], "transformers": []}
        for seed in arguments.seed:
            run = arguments.runs / f"{name}-{seed}"
            scores["mbert"].append(fine_tune_with_mbert(name, seed, source, arguments.glue, run))
            scores["transformers"].append(fine_tune_with_torch(arguments.model, run))
        _report(name, scores, run)


def fine_tune_with_mbert(name: str, seed: int, source: Path, glue: Path, run: Path) -> float:
    """Returns the score of the best epoch."""
    if not (run / "final").is_dir():
        folder = glue / FOLDERS[name]
        settings = [f"seed={seed}", f"task.folder={folder}"]
        words = [word for setting in settings for word in ("--set", setting)]
        _mbert("finetune", name, "--source", str(source), "--run", str(run), "-q", *words)
    return json.loads((run / "final" / "summary.json").read_text())["score"]


def fine_tune_with_torch(model: Path, run: Path) -> float:
    """Returns the score of the best epoch of the same fine-tuning in transformers."""
    result = run.with_name(f"{run.name}-transformers.json")
    if not result.is_file():
        recipe = yaml.safe_load((run / "recipe.yaml").read_text())
        scores = Peer(model, recipe).train(run.with_name(f"{run.name}-transformers.pt"))
        result.write_text(json.dumps({"epochs": scores, "score": max(scores)}))
    return json.loads(result.read_text())["score"]


class TorchRows:
    """Examples as the tokenizer of transformers encodes them; in place of `Rows`, so that the batches are the same.

    Args:
        examples: The examples.
        tokenizer: A tokenizer of transformers.
        sequence_length: Tokens of the longest row.
    """

    cut = left_out = None

    def __init__(self, examples: Examples, tokenizer, sequence_length: int) -> None:
        texts = [examples.texts] if examples.second_texts is None else [examples.texts, examples.second_texts]
        self.encoded = tokenizer(*texts, truncation=True, max_length=sequence_length)
        self.tokenizer, self.sequence_length = tokenizer, sequence_length
        self.labels = np.array(examples.labels)
        self.tokens = np.array([len(ids) for ids in self.encoded["input_ids"]])
        self.trained = np.arange(len(self.tokens))

    def take(self, indices: np.ndarray, length: int) -> dict[str, np.ndarray]:
        """The numbers of the rows of a batch; `inputs` makes the batch of them."""
        return {"rows": indices}

    def inputs(self, indices: np.ndarray):
        """The inputs of a network of transformers for some rows, as long as the longest of them."""
        rows = {name: [values[index] for index in indices] for name, values in self.encoded.items()}
        return self.tokenizer.pad(rows, return_tensors="pt")


class Peer:
    """A fine-tuning in torch with the values of a recipe.

    Args:
        model: The Hugging Face folder.
        recipe: The resolved recipe of a fine-tuning.
    """

    def __init__(self, model: Path, recipe: dict) -> None:
        import torch
        from transformers import AutoModelForSequenceClassification, AutoTokenizer

        torch.manual_seed(recipe["seed"])
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        self.recipe = recipe
        self.task: TaskData = load_task(GlueTask(**recipe["task"]))
        self.tokenizer = AutoTokenizer.from_pretrained(model)
        self.network = AutoModelForSequenceClassification.from_pretrained(
            model, num_labels=len(self.task.output_names), classifier_dropout=recipe["dropout_rate"]
        ).to(self.device)

    def train(self, checkpoint: Path) -> list[float]:
        """Returns the score after every epoch.

        Args:
            checkpoint: File from which a stopped training goes on, and that is gone when it is done.
        """
        import torch

        recipe = self.recipe["train"]
        length = self.recipe["task"]["sequence_length"]
        rows = TorchRows(self.task.train, self.tokenizer, length)
        batches = TaskBatches(
            rows, recipe["batch_size"], self.recipe["seed"], dynamic_length=recipe["dynamic_length"]
        )
        held_out = TorchRows(self.task.validation, self.tokenizer, length)
        optimizer, schedule = self._optimizer(), self._schedule()
        start, scores = self._restore(checkpoint, optimizer)
        for step in range(start, recipe["epochs"] * batches.steps_per_epoch):
            if step % CHECKPOINT_STEPS == 0 and step > start:
                self._save(checkpoint, step, scores, optimizer)
            self.network.train()
            for group in optimizer.param_groups:
                group["lr"] = schedule.at(step)
            batch = batches(step)
            indices = batch["rows"][batch["example_weights"] > 0]
            self._loss(rows, indices).backward()
            torch.nn.utils.clip_grad_norm_(self.network.parameters(), recipe["optimizer"]["clip_norm"])
            optimizer.step()
            optimizer.zero_grad()
            if (step + 1) % batches.steps_per_epoch == 0:
                scores.append(self._score(held_out))
        checkpoint.unlink(missing_ok=True)
        return scores

    def _save(self, checkpoint: Path, step: int, scores: list[float], optimizer) -> None:
        import torch

        state = {"step": step, "scores": scores, "network": self.network.state_dict()}
        state |= {"optimizer": optimizer.state_dict(), "random": torch.get_rng_state()}
        beside = checkpoint.with_suffix(".partial")
        torch.save(state, beside)
        beside.replace(checkpoint)

    def _restore(self, checkpoint: Path, optimizer) -> tuple[int, list[float]]:
        """The steps that are done, and the scores so far."""
        import torch

        if not checkpoint.is_file():
            return 0, []
        state = torch.load(checkpoint)
        self.network.load_state_dict(state["network"])
        optimizer.load_state_dict(state["optimizer"])
        torch.set_rng_state(state["random"])
        return state["step"], state["scores"]

    def _schedule(self) -> Schedule:
        recipe, options = self.recipe["train"], self.recipe["train"]["optimizer"]
        steps = recipe["epochs"] * math.ceil(len(self.task.train) / recipe["batch_size"])
        return Schedule(
            options["learning_rate"], steps, round(steps * options["warmup_rate"]), options["final_rate"]
        )

    def _optimizer(self):
        import torch

        options = FinetuneOptimizerOptions(**self.recipe["train"]["optimizer"])
        decayed: dict[bool, list] = {True: [], False: []}
        for name, weight in self.network.named_parameters():
            decayed["bias" not in name and "LayerNorm" not in name].append(weight)
        groups = [
            {"params": weights, "weight_decay": options.weight_decay if is_decayed else 0.0}
            for is_decayed, weights in decayed.items()
        ]
        betas = options.beta_1, options.beta_2
        return torch.optim.AdamW(groups, lr=options.learning_rate, betas=betas, eps=options.epsilon)

    def _loss(self, rows: TorchRows, indices: np.ndarray):
        import torch

        labels = torch.tensor(rows.labels[indices], device=self.device)
        logits = self.network(**rows.inputs(indices).to(self.device)).logits
        if self.task.kind == "regression":
            return torch.nn.functional.mse_loss(logits[:, 0], labels.float())
        return torch.nn.functional.cross_entropy(logits, labels.long())

    def _score(self, rows: TorchRows) -> float:
        import torch

        self.network.eval()
        order = np.argsort(rows.tokens, kind="stable")
        outputs = np.empty((len(order), self.network.config.num_labels), np.float32)
        with torch.no_grad():
            for start in range(0, len(order), 64):
                part = order[start : start + 64]
                outputs[part] = self.network(**rows.inputs(part).to(self.device)).logits.cpu().numpy()
        judge = KINDS[self.task.kind].judge(self.task, self.task.validation, None, None)
        return judge.score(judge.decide(outputs)).value


def chance(task: TaskData) -> float:
    """The score of the most frequent label of the training rows; 0 for a correlation."""
    if task.kind == "regression" or "matthews" in " ".join(task.metrics):
        return 0.0
    judge = KINDS[task.kind].judge(task, task.validation, None, None)
    return judge.score(np.full(len(task.validation), np.bincount(task.train.labels).argmax())).value


def _report(name: str, scores: dict[str, list[float]], run: Path) -> None:
    recipe = yaml.safe_load((run / "recipe.yaml").read_text())
    floor = chance(load_task(GlueTask(**recipe["task"])))
    columns, errors = [], []
    for values in scores.values():
        deviation = statistics.stdev(values) if len(values) > 1 else math.nan
        columns.append(show_spread(values))
        errors.append(deviation / math.sqrt(len(values)))
    difference = statistics.mean(scores["mbert"]) - statistics.mean(scores["transformers"])
    degenerate = sum(value <= floor + 0.005 for value in scores["mbert"])
    rate = recipe["train"]["optimizer"]["learning_rate"]
    print(
        f"{name:<6} {rate:<8g} {columns[0]:<17} {columns[1]:<17} "
        f"{difference:+.2%} / {math.hypot(*errors):.2%}              {degenerate} of {len(scores['mbert'])}",
        flush=True,
    )


def _mbert(*words: str) -> None:
    subprocess.run([*MBERT, *words], check=True)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("glue", type=Path)
    parser.add_argument("--runs", type=Path, required=True)
    parser.add_argument("--task", nargs="+", choices=list(FOLDERS), default=list(FOLDERS))
    parser.add_argument("--seed", nargs="+", type=int, default=[0, 1, 2])
    return parser.parse_args()


if __name__ == "__main__":
    main()
