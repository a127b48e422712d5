"""One class per verb: which sections its recipes have."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field, model_validator

from mbert_cli.augment.options import AugmentOptions, Vectors
from mbert_cli.cluster.options import ClusterOptions
from mbert_cli.corpus.options import Corpus, PretrainingOptions, StoreOptions
from mbert_cli.cost.options import PlanOptions
from mbert_cli.distill.options import CacheOptions, CorpusDistillOptions, ProgressiveOptions, TaskOptions
from mbert_cli.evaluate.options import EvaluateOptions
from mbert_cli.examples.options import AnyTask, InstalledDocsTask, Task
from mbert_cli.hosts.options import HostsOptions
from mbert_cli.losses.options import LossOptions
from mbert_cli.model.options import SIZES, EmbeddingOptions, ModelOptions
from mbert_cli.search.options import SearchOptions
from mbert_cli.section import Section, Seed
from mbert_cli.text.options import VocabularyOptions
from mbert_cli.tflite.options import BenchOptions, ExportOptions, QuantizedTrainingOptions
from mbert_cli.train.options import FinetuneTrainOptions, PretrainingTrainOptions, TrainOptions


class PrepareRecipe(Section):
    """corpus -> vocabulary and token store"""

    corpus: Corpus
    """Where the text comes from."""
    vocabulary: VocabularyOptions = VocabularyOptions()
    """The WordPiece vocabulary."""
    store: StoreOptions = StoreOptions()
    """How the token store is written."""
    cluster: ClusterOptions = ClusterOptions()
    """Who shares the encoding of the corpus."""


class TrainTeacherRecipe(Section):
    """token store -> IB-BERT"""

    seed: Seed = 0
    """Decides initial weights, batches, masks and dropout."""
    data: PretrainingOptions = PretrainingOptions()
    """The token store and how batches are drawn from it."""
    model: ModelOptions = ModelOptions(size="ib_bert_large")
    """The teacher's architecture."""
    train: PretrainingTrainOptions = PretrainingTrainOptions()
    """How the teacher trains."""
    hosts: HostsOptions = HostsOptions()
    """Hosts that train together."""
    plan: PlanOptions = PlanOptions()
    """Machines for which the plan says how long it takes."""


class DistillRecipe(Section):
    """teacher -> student"""

    seed: Seed = 0
    """Decides initial weights, batches, masks and dropout."""
    teacher: str | None = None
    """A `train-teacher` run; null takes the newest complete one."""
    data: PretrainingOptions = PretrainingOptions()
    """The token store and how batches are drawn from it."""
    model: ModelOptions = ModelOptions(size="mobilebert")
    """The student's architecture."""
    distill: CorpusDistillOptions = ProgressiveOptions(strategy="progressive")
    """Strategy and losses."""
    train: TrainOptions = TrainOptions()
    """How the student trains; the number of steps comes from the section distill."""
    hosts: HostsOptions = HostsOptions()
    """Hosts that train together."""
    plan: PlanOptions = PlanOptions()
    """Machines for which the plan says how long it takes."""


class TaskDistillRecipe(Section):
    """task model and labelled examples -> smaller task model"""

    seed: Seed = 0
    """Decides initial weights, the order of examples and dropout."""
    teacher: str | None = None
    """A fine-tuned run; null takes the newest complete one."""
    source: str | None = None
    """A run that the student starts from, pre-trained or of a task; null draws a new one by the section model."""
    model: ModelOptions = ModelOptions(size="tinybert_4")
    """The student's architecture, where there is no source."""
    task: Task | None = None
    """The labelled examples; null takes the task that the teacher was fine-tuned for."""
    dropout_rate: Annotated[float, Field(ge=0, lt=1)] = 0.1
    """Dropout on the states that the head reads."""
    loss: LossOptions = LossOptions()
    """How much each example counts."""
    distill: TaskOptions = TaskOptions(strategy="task")
    """Strategy and losses."""
    cache: CacheOptions = CacheOptions()
    """What is kept of the teacher's outputs."""
    train: FinetuneTrainOptions = FinetuneTrainOptions()
    """How the student trains; the epochs are those in which it learns the teacher's answers."""
    hosts: HostsOptions = HostsOptions()
    """Hosts that train together."""
    plan: PlanOptions = PlanOptions()
    """Machines for which the plan says how long it takes."""


class FinetuneRecipe(Section):
    """run -> task model"""

    seed: Seed = 0
    """Decides the classifier's initial weights, the order of examples and dropout."""
    source: str | None = None
    """A `train-teacher` or `distill` run; null takes the newest complete one."""
    initialize_from: str | None = None
    """A `finetune` run to start from instead of the source, for example an MNLI model for RTE. Its head is kept where
    the labels are the same."""
    pretrained: bool = True
    """false keeps the source's architecture and vocabulary but draws fresh weights, as a baseline."""
    task: Task = InstalledDocsTask(source="installed_docs")
    """The labelled examples."""
    dropout_rate: Annotated[float, Field(ge=0, lt=1)] = 0.1
    """Dropout on the states that the head reads."""
    loss: LossOptions = LossOptions()
    """How much each example counts."""
    train: FinetuneTrainOptions = FinetuneTrainOptions()
    """How the task model trains."""
    hosts: HostsOptions = HostsOptions()
    """Hosts that train together."""
    plan: PlanOptions = PlanOptions()
    """Machines for which the plan says how long it takes."""
    search: SearchOptions | None = None
    """Try many rates, batch sizes, epochs and seeds in one run; null trains one model."""
    cluster: ClusterOptions = ClusterOptions()
    """Who shares the trials of a search."""
    quantize: QuantizedTrainingOptions | None = None
    """Learn to be exported in a mode of integers; null trains in float."""

    @model_validator(mode="after")
    def _starts_from_one_run(self) -> "FinetuneRecipe":
        if self.initialize_from and self.source:
            raise ValueError("source and initialize_from exclude each other; leave one out")
        if self.initialize_from and not self.pretrained:
            raise ValueError("pretrained: false takes no weights; leave initialize_from out")
        return self


class EvalRecipe(Section):
    """run or artifact -> score"""

    task: AnyTask | None = None
    """The task to score on; null uses the task that the run was fine-tuned for."""
    embedding: EmbeddingOptions = EmbeddingOptions()
    """For runs whose texts become vectors."""
    evaluate: EvaluateOptions = EvaluateOptions()
    """What is scored."""
    cluster: ClusterOptions = ClusterOptions()
    """Who shares the models that are scored."""


class PredictRecipe(Section):
    """run or artifact, text -> labels"""

    batch_size: Annotated[int, Field(gt=0)] = 32
    """Texts per forward pass; an artifact always takes one."""
    task: AnyTask | None = None
    """The task that the run was fine-tuned for; set single keys of it to change them."""
    embedding: EmbeddingOptions = EmbeddingOptions()
    """For runs whose texts become vectors."""


class ExportRecipe(Section):
    """run -> phone artifact"""

    export: ExportOptions = ExportOptions()
    """Modes, length and the comparison with the Keras run."""
    task: AnyTask | None = None
    """The task that the run was fine-tuned for; set single keys of it to change them."""
    embedding: EmbeddingOptions = EmbeddingOptions()
    """For a run that is exported as a model of texts as vectors."""


class BenchRecipe(Section):
    """artifacts -> latency, size, memory"""

    bench: BenchOptions = BenchOptions()
    """How artifacts are timed."""
    task: AnyTask | None = None
    """The task that the run was fine-tuned for; set single keys of it to change them."""


class AugmentRecipe(Section):
    """labelled examples -> more of them"""

    seed: Seed = 0
    """Decides which words are replaced in which copy, and by what."""
    masked_language_model: str | None = None
    """A `train-teacher`, `distill` or imported run with a head for masked words, for words of one piece. null takes
    the newest complete one that was made here, or none where there are vectors."""
    vectors: Vectors | None = None
    """Word vectors, for words of several pieces, or for all words where there is no masked LM."""
    task: Task = InstalledDocsTask(source="installed_docs")
    """The labelled examples."""
    augment: AugmentOptions = AugmentOptions()
    """How they are copied."""
    cluster: ClusterOptions = ClusterOptions()
    """Who shares the texts whose words a masked LM replaces."""


RECIPES: dict[str, type[Section]] = {
    "prepare": PrepareRecipe,
    "train-teacher": TrainTeacherRecipe,
    "distill": DistillRecipe,
    "finetune": FinetuneRecipe,
    "eval": EvalRecipe,
    "predict": PredictRecipe,
    "export-tflite": ExportRecipe,
    "bench": BenchRecipe,
    "augment": AugmentRecipe,
}
"""The class of each verb's recipes; the first one of a verb with several."""

FORMS: dict[str, Mapping[str, type[Section]]] = {
    "distill": {
        "progressive": DistillRecipe, "joint": DistillRecipe, "auxiliary": DistillRecipe,
        "general": DistillRecipe, "task": TaskDistillRecipe, "distilbert": DistillRecipe,
    },
}  # fmt: skip
"""For a verb with several classes of recipes, the class for each value of the key that chooses."""

OTHER_KINDS: dict[str, type[Section]] = {"distill-task": TaskDistillRecipe}
"""Kinds of runs that do not bear the name of a verb, with the class of their recipes."""

CHOOSERS = {"distill": "distill.strategy"}
"""That key. It also chooses the variant of its section."""

USUAL_RECIPES = {
    "general": "quickstart_general", "task": "quickstart_task", "distilbert": "quickstart_distilbert",
}  # fmt: skip
"""The recipe where none is named, for values of such a key with which it is not `quickstart`."""

_SMOKE_DATA = {"data.sequence_length": 32, "data.max_predictions": 5}
_SMOKE_TRAIN = {
    "train.batch_size": 4, "train.log_every": 1, "train.checkpoint_every": 2,
}  # fmt: skip
_SMOKE_VALIDATION = {"train.validate_every": 4, "train.validation_steps": 2}
_SMOKE_MODEL = {
    "model.changes.num_layers": 2, "model.changes.hidden_dim": 32, "model.changes.embedding_dim": 16,
    "model.changes.intermediate_dim": 32, "model.changes.num_heads": 2,
}  # fmt: skip

SMOKE: dict[str, Mapping[str, object]] = {
    "prepare": {"vocabulary.training_megabytes": 4.0},
    "train-teacher": _SMOKE_DATA | _SMOKE_TRAIN | _SMOKE_VALIDATION | _SMOKE_MODEL
    | {"train.steps": 4},
    "distill": _SMOKE_TRAIN | _SMOKE_MODEL,
    "finetune": _SMOKE_TRAIN | {"train.epochs": 1, "train.max_steps": 8, "task.sequence_length": 32},
    "eval": {"evaluate.max_examples": 32},
    "predict": {},
    "export-tflite": {"export.verify.max_examples": 8, "export.verify.max_metric_loss": 1.0},
    "augment": {"augment.copies": 2, "augment.max_examples": 64, "augment.sequence_length": 64},
    "bench": {"bench.min_seconds": 0.2, "bench.warmup_seconds": 0.1, "bench.rounds": 1},
}  # fmt: skip
"""Values that `--smoke` sets: tiny size, few steps, the same code path."""

_SMOKE_STORE = _SMOKE_DATA | _SMOKE_VALIDATION
_SMOKE_TRANSFER = _SMOKE_STORE | {"distill.transfer_steps": 4, "distill.pretraining_steps": 4}
SMOKE_FORMS: dict[str, Mapping[str, object]] = {
    "progressive": _SMOKE_TRANSFER, "joint": _SMOKE_TRANSFER, "auxiliary": _SMOKE_TRANSFER,
    "general": _SMOKE_STORE | {"distill.steps": 4}, "distilbert": _SMOKE_STORE | {"distill.steps": 4},
    "task": {
        "distill.intermediate_epochs": 1, "distill.intermediate_max_steps": 4,
        "train.epochs": 1, "train.max_steps": 4, "task.sequence_length": 32,
    },
}  # fmt: skip
"""And for the strategies of distillation."""

SMOKE_TASKS: dict[str, dict[str, object]] = {
    "squad": {"task.question_length": 16, "task.document_stride": 12},
}
"""And for the sources of a task."""

SMOKE_SEARCH: dict[str, object] = {"search.seed": [0, 1], "search.max_trials": 4}
"""And for a recipe with a search."""


def smoke_sizes(values: Mapping[str, object]) -> dict[str, object]:
    """And for what goes with a size: the width inside its blocks, and maps of layers and heads, which are gone."""
    model, distill = values.get("model"), values.get("distill")
    settings: dict[str, object] = {}
    size = SIZES.get(str(model.get("size"))) if isinstance(model, Mapping) else None
    if size is not None and size.intra_dim is not None:
        settings["model.changes.intra_dim"] = 16 if size.intra_dim < size.hidden_dim else 32
    if isinstance(distill, Mapping):
        maps = ("layer_map", "head_map", "copied_layers")
        settings |= {f"distill.{name}": None for name in maps if distill.get(name)}
    return settings
