"""The export and bench sections of a recipe."""

from typing import Annotated, Literal

from pydantic import Field

from mbert_cli.section import Positive, Section

Mode = Literal["float32", "float16", "dynamic_int8"]


class VerifyOptions(Section):
    """What an artifact may lose against the Keras run before it is refused."""

    max_examples: Positive = 400
    """Validation examples that both are run on."""
    max_metric_loss: Annotated[float, Field(ge=0)] = 0.01
    """Most that the task's metric may fall, as a fraction: 0.01 is one point."""
    max_disagreement: Annotated[float, Field(ge=0, le=1)] = 0.03
    """Largest share of examples whose predicted label may differ."""


class ExportOptions(Section):
    """What is exported."""

    quantize: Mode | Annotated[list[Mode], Field(min_length=1)] = "dynamic_int8"
    """One mode or a list: float32, float16 (half the size), dynamic_int8 (a quarter; faster on
    processors with products of 8-bit numbers, as phones have: `mbert bench` tells)."""
    sequence_length: Annotated[int, Field(ge=4)] | None = None
    """Static length of the artifact in tokens; null is that of the run."""
    verify: VerifyOptions = VerifyOptions()
    """The parity check."""


class BenchOptions(Section):
    """How artifacts are timed."""

    threads: Positive = 1
    """Threads of the interpreter."""
    warmup_seconds: Annotated[float, Field(ge=0)] = 0.5
    """Untimed runs before the first timed one."""
    min_seconds: Annotated[float, Field(gt=0)] = 5.0
    """Timed runs go on for at least so long, for each artifact."""
    rounds: Positive = 3
    """Artifacts take turns so many times, so that a busy moment does not hit one alone; how far the rounds lie apart
    tells how noisy the times are."""
    against: Literal["bert_base", "bert_large", "mobilebert", "mobilebert_tiny", "tinybert_4"] | None = None
    """Also time this architecture with random weights in float32, and print ratios to it."""
