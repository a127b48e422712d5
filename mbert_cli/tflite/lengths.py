"""Several artifacts of one network, each for texts of another length -> one file that stores the weights once.

The files are merged after everything that changes weights, so that it works for whatever quantized them: a tensor's
data goes into the merged file once for all the subgraphs whose data are equal, byte for byte. A SavedModel of several
signatures would share them too, but only as far as TensorFlow's converter quantizes.
"""

from collections.abc import Mapping, Sequence

from ai_edge_litert import schema_py_generated as schema

from mbert_cli.tflite.flatbuffer import pack_model
from mbert_cli.tflite.interpreter import LENGTH_SIGNATURE


def merge_lengths(contents: Mapping[int, bytes]) -> bytes:
    """Makes one file of several.

    Args:
        contents: .tflite files of one network by their length in tokens, each with one subgraph and one signature.

    Returns:
        The content of a .tflite file. A single one stays as it is. Of several each becomes a subgraph with the
        signature `length_N`; the longest is the first subgraph, which a program that knows no signatures runs.
    """
    if len(contents) == 1:
        return next(iter(contents.values()))
    models = [
        (length, schema.ModelT.InitFromPackedBuf(content, 0))
        for length, content in sorted(contents.items(), reverse=True)
    ]
    merged = schema.ModelT(version=models[0][1].version, description=models[0][1].description)
    merged.operatorCodes, merged.subgraphs, merged.signatureDefs = [], [], []
    merged.buffers, places = [schema.BufferT()], {b"": 0}  # the first one is empty by convention
    for length, model in models:
        (subgraph,), (signature,) = model.subgraphs, model.signatureDefs
        _share_buffers(merged, model, [*subgraph.tensors, *(model.metadata or [])], places)
        _share_operations(merged, model)
        subgraph.name = signature.signatureKey = LENGTH_SIGNATURE.format(length)
        signature.subgraphIndex = len(merged.subgraphs)
        merged.subgraphs.append(subgraph)
        merged.signatureDefs.append(signature)
    merged.metadata = models[0][1].metadata
    return pack_model(merged, max(map(len, contents.values())))


def _share_buffers(
    merged: schema.ModelT,
    model: schema.ModelT,
    owners: Sequence[schema.TensorT | schema.MetadataT],
    places: dict[bytes, int],
) -> None:
    """Points what owns buffers of a model at equal ones of the merged model, which gets those that it lacks."""
    for owner in owners:
        data = model.buffers[owner.buffer].data
        key = b"" if data is None else bytes(data)
        if key not in places:
            places[key] = len(merged.buffers)
            merged.buffers.append(model.buffers[owner.buffer])
        owner.buffer = places[key]


def _share_operations(merged: schema.ModelT, model: schema.ModelT) -> None:
    """Points the operators of a model at operator codes of the merged one, which gets those that it lacks."""
    known = [_named(code) for code in merged.operatorCodes]
    for code in model.operatorCodes:
        if _named(code) not in known:
            known.append(_named(code))
            merged.operatorCodes.append(code)
    (subgraph,) = model.subgraphs
    for operator in subgraph.operators:
        operator.opcodeIndex = known.index(_named(model.operatorCodes[operator.opcodeIndex]))


def _named(code: schema.OperatorCodeT) -> tuple[object, ...]:
    return code.builtinCode, code.deprecatedBuiltinCode, code.customCode, code.version
