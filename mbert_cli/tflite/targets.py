"""What runs an artifact on a phone: which operations each kind of processor refuses, and the graph that it takes.

The rules for GPUs were measured: artifacts of all modes, before and after `batch_axis.py`, were run on the GPU
accelerator of LiteRT 2.3.0 (WebGPU, on a CPU by SwiftShader); `tests/tflite/test_targets.py` measures them again. What
is refused runs on the CPU beside it where an app allows both, or not at all. NPUs are compiled for by programs of their
vendors, which were not at hand: the rule is one that users of Pixel's compiler report (google-ai-edge/LiteRT-LM#2497).
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ai_edge_litert import schema_py_generated as schema

from mbert_cli.tflite.flatbuffer import pack_model
from mbert_cli.tflite.modes import Processor, named_processor
from mbert_cli.tflite.operation_codes import OPERATION_NAMES, add_operation, code_of

_Operation, _Type = schema.BuiltinOperator, schema.TensorType


@dataclass(frozen=True)
class Refusal:
    """Operations of a model that a processor does not take.

    Attributes:
        operation: As the schema calls it.
        count: How many.
        reason: What about them, as the end of a sentence.
    """

    operation: str
    count: int
    reason: str


def _refusals(model: schema.ModelT, target: Processor) -> list[Refusal]:
    """What a kind of processor refuses of a model, most first."""
    counts: Counter[tuple[str, str]] = Counter()
    for subgraph in model.subgraphs:
        for step in _steps(model, subgraph):
            reason = next((reason for reason, applies in _RULES[target].items() if applies(step)), None)
            if reason is not None:
                counts[step.name, reason] += 1
    return [Refusal(name, count, reason) for (name, reason), count in counts.most_common()]


def fit_target(content: bytes, target: Processor) -> bytes:
    """A model as a kind of processor takes it; on a CPU both give the same bits.

    A GPU looks rows up in a table of float16 only where the table is read as it is: the converter turns the whole table
    into float32 before. The rows alone are turned here, which also takes less memory. Other targets take what the
    converter writes, which older runtimes of CPUs know too.

    Args:
        content: The content of a .tflite file.
        target: "cpu", "gpu" or "npu".
    """
    if target != "gpu":
        return content
    model = schema.ModelT.InitFromPackedBuf(content, 0)
    changed = [_look_up_halves(model, subgraph) for subgraph in model.subgraphs]
    return pack_model(model, len(content)) if any(changed) else content


def refusal_record(content: bytes) -> dict[str, list[dict[str, Any]]]:
    """What each kind of processor refuses of a model, as a report has it: fields of `Refusal` by target."""
    model = schema.ModelT.InitFromPackedBuf(content, 0)
    return {target: [asdict(one) for one in _refusals(model, target)] for target in _RULES}


def described_refusals(record: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    """The same in words: `a GPU refuses 2 GATHER (it reads ...)`."""
    found = [
        f"{named_processor(target)} refuses {_listed(refused)}"
        for target, refused in record.items()
        if refused
    ]
    return "; ".join(found) or "no operation is known to be refused by a processor for which the mode is"


def _listed(refused: Sequence[Mapping[str, Any]]) -> str:
    """Operations with their counts, and each reason once, behind all that it is the reason for."""
    by_reason: dict[str, list[str]] = {}
    for one in refused:
        by_reason.setdefault(one["reason"], []).append(f"{one['count']} {one['operation']}")
    return ", ".join(f"{', '.join(operations)} ({reason})" for reason, operations in by_reason.items())


@dataclass(frozen=True)
class _Step:
    """An operation with its surroundings.

    Attributes:
        code: Which it is.
        name: The same in words.
        operator: Its options, and the numbers of its tensors.
        tensors: All tensors of the graph.
        producers: The operation that computes a tensor, by its number.
    """

    code: int
    name: str
    operator: schema.OperatorT
    tensors: list[schema.TensorT]
    producers: dict[int, int]

    @property
    def types(self) -> set[int]:
        """Types of what it reads and writes."""
        return {
            self.tensors[index].type
            for index in [*self.operator.inputs, *self.operator.outputs]
            if index >= 0
        }

    def input(self, place: int) -> schema.TensorT:
        return self.tensors[self.operator.inputs[place]]

    def producer(self, place: int) -> int | None:
        """What computes an input; None for what is given or constant."""
        return self.producers.get(self.operator.inputs[place])


def _steps(model: schema.ModelT, subgraph: schema.SubGraphT) -> Iterator[_Step]:
    codes = [*map(code_of, model.operatorCodes)]
    producers = {
        output: codes[operator.opcodeIndex] for operator in subgraph.operators for output in operator.outputs
    }
    for operator in subgraph.operators:
        code = codes[operator.opcodeIndex]
        custom = model.operatorCodes[operator.opcodeIndex].customCode
        yield _Step(
            code, custom.decode() if custom else OPERATION_NAMES[code], operator, subgraph.tensors, producers
        )


def _is_custom(step: _Step) -> bool:
    return bool(step.code == _Operation.CUSTOM)


def _reads_16_bits(step: _Step) -> bool:
    return _Type.INT16 in step.types


def _has_blocks(step: _Step) -> bool:
    details = step.code == _Operation.FULLY_CONNECTED and step.input(1).quantization
    return bool(details and details.detailsType == schema.QuantizationDetails.BlockwiseQuantization)


def _looks_up_dequantized(step: _Step) -> bool:
    return bool(step.code == _Operation.GATHER and step.producer(0) == _Operation.DEQUANTIZE)


def _looks_up_with_axes(step: _Step) -> bool:
    return step.code == _Operation.GATHER and len(list(step.input(1).shape)) > 1


def _shrinks(step: _Step) -> bool:
    return step.code == _Operation.STRIDED_SLICE and bool(step.operator.builtinOptions.shrinkAxisMask)


def _adds_mask_in_integers(step: _Step) -> bool:
    """Whether it adds integers of two shapes, both of them computed, as logits of attention and their mask are."""
    if step.code != _Operation.ADD or _Type.INT8 not in step.types or None in map(step.producer, (0, 1)):
        return False
    return [*step.input(0).shape] != [*step.input(1).shape]


def _is_asymmetric(step: _Step) -> bool:
    """Whether it writes integers whose 0 is not the number 0, though TFLite leaves it the choice."""
    if step.code in (_Operation.SOFTMAX, _Operation.LOGISTIC):
        return False
    for index in step.operator.outputs:
        tensor = step.tensors[index]
        points = None if tensor.quantization is None else tensor.quantization.zeroPoint
        if tensor.type == _Type.INT8 and points is not None and any(points):
            return True
    return False


_OWN_RUNTIME: dict[str, Callable[[_Step], bool]] = {"it is not builtin: an app must bring it": _is_custom}
_RULES: dict[Processor, dict[str, Callable[[_Step], bool]]] = {
    "cpu": _OWN_RUNTIME,
    "gpu": {
        **_OWN_RUNTIME,
        "it computes no 16-bit integers": _reads_16_bits,
        "4-bit kernels with a scale for each block end its process": _has_blocks,
        "it reads no table that was turned into float32 before": _looks_up_dequantized,
        "it takes no indices with a batch axis": _looks_up_with_axes,
        "it takes no axis away": _shrinks,
        "a mask that is added in integers gives zeros, and no message": _adds_mask_in_integers,
    },
    "npu": {
        **_OWN_RUNTIME,
        "Pixel's compiler takes ranges that are the same on both sides of 0": _is_asymmetric,
    },
}
"""By target: why an operation is refused, and which. The first rule that applies counts."""


def _look_up_halves(model: schema.ModelT, subgraph: schema.SubGraphT) -> bool:
    """Lets each gather read its table of float16 as it is and turn the rows into float32; whether there was one."""
    codes = [*map(code_of, model.operatorCodes)]
    tables = {
        operator.outputs[0]: operator.inputs[0]
        for operator in subgraph.operators
        if codes[operator.opcodeIndex] == _Operation.DEQUANTIZE
        and subgraph.tensors[operator.inputs[0]].type == _Type.FLOAT16
    }
    operators = []
    for operator in subgraph.operators:
        operators.append(operator)
        if codes[operator.opcodeIndex] == _Operation.GATHER and operator.inputs[0] in tables:
            operator.inputs = [tables[operator.inputs[0]], operator.inputs[1]]
            operators.append(_cast_output(model, subgraph, operator))
    read = {index for operator in operators for index in operator.inputs}
    subgraph.operators = [one for one in operators if one.outputs[0] not in tables or one.outputs[0] in read]
    return len(operators) > len(subgraph.operators)


def _cast_output(
    model: schema.ModelT, subgraph: schema.SubGraphT, operator: schema.OperatorT
) -> schema.OperatorT:
    """Makes the output of an operation float16, and returns what makes of it the float32 that it was."""
    (output,) = operator.outputs
    halves = schema.TensorT()
    halves.type, halves.hasRank, halves.shape = _Type.FLOAT16, True, list(subgraph.tensors[output].shape)
    halves.name = subgraph.tensors[output].name + b"_halves"
    subgraph.tensors.append(halves)
    operator.outputs = [len(subgraph.tensors) - 1]
    cast = schema.OperatorT()
    cast.opcodeIndex = add_operation(model, _Operation.CAST, 5)  # the first version that knows float16
    cast.inputs, cast.outputs = operator.outputs, [output]
    cast.builtinOptionsType, cast.builtinOptions = schema.BuiltinOptions.CastOptions, schema.CastOptionsT()
    cast.builtinOptions.inDataType, cast.builtinOptions.outDataType = _Type.FLOAT16, _Type.FLOAT32
    return cast
