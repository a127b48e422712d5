"""Our MobileBERT beside TensorFlow Model Garden's, with the same weights.

    python tests/benchmarks/garden_parity.py --peer-python ../model-garden/bin/python

Model Garden's `MobileBERTEncoder` of full size gets random weights in a virtual environment of its own (see
`training.py`), and says what it computes for a padded batch of pairs. Its weights are read by their names into our
encoder. Printed are the largest difference of every hidden state and attention map, as a share of the largest
value.
"""

import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

VOCABULARY, LENGTH, LAYERS = 30522, 32, 24

DENSE = {
    "bottleneck_input/dense": "bottleneck_input",
    "kq_shared_bottleneck/dense": "bottleneck_attention",
    "bottleneck_output/dense": "bottleneck_output",
    "attention/query": "attention/query",
    "attention/key": "attention/key",
    "attention/value": "attention/value",
    "attention/attention_output": "attention/output",
}
NORMS = {
    "bottleneck_input/norm": "bottleneck_input/norm",
    "kq_shared_bottleneck/norm": "bottleneck_attention/norm",
    "bottleneck_output/norm": "bottleneck_output/norm",
    "attention/norm": "attention/norm",
}
EMBEDDINGS = {
    "word_embedding/embeddings": "word_embeddings",
    "position_embedding/embeddings": "position_embeddings",
    "type_embedding/embeddings": "segment_embeddings",
    "embedding_projection/kernel": "projection/kernel",
    "embedding_projection/bias": "projection/bias",
    "embedding_norm/gamma": "norm/gamma",
    "embedding_norm/beta": "norm/beta",
}


def main() -> None:
    """Runs the peer, then us."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peer-python")
    parser.add_argument("--write", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.write:
        write_peer(given.write)
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "peer.npz")
        subprocess.run([given.peer_python, __file__, "--write", str(path)], check=True)
        compare(dict(np.load(path)))


def batch() -> dict[str, np.ndarray]:
    """Three pairs of 32, 20 and 9 tokens."""
    generator = np.random.default_rng(0)
    lengths = np.array([32, 20, 9])[:, None]
    position = np.arange(LENGTH)[None]
    mask = (position < lengths).astype("int32")
    return {
        "token_ids": generator.integers(1, VOCABULARY, (3, LENGTH)).astype("int32") * mask,
        "segment_ids": (position > lengths // 2).astype("int32") * mask,
        "padding_mask": mask,
    }


def write_peer(path: Path) -> None:
    """In the peer's environment: weights by path, hidden states and attention scores."""
    import tensorflow as tf
    from official.nlp.modeling import networks

    encoder = networks.MobileBERTEncoder(
        word_vocab_size=VOCABULARY, word_embed_size=128, num_blocks=LAYERS, hidden_size=512,
        num_attention_heads=4, intermediate_size=512, intra_bottleneck_size=128,
        key_query_shared_bottleneck=True, num_feedforward_networks=4, normalization_type="no_norm",
        classifier_activation=False, input_mask_dtype="int32",
    )  # fmt: skip
    given = batch()
    inputs = {
        "input_word_ids": given["token_ids"], "input_mask": given["padding_mask"],
        "input_type_ids": given["segment_ids"],
    }  # fmt: skip
    encoder(inputs)
    generator = np.random.default_rng(1)
    for weight in encoder.weights:
        # Gains around 1 let 24 random layers grow until attention is a choice of one token, which turns rounding
        # into another choice.
        centre = 0.9 if "gamma" in weight.name else 0.0
        weight.assign(generator.normal(centre, 0.05, weight.shape))
    outputs = encoder(inputs)
    arrays = {f"weights/{weight.name}": weight.numpy() for weight in encoder.weights}
    for index, state in enumerate(outputs["encoder_outputs"]):
        arrays[f"state/{index}"] = tf.convert_to_tensor(state).numpy()
    for index, scores in enumerate(outputs["attention_scores"]):
        arrays[f"scores/{index}"] = tf.convert_to_tensor(scores).numpy()
    np.savez(path, **arrays)


def compare(peer: dict[str, np.ndarray]) -> None:
    """Prints the largest differences."""
    import keras

    from mbert_cli.model.encoder import build_encoder
    from mbert_cli.weights.variables import assign_variables

    encoder = build_encoder("mobilebert", seed=None)
    shapes = {weight.path: tuple(weight.shape) for weight in encoder.weights}
    arrays = {
        canonical(name.removeprefix("weights/")): array
        for name, array in peer.items()
        if name.startswith("weights/")
    }
    # Model Garden keeps the heads of attention on an axis of their own.
    assign_variables(encoder, {name: array.reshape(shapes[name]) for name, array in arrays.items()})
    trace = encoder({name: batch()[name] for name in encoder.input})
    real = batch()["padding_mask"].astype(bool)
    states = [
        difference(keras.ops.convert_to_numpy(state)[real], peer[f"state/{index}"][real])
        for index, state in enumerate(trace["hidden_states"])
    ]
    print(f"hidden states: {len(states)}, largest difference {max(states):.1e} of the largest value")
    maps = [
        difference(by_token(keras.ops.softmax(logits))[real], by_token(peer[f"scores/{index}"])[real])
        for index, logits in enumerate(trace["attention_logits"])
    ]
    print(f"attention maps: {len(maps)}, largest difference {max(maps):.1e} of the largest value")
    sys.exit(max(states + maps) > 1e-4)


def by_token(maps) -> np.ndarray:
    """Attention maps `(batch, heads, from, to)` as `(batch, from, heads, to)`."""
    import keras

    return keras.ops.convert_to_numpy(maps).transpose(0, 2, 1, 3)


def canonical(name: str) -> str:
    """Our name for a weight of Model Garden's."""
    path = re.sub(r":\d+$", "", name)
    found = re.search(r"transformer_layer_(\d+)/(.+)$", path)
    if not found:
        end = next(end for end in EMBEDDINGS if path.endswith(end))
        return f"encoder/embeddings/{EMBEDDINGS[end]}"
    layer, part = f"encoder/layer_{int(found[1]):02d}", found[2]
    part = re.sub(r"^(transformer_layer_\d+/)+", "", part)
    module, _, array = part.rpartition("/")
    inner = re.match(r"ffn_layer_(\d+)/(intermediate_dense|output_dense|norm)$", module)
    if inner:
        kind = {"intermediate_dense": "intermediate", "output_dense": "output", "norm": "norm"}[inner[2]]
        return f"{layer}/feed_forward_{inner[1]}/{kind}/{array}"
    return f"{layer}/{(DENSE | NORMS)[module]}/{array}"


def difference(ours: np.ndarray, theirs: np.ndarray) -> float:
    """The largest difference as a share of the largest value."""
    return float(np.abs(ours - theirs).max() / np.abs(theirs).max())


if __name__ == "__main__":
    main()
