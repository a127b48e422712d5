"""The train section of a recipe: steps, optimizer, precision, what is saved when."""

from typing import Annotated, Literal

from pydantic import Field

from mbert_cli.section import Positive, Section


class OptimizerOptions(Section):
    """The optimizer and its learning-rate schedule."""

    name: Literal["adamw", "lamb"] = "adamw"
    """adamw, or lamb as its paper defines it (You et al., 2020)."""
    learning_rate: Annotated[float, Field(gt=0)] = 1e-4
    """Peak learning rate."""
    warmup_rate: Annotated[float, Field(ge=0, lt=1)] = 0.1
    """Share of the steps in which the rate rises linearly from 0 to its peak."""
    final_rate: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Learning rate after the linear decay, as a share of the peak; 1 keeps it constant."""
    weight_decay: Annotated[float, Field(ge=0)] = 0.01
    """Decoupled weight decay."""
    no_decay: list[str] = ["bias", "gamma", "beta"]
    """Weights with these names are not decayed, and lamb does not adapt them either."""
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
    """Examples per step, before accumulation."""
    accumulation_steps: Positive = 1
    """Steps whose gradients are averaged into one update; each counts the same, however many of its examples or words
    do."""
    optimizer: OptimizerOptions = OptimizerOptions()
    """Optimizer and learning rate."""
    precision: Literal["float32", "bfloat16"] = "float32"
    """Arithmetic of the layers; weights are always float32. There is no float16: activations of a
    trained MobileBERT reach 1e7, which bfloat16 can hold and float16 cannot."""
    rematerialize: bool = False
    """Compute the activations inside each layer again in the backward pass instead of keeping them: a fraction of the
    memory for a third more time, and the same weights."""
    jit_compile: bool | Literal["auto"] = "auto"
    """Compile the step with XLA; auto does so on JAX and on a GPU, not on TensorFlow's CPU."""
    steps_per_execution: Positive = 1
    """Steps per call of the backend."""
    log_every: Positive = 10
    """Steps between lines of log.jsonl."""
    validate_every: Positive = 500
    """Steps between validations; there is always one at the end."""
    validation_steps: Positive = 20
    """Batches per validation."""
    checkpoint_every: Positive = 500
    """Steps between checkpoints; there is always one at the end of a stage."""
    keep_checkpoints: Positive = 2
    """How many of the newest checkpoints to keep."""
    tensorboard: bool = False
    """Also write the figures for TensorBoard to the run's folder tensorboard (extra tensorboard)."""

    @property
    def accumulates(self) -> bool:
        """Whether the gradients of several steps are averaged."""
        return self.accumulation_steps > 1

    @property
    def float_bytes(self) -> int:
        """Bytes of an activation."""
        return 2 if self.precision == "bfloat16" else 4


class PretrainingTrainOptions(TrainOptions):
    """How a teacher trains."""

    steps: Positive = 10_000
    """Batches to train on; accumulation_steps of them make one update."""


class FinetuneOptimizerOptions(OptimizerOptions):
    """The optimizer and its learning-rate schedule."""

    # No optimizer is made of a null: `with_learning_rate` fills it in where it looks at the source.
    learning_rate: Annotated[float, Field(gt=0)] | None = None  # type: ignore[assignment] # null until it is chosen
    """Peak learning rate; null chooses one that suits the width and depth of the source, 5e-5 for BERT-base."""


class FinetuneTrainOptions(TrainOptions):
    """How a task model trains; it is validated at the end of every epoch and the best one is kept."""

    optimizer: FinetuneOptimizerOptions = FinetuneOptimizerOptions()
    """Optimizer and learning rate."""
    epochs: Positive = 3
    """Passes over the training examples."""
    max_steps: Positive | None = None
    """Stop after this many steps; null trains through all epochs."""
    dynamic_length: bool = True
    """Make a batch only as long as its longest example, and put examples of similar length together; false pads
    every batch to task.sequence_length."""
