"""The distill section of a recipe: a class of options for each strategy, with only the keys that count for it."""

from typing import Annotated, Literal

from pydantic import Field

from mbert_cli.section import Positive, Section, Share

NonNegative = Annotated[float, Field(ge=0)]
Temperature = Annotated[float, Field(gt=0)]
Places = list[Annotated[int, Field(ge=0)]]

PretrainingPart = Literal["embeddings", "masked_language_model", "next_sentence"]
"""What a pre-trained student may start with from its teacher."""


class TransferFactors(Section):
    """Weights of the losses that compare layers. A loss with a weight of 0 is left out."""

    feature_map: NonNegative = 0.0
    """Mean squared error of layer-normalised hidden states (MobileBERT)."""
    feature_mean: NonNegative = 0.0
    """Squared difference of the hidden states' means (MobileBERT)."""
    feature_variance: NonNegative = 0.0
    """Absolute difference of the hidden states' variances (MobileBERT)."""
    attention: NonNegative = 0.0
    """KL divergence of the attention distributions (MobileBERT)."""
    hidden_states: NonNegative = 0.0
    """Mean squared error of the hidden states as they are (TinyBERT)."""
    attention_scores: NonNegative = 0.0
    """Mean squared error of the attention scores before the softmax, over real tokens (TinyBERT)."""
    attention_relations: NonNegative = 0.0
    """KL divergence of scaled dot products among queries, keys and values (MiniLM v2), for any numbers of heads."""
    hidden_cosine: NonNegative = 0.0
    """One minus the cosine of the hidden states (DistilBERT)."""


class MobileBertFactors(TransferFactors):
    """Weights of the losses that compare layers, MobileBERT's by default. A loss with a weight of 0 is left out."""

    feature_map: NonNegative = 100.0
    """Mean squared error of layer-normalised hidden states (MobileBERT)."""
    feature_mean: NonNegative = 5000.0
    """Squared difference of the hidden states' means (MobileBERT)."""
    feature_variance: NonNegative = 5.0
    """Absolute difference of the hidden states' variances (MobileBERT)."""
    attention: NonNegative = 1.0
    """KL divergence of the attention distributions (MobileBERT)."""


class TinyBertFactors(TransferFactors):
    """Weights of the losses that compare layers, TinyBERT's by default. A loss with a weight of 0 is left out."""

    hidden_states: NonNegative = 1.0
    """Mean squared error of the hidden states as they are (TinyBERT)."""
    attention_scores: NonNegative = 1.0
    """Mean squared error of the attention scores before the softmax, over real tokens (TinyBERT)."""


class DistilBertFactors(Section):
    """Weights of the losses of DistilBERT. A loss with a weight of 0 is left out."""

    soft_targets: NonNegative = 5.0
    """Cross-entropy against the teacher's softened predictions of the masked words."""
    masked_language_model: NonNegative = 2.0
    """Cross-entropy against the masked words themselves."""
    hidden_cosine: NonNegative = 1.0
    """One minus the cosine of the last hidden states."""


class StrategyOptions(Section):
    """How knowledge is transferred."""

    strategy: str
    """Name of the strategy."""


class ComparisonOptions(StrategyOptions):
    """How layers of the teacher and of the student are compared."""

    layer_map: Places | None = None
    """For each student layer, the teacher layer to learn from, counted from 0; null spreads them evenly."""
    head_map: Places | None = None
    """For each attention head of the student, the teacher's head to learn from, both counted from 0; null compares
    head by head, which needs the same number in both."""
    relation_heads: Positive | None = None
    """Heads into which queries, keys and values are split anew for attention_relations; null takes the student's own
    number."""
    projections: Literal["shared", "per_place", "embeddings_and_layers"] = "embeddings_and_layers"
    """Where hidden states differ in width, what brings the student's to the teacher's: shared, one projection for
    all places, as in TinyBERT's code; per_place, one for each; embeddings_and_layers, one for the embeddings and one
    for all layers, as in TinyBERT's paper."""
    factors: TransferFactors = TransferFactors()
    """Weights of the losses that compare layers."""
    warm_start: list[PretrainingPart] = ["embeddings", "masked_language_model", "next_sentence"]
    """Parts to start with from the teacher before the first step; embeddings of another width begin with the widest
    directions of the teacher's."""


class LayerTransferOptions(ComparisonOptions):
    """Layer transfer and pre-training distillation, in the order that a strategy of MobileBERT gives them."""

    transfer_steps: Positive = 240_000
    """Steps of layer transfer; progressive divides them evenly among the layers."""
    pretraining_steps: Positive = 500_000
    """Steps of pre-training distillation."""
    transfer_learning_rate: Annotated[float, Field(gt=0)] | None = None
    """Peak learning rate of the layer transfer stages, of which auxiliary has none; null uses the one of
    train.optimizer."""
    ground_truth_ratio: Share = 0.5
    """Weight of the masked-LM loss against the teacher's soft targets (alpha in the paper)."""
    temperature: Temperature = 1.0
    """Divides the masked-LM logits of both models for the soft targets; the loss is multiplied by its square."""
    factors: MobileBertFactors = MobileBertFactors()
    """Weights of the losses that compare layers."""


class ProgressiveOptions(LayerTransferOptions):
    """Layer transfer from the bottom up, then pre-training distillation."""

    strategy: Literal["progressive"]
    """Layer by layer, then pre-training distillation: MobileBERT's own strategy."""
    finished_layer_scale: Share = 0.1
    """Learning rate of layers whose stage is over, as a share of the active layer's; 0 freezes them."""
    warmup_rate: Annotated[float, Field(ge=0, lt=1)] = 0.1
    """Share of each layer's steps in which the rate rises from 0."""


class JointOptions(LayerTransferOptions):
    """Transfer of all layers together, then pre-training distillation."""

    strategy: Literal["joint"]
    """All layers, then pre-training distillation; as many steps in total as with progressive."""


class AuxiliaryOptions(LayerTransferOptions):
    """Layer transfer beside pre-training distillation."""

    strategy: Literal["auxiliary"]
    """Layer transfer and pre-training distillation at once; as many steps in total as with progressive."""


class GeneralOptions(ComparisonOptions):
    """TinyBERT's general distillation: hidden states and attention of all layers, and no masked-LM loss."""

    strategy: Literal["general"]
    """TinyBERT's first stage: embeddings, hidden states and attention scores; the teacher needs no masked-LM head."""
    steps: Positive = 100_000
    """Batches to train on."""
    masks_text: bool = False
    """Mask words as pre-training does; false shows both models the text as it stands."""
    factors: TinyBertFactors = TinyBertFactors()
    """Weights of the losses that compare layers."""
    warm_start: list[PretrainingPart] = ["embeddings"]
    """Parts to start with from the teacher before the first step; embeddings of another width begin with the widest
    directions of the teacher's."""


class DistilBertOptions(StrategyOptions):
    """DistilBERT: soft targets, masked LM and the cosine of hidden states, from copied layers."""

    strategy: Literal["distilbert"]
    """DistilBERT: soft targets and masked LM, from copied layers of the teacher, which needs a masked-LM head."""
    steps: Positive = 500_000
    """Batches to train on."""
    temperature: Temperature = 2.0
    """Divides the masked-LM logits of both models for the soft targets; the loss is multiplied by its square."""
    factors: DistilBertFactors = DistilBertFactors()
    """Weights of the losses."""
    copied_layers: Places | None = None
    """For each student layer, the teacher layer that it starts as a copy of, counted from 0; null spreads them
    evenly, [] copies none."""
    warm_start: list[Literal["embeddings", "masked_language_model"]] = ["embeddings", "masked_language_model"]
    """Other parts to start with from the teacher before the first step; embeddings of another width begin with the
    widest directions of the teacher's."""


class TaskOptions(ComparisonOptions):
    """TinyBERT's task distillation: layers first, then what the teacher answers."""

    strategy: Literal["task"]
    """TinyBERT's second stage: from a fine-tuned teacher on the examples of its task, layers first, then answers."""
    intermediate_epochs: Annotated[int, Field(ge=0)] = 10
    """Passes over the training examples that compare layers; 0 leaves that stage out."""
    intermediate_max_steps: Positive | None = None
    """Stop comparing layers after this many steps; null trains through all these epochs."""
    intermediate_learning_rate: Annotated[float, Field(gt=0)] | None = None
    """Learning rate while layers are compared, constant after its rise; null uses the one of train.optimizer."""
    temperature: Temperature = 1.0
    """Divides the logits of both models for the soft targets; the loss is multiplied by its square."""
    ground_truth_ratio: Share = 0.0
    """Weight of the labels' own loss against the teacher's answers: 0 learns from the teacher alone."""
    embeddings_scale: Share = 1.0
    """Learning rate of the embeddings as a share of the other weights'; 0 keeps them as they are."""
    factors: TinyBertFactors = TinyBertFactors()
    """Weights of the losses that compare layers."""
    # A task model has no other such part.
    warm_start: list[Literal["embeddings"]] = ["embeddings"]  # type: ignore[assignment] # a narrower list
    """Parts that a student without a source starts with from the teacher; embeddings of another width begin with the
    widest directions of the teacher's."""


CorpusDistillOptions = Annotated[
    ProgressiveOptions | JointOptions | AuxiliaryOptions | GeneralOptions | DistilBertOptions,
    Field(discriminator="strategy"),
]
"""Strategies that read a token store."""

DistillOptions = Annotated[CorpusDistillOptions | TaskOptions, Field(discriminator="strategy")]
"""All strategies."""


class CacheOptions(Section):
    """What is kept of a teacher's outputs for the training examples, which are the same in every epoch."""

    budget_gigabytes: NonNegative = 4.0
    """Largest size on disk: hidden states and attention are kept only if they fit; 0 keeps nothing."""
    dtype: Literal["float16", "float32"] = "float16"
    """How numbers are kept; float16 takes half of the room."""
    folder: str | None = None
    """Where they are kept; null takes the cache folder of mbert."""
