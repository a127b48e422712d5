"""The train section of a recipe: steps, optimizer, precision, what is saved when."""

from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from mbert_cli.section import Section

Positive = Annotated[int, Field(gt=0)]


class OptimizerOptions(Section):
    """The optimizer and its learning-rate schedule."""

    name: Literal["adamw", "lamb"] = "adamw"
    """adamw, or lamb by the rule of its paper (You et al., 2020)."""
    learning_rate: Annotated[float, Field(gt=0)] = 1e-4
    """Peak learning rate."""
    warmup_rate: Annotated[float, Field(ge=0, lt=1)] = 0.1
    """Share of the steps in which the rate rises linearly from 0 to its peak."""
    final_rate: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Learning rate after the linear decay, as a share of the peak; 1 keeps it constant."""
    weight_decay: Annotated[float, Field(ge=0)] = 0.01
    """Decoupled weight decay."""
    no_decay: list[str] = ["bias", "gamma", "beta"]
    """Weights whose name is listed are not decayed; lamb does not adapt them either."""
    beta_1: Annotated[float, Field(ge=0, lt=1)] = 0.9
    """Decay of the first moment."""
    beta_2: Annotated[float, Field(ge=0, lt=1)] = 0.999
    """Decay of the second moment."""
    epsilon: Annotated[float, Field(gt=0)] = 1e-6
    """Added to the root of the second moment."""
    bias_correction: bool = True
    """Correct both moments for starting at 0. Without it, as in BERT's and MobileBERT's own code, the first steps
    are up to six times too large, and a pre-trained encoder fine-tuned at 3e-4 ends at chance."""
    clip_norm: Annotated[float, Field(gt=0)] | None = 1.0
    """Gradients are scaled down to this global norm; null does not clip."""


class TrainOptions(Section):
    """How a run trains."""

    batch_size: Positive = 32
    """Examples of one step, before accumulation."""
    accumulation_steps: Positive = 1
    """Steps whose gradients are averaged into one update."""
    optimizer: OptimizerOptions = OptimizerOptions()
    """Optimizer and learning rate."""
    precision: Literal["float32", "bfloat16"] = "float32"
    """Arithmetic of the layers; weights are always float32. There is no float16: activations of a
    trained MobileBERT reach 1e7, which bfloat16 can hold and float16 cannot."""
    jit_compile: bool | Literal["auto"] = "auto"
    """Compile the step with XLA; auto does so on JAX and on a GPU, not on TensorFlow's CPU."""
    steps_per_execution: Positive = 1
    """Steps that run as one call of the backend."""
    log_every: Positive = 10
    """Steps between lines of log.jsonl."""
    validate_every: Positive = 500
    """Steps between validations; there is always one at the end."""
    validation_steps: Positive = 20
    """Batches of one validation."""
    checkpoint_every: Positive = 500
    """Steps between checkpoints; there is always one at the end of a stage."""
    keep_checkpoints: Positive = 2
    """Newest checkpoints to keep."""
    tensorboard: bool = False
    """Also write the figures for TensorBoard, into the run's folder tensorboard (extra tensorboard)."""


class PretrainingTrainOptions(TrainOptions):
    """How a teacher trains."""

    steps: Positive = 10_000
    """Batches to train on; accumulation_steps of them make one update."""


class LossOptions(Section):
    """How much each example of a task with labels counts, where some labels are rare."""

    class_weights: Literal["balanced"] | list[Annotated[float, Field(gt=0)]] | None = None
    """A factor for the examples of each label, in the order of the labels; balanced makes all labels count the
    same together. Of several labels an example it is the factor of those that it has."""
    focal_gamma: Annotated[float, Field(ge=0)] = 0.0
    """Exponent of the focal loss (Lin et al., 2017): the larger, the less count examples that are already right;
    0 is plain cross-entropy, 2 the paper's."""


class FinetuneOptimizerOptions(OptimizerOptions):
    """The optimizer and its learning-rate schedule."""

    learning_rate: Annotated[float, Field(gt=0)] | None = None
    """Peak learning rate; null takes one that suits the width and the depth of the source, 5e-5 for BERT-base."""


class FinetuneTrainOptions(TrainOptions):
    """How a task model trains; it is validated at the end of every epoch and the best one is kept."""

    optimizer: FinetuneOptimizerOptions = FinetuneOptimizerOptions()
    """Optimizer and learning rate."""
    epochs: Positive = 3
    """Passes over the training examples."""
    max_steps: Positive | None = None
    """Stop after so many steps; null trains through all epochs."""
    dynamic_length: bool = True
    """Make a batch only as long as its longest example, and put examples of like length together; false pads
    all to task.sequence_length."""


class SearchOptions(Section):
    """A grid of fine-tunings, each with every seed; the model of the best mean over the seeds is the result."""

    learning_rate: Annotated[list[Annotated[float, Field(gt=0)]], Field(min_length=1)] | None = None
    """Peak learning rates; null is train.optimizer.learning_rate alone."""
    batch_size: Annotated[list[Positive], Field(min_length=1)] | None = None
    """Batch sizes; null is train.batch_size alone."""
    epochs: Annotated[list[Positive], Field(min_length=1)] | None = None
    """Passes over the training examples; null is train.epochs alone."""
    seed: Annotated[list[Annotated[int, Field(ge=0)]], Field(min_length=1)] | None = None
    """Every setting is trained with each of these seeds; null is the recipe's seed alone."""
    max_trials: Positive | None = None
    """Most trials. A larger grid is thinned evenly, by settings with all their seeds; null runs all of it."""
    prune_margin: Annotated[float, Field(ge=0)] | None = 0.05
    """Give a setting up when its first seed scores lower, by more than this, than the best first seed before it
    did after the same share of its training, at its end too: then it gets no further seeds. null gives none up."""

    @field_validator("learning_rate", "batch_size", "epochs", "seed")
    @classmethod
    def _values_are_distinct(cls, values: list | None) -> list | None:
        if values is not None and len(set(values)) != len(values):
            raise ValueError(f"values must be distinct. Received: {', '.join(map(str, values))}")
        return values

    @model_validator(mode="after")
    def _is_a_search(self) -> "SearchOptions":
        axes = (self.learning_rate, self.batch_size, self.epochs, self.seed)
        if all(axis is None for axis in axes):
            raise ValueError("learning_rate, batch_size, epochs or seed must list what is tried")
        if self.max_trials is not None and self.max_trials < len(self.seed or [0]):
            raise ValueError(
                f"max_trials ({self.max_trials}) must be at least the number of seeds ({len(self.seed)})"
            )
        return self
