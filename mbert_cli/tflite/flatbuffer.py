"""Reads and completes a .tflite file through the schema that ai-edge-litert ships."""

import re

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

from mbert_cli.errors import UserError
from mbert_cli.tflite.batch_axis import keep_batch_axis
from mbert_cli.tflite.interpreter import SIGNATURE

TFLITE_IDENTIFIER = b"TFL3"
"""What a .tflite file has behind its first four bytes."""

_ALIGNMENT = 16  # of a tensor's data in the file, so that it can be used where it is mapped


def name_signature(content: bytes) -> bytes:
    """Adds the signature, with the tensors' own names, and makes the file fit for phones.

    Every tensor begins with the batch (`batch_axis.py`), other names are shortened, and the data of tensors is aligned.

    Outputs are in the order of their names: who reads answers by number takes `end_logits` for the first, as MLPerf
    does and the Task Library without metadata.

    Args:
        content: What the converter wrote, with one subgraph.

    Raises:
        UserError: There is a custom operation.
    """
    model = schema.ModelT.InitFromPackedBuf(content, 0)
    custom = [code.customCode.decode() for code in model.operatorCodes if code.customCode]
    if custom:
        raise UserError(
            f"An artifact has only TFLite's builtin operations. Received: {', '.join(custom)}",
            "Express it in other operations in mbert_cli/model.",
        )
    keep_batch_axis(model)
    (subgraph,) = model.subgraphs
    for tensor, name in zip(subgraph.tensors, _short_names(subgraph), strict=True):
        tensor.name = name
    subgraph.outputs = sorted(subgraph.outputs, key=lambda index: subgraph.tensors[index].name)
    signature = schema.SignatureDefT()
    signature.signatureKey = SIGNATURE
    signature.subgraphIndex = 0
    signature.inputs = [_named(subgraph, index) for index in subgraph.inputs]
    signature.outputs = [_named(subgraph, index) for index in subgraph.outputs]
    model.signatureDefs = [signature]
    return pack_model(model, len(content))


def pack_model(model: schema.ModelT, size: int) -> bytes:
    """The content of a .tflite file, with the data of all tensors aligned.

    Args:
        model: What is written.
        size: About how many bytes that takes.
    """
    builder = _AligningBuilder(size + size // 8)
    builder.Finish(model.Pack(builder), TFLITE_IDENTIFIER)
    return bytes(builder.Output())


def tensor_names(content: bytes) -> tuple[list[str], list[str]]:
    """Names of the inputs and of the outputs of the first subgraph, in their order there.

    Args:
        content: The content of a .tflite file.

    Returns:
        The names that its signature has, or where there is none those of the tensors.
    """
    model = schema.Model.GetRootAs(content, 0)
    graph = model.Subgraphs(0)
    signatures = [model.SignatureDefs(index) for index in range(model.SignatureDefsLength())]
    signature = next((one for one in signatures if one.SubgraphIndex() == 0), None)
    known: dict[int, str] = {}
    if signature is not None:
        maps = [signature.Inputs(index) for index in range(signature.InputsLength())]
        maps += [signature.Outputs(index) for index in range(signature.OutputsLength())]
        known = {one.TensorIndex(): one.Name().decode() for one in maps}

    def name(tensor: int) -> str:
        return known.get(tensor) or str(graph.Tensors(tensor).Name(), "utf-8")

    inputs = [name(graph.Inputs(index)) for index in range(graph.InputsLength())]
    return inputs, [name(graph.Outputs(index)) for index in range(graph.OutputsLength())]


def input_length(content: bytes) -> int:
    """How many tokens a .tflite file of one length reads."""
    graph = schema.Model.GetRootAs(content, 0).Subgraphs(0)
    return int(graph.Tensors(graph.Inputs(0)).Shape(1))


def _short_names(subgraph: schema.SubGraphT) -> list[str]:
    """Names of tensors in their layers, each once: ranges of activations are known by them."""
    found: dict[str, int] = {}
    for index, tensor in enumerate(subgraph.tensors):
        name = short_name(tensor.name.decode())
        found[name if name not in found else f"{name}_{index}"] = index
    return list(found)


def short_name(name: str) -> str:
    """What a tensor is called in its layer, as `layer_07/MatMul_3`.

    Args:
        name: Its name in the graph, or several with `;` between them, as `task_1/layer_07_1/MatMul_3`: the network's
            scope is the same for all, and Keras opens each scope twice.
    """
    return ";".join(re.sub(r"_1/", "/", re.sub(r"^\w+_1/(?=\w+/)", "", part)) for part in name.split(";"))


def _named(subgraph: schema.SubGraphT, index: int) -> schema.TensorMapT:
    entry = schema.TensorMapT()
    entry.name, entry.tensorIndex = subgraph.tensors[index].name, index
    return entry


class _AligningBuilder(flatbuffers.Builder):
    """Keeps the schema's `force_align` of tensor data, which the generated Python code leaves out.

    Vectors of 64-bit numbers are written once: those of the zero points of channels, which are all 0, would make up 4 %
    of a file with 4-bit kernels.
    """

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self._written: dict[bytes, int] = {}

    def CreateNumpyVector(self, x: np.ndarray) -> int:  # noqa: N802 - its name in flatbuffers
        if x.dtype != np.int64:
            return self._aligned(x)
        key = x.tobytes()
        if key not in self._written:
            self._written[key] = self._aligned(x)
        return self._written[key]

    def _aligned(self, x: np.ndarray) -> int:
        self.Prep(_ALIGNMENT, x.nbytes)
        return int(super().CreateNumpyVector(x))
