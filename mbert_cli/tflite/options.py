"""The export and bench sections of a recipe."""

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, field_validator

from mbert_cli.section import Positive, Section
from mbert_cli.tflite.modes import MODES, ROUNDED_MODES, Processor, described_modes

if TYPE_CHECKING:
    ModeName = str
    RoundingName = str
else:
    ModeName = Literal[tuple(MODES)]
    RoundingName = Literal[ROUNDED_MODES]

Length = Annotated[int, Field(ge=4)]


class VerifyOptions(Section):
    """How far an artifact may fall behind the Keras run before it is refused."""

    max_examples: Positive = 400
    """Largest number of validation examples to compare both on."""
    max_metric_loss: Annotated[float, Field(ge=0)] = 0.01
    """Largest drop of the task's metric, as a fraction: 0.01 is one percentage point."""
    max_disagreement: Annotated[float, Field(ge=0, le=1)] = 0.03
    """Largest share of examples whose predicted label may differ."""


class CalibrationOptions(Section):
    """How ranges of activations are measured, for modes that fix them when a model is exported."""

    max_examples: Positive = 200
    """Largest number of training examples to measure them on."""


class FallbackOptions(Section):
    """What is done for an artifact that loses more than export.verify allows."""

    max_layers: Annotated[int, Field(ge=0)] = 4
    """Most dense maps of int8, int8_full, int16x8 and int4 that are kept in higher precision until the bound holds, the
    worst on training rows first; 0 keeps none."""


class ExportOptions(Section):
    """What is exported."""

    quantize: ModeName | Annotated[list[ModeName], Field(min_length=1)] = Field(
        "dynamic_int8", description=f"One mode or a list of them: {described_modes()}."
    )
    sequence_length: Length | Annotated[list[Length], Field(min_length=1)] | None = None
    """Fixed length of the artifact in tokens, or a list of lengths: one file with the weights once, of which each text
    takes the shortest length that holds it. null uses that of the run."""
    target: Processor = "cpu"
    """What runs the artifact on a phone: cpu, gpu or npu. Each has its own modes, and an NPU gets ranges that are the
    same on both sides of 0, which Pixel's TPU compiler asks for."""
    block_size: Literal[32, 64] | None = None
    """How many weights of a channel share a scale in int4: 32 or 64; null gives each channel one."""
    eight_bit_maps: Annotated[int, Field(ge=0)] = 4
    """How many dense maps of int4 have 8 bits: those that lose most in 4, measured on training rows; without such, or
    with blocks, none."""
    row_ranges: Annotated[int, Field(ge=0)] = 5
    """Most dense maps of int8 whose ranges are found for each row while the model runs, as in dynamic_int8: those of
    which a range that is the same for all rows takes more than 1 % of what they compute, measured on training rows."""
    calibration: CalibrationOptions = CalibrationOptions()
    """How ranges of activations are measured. They are kept in the folder `calibration` of the run, for all modes and
    lengths, and measured again when weights or rows change."""
    tokenizer: Literal["outside", "inside"] = "outside"
    """inside: a text goes in, as a string; an app must bring two operations of tensorflow-text that no ready-made
    runtime for phones has. outside: token ids go in, and the app, or its library, cuts the text."""
    equalize: bool = True
    """Bring channels of activations together that share a range, by factors in the weights that change no output: for
    int8 and int8_full, where the error that is to be expected halves."""
    page: bool = False
    """Also write the folder page: a web page that runs the artifact in a browser, on the phone that opens it."""
    page_packages: str | None = None
    """Folder where npm installed @litertjs/core, the runtime of that page, which is copied into it; null lets the page
    load it from https://cdn.jsdelivr.net."""
    verify: VerifyOptions = VerifyOptions()
    """The comparison with the Keras run."""
    fallback: FallbackOptions = FallbackOptions()
    """What is done for an artifact that loses more than that."""

    @field_validator("sequence_length")
    @classmethod
    def _lengths_are_distinct(cls, lengths: int | list[int] | None) -> int | list[int] | None:
        if not isinstance(lengths, list):
            return lengths
        if len(set(lengths)) != len(lengths):
            raise ValueError(
                f"sequence_length must name each length once. Received: {', '.join(map(str, lengths))}"
            )
        return sorted(lengths)


class QuantizedTrainingOptions(Section):
    """Fine-tuning with fake quantization: the model computes with the numbers of an artifact while it learns."""

    mode: RoundingName
    """The mode that it learns, in which it is exported afterwards."""
    target: Literal["cpu", "npu"] = "cpu"
    """What will run the artifact, as in export.target: an npu takes ranges that are the same on both sides of 0."""
    block_size: Literal[32, 64] | None = None
    """Input channels that share a scale in int4; null for all."""
    frozen_from: Annotated[float, Field(ge=0, le=1)] = 0.5
    """Share of the steps after which ranges of activations stay; until then they are moving averages."""
    momentum: Annotated[float, Field(ge=0, lt=1)] = 0.99
    """Weight of what a range was at the step before, in the moving average."""
    teacher: bool = True
    """Also learn from the answers of the float model, where the run starts from one that has the task's head."""
    ground_truth_ratio: Annotated[float, Field(ge=0, le=1)] = 0.5
    """Weight of the labels' own loss against the teacher's answers: 0 learns from the teacher alone."""
    temperature: Annotated[float, Field(gt=0)] = 1.0
    """Divides the logits of both models for the teacher's answers; the loss is multiplied by its square."""


class SweepOptions(Section):
    """What `mbert bench --sweep` goes over, beside modes and lengths of the artifacts."""

    threads: Annotated[list[Positive], Field(min_length=1)] = [1, 2, 4]
    """Numbers of threads; those beyond the cores of this machine are left out."""
    max_examples: Positive = 400
    """Largest number of validation examples to score each artifact on, at each of its lengths."""


class BenchOptions(Section):
    """How artifacts are timed."""

    threads: Positive = 1
    """Threads of the interpreter."""
    warmup_seconds: Annotated[float, Field(ge=0)] = 0.5
    """Seconds of untimed runs before the first timed one."""
    min_seconds: Annotated[float, Field(gt=0)] = 5.0
    """Time each artifact for at least this many seconds."""
    rounds: Positive = 3
    """Rounds in which the artifacts take turns, so that a busy moment does not hit only one of them; how far the
    rounds lie apart shows how noisy the times are."""
    against: Literal["bert_base", "bert_large", "mobilebert", "mobilebert_tiny", "tinybert_4"] | None = None
    """Also time this architecture with random weights, and print ratios to it."""
    reference_mode: Literal["float32", "same"] = "float32"
    """Mode of that architecture: float32, or same, that of each artifact."""
    sweep: SweepOptions = SweepOptions()
    """With --sweep."""
    delegate: Literal["xnnpack", "gpu", "none"] = "xnnpack"
    """What computes on a phone, with --adb: LiteRT's kernels for CPUs, the phone's GPU, or TFLite's own kernels."""
    affinity: str | None = None
    """Cores of the phone, with --adb, as taskset takes them: a mask in hexadecimal figures, such as "f0" for the cores
    4 to 7; null leaves it to Android."""
    binary: str | None = None
    """LiteRT's benchmark for phones, with --adb; null takes android_aarch64_benchmark_model in the current folder."""

    @field_validator("affinity")
    @classmethod
    def _affinity_is_a_mask(cls, affinity: str | None) -> str | None:
        if affinity is not None and not (
            affinity.strip("0") and set(affinity.lower()) <= set("0123456789abcdef")
        ):
            raise ValueError(
                f"affinity must be a mask in hexadecimal figures, such as f0. Received: {affinity}"
            )
        return affinity
