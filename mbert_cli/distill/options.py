"""The distill section of a recipe: strategy, loss factors, warm start."""

from typing import Annotated, Literal

from pydantic import Field

from mbert_cli.section import Section

NonNegative = Annotated[float, Field(ge=0)]


class TransferFactors(Section):
    """Weights of the layer transfer losses; the defaults are MobileBERT's. A loss with a weight of 0 is left out."""

    feature_map: NonNegative = 100.0
    """Mean squared error of layer-normalised hidden states."""
    feature_mean: NonNegative = 5000.0
    """Squared difference of the hidden states' means."""
    feature_variance: NonNegative = 5.0
    """Absolute difference of the hidden states' variances."""
    attention: NonNegative = 1.0
    """KL divergence of the attention distributions."""


class ProgressiveOptions(Section):
    """Settings of the strategy progressive."""

    finished_layer_scale: Annotated[float, Field(ge=0, le=1)] = 0.1
    """Learning rate of layers whose stage is over, as a share of the active layer's; 0 freezes them."""
    warmup_rate: Annotated[float, Field(ge=0, lt=1)] = 0.1
    """Share of each layer's steps in which the rate rises from 0."""


class DistillOptions(Section):
    """How knowledge is transferred."""

    strategy: Literal["progressive", "joint", "auxiliary"] = "progressive"
    """progressive: layer by layer, then pre-training distillation; joint: all layers, then
    pre-training distillation; auxiliary: everything at once. All take the same number of steps in total."""
    transfer_steps: Annotated[int, Field(gt=0)] = 240_000
    """Steps of layer transfer; progressive divides them evenly among the layers."""
    pretraining_steps: Annotated[int, Field(gt=0)] = 500_000
    """Steps of pre-training distillation."""
    transfer_learning_rate: Annotated[float, Field(gt=0)] | None = None
    """Peak learning rate of the layer transfer stages; null uses the one of train.optimizer."""
    factors: TransferFactors = TransferFactors()
    """Weights of the layer transfer losses."""
    ground_truth_ratio: Annotated[float, Field(ge=0, le=1)] = 0.5
    """Weight of the masked-LM loss against the teacher's soft targets (alpha in the paper)."""
    temperature: Annotated[float, Field(gt=0)] = 1.0
    """Divides the masked-LM logits of both models for the soft targets; the loss is multiplied by its square."""
    layer_map: list[Annotated[int, Field(ge=0)]] | None = None
    """For each student layer, the teacher layer to learn from, counted from 0; null spreads them evenly."""
    warm_start: list[Literal["embeddings", "masked_language_model", "next_sentence"]] = [
        "embeddings", "masked_language_model", "next_sentence",
    ]  # fmt: skip
    """Parts to copy from the teacher before the first step, where their shapes are equal."""
    progressive: ProgressiveOptions = ProgressiveOptions()
    """Settings of the strategy progressive; the others do not read them."""
