"""Classifiers that TinyBERT's own code of 2019 trained: they apply ReLU to the pooled vector, behind its tanh.

Source: Jiao et al., https://github.com/huawei-noah/Pretrained-Language-Model, TinyBertForSequenceClassification.
"""

import re
from collections.abc import Collection
from dataclasses import replace

from mbert_cli.weights.configuration import Configuration

OWN_CLASS = "TinyBertForSequenceClassification"

_PROJECTION = r"(.*\.)?fit_dense\.(weight|bias)"
"""Arrays that this code alone saves beside a classifier."""


def with_its_pooler(names: Collection[str], configuration: Configuration) -> Configuration:
    """The configuration of a classifier of whole texts, with ReLU in its pooler where TinyBERT's code trained it.

    That code writes no class into the configuration. A class of `transformers` says that the model was saved, and so
    computed, without ReLU.

    Args:
        names: Arrays of the checkpoint.
        configuration: What lies beside it.
    """
    has_projection = any(re.fullmatch(_PROJECTION, name) for name in names)
    named, file = configuration.architecture, configuration.path.name
    if named == OWN_CLASS or (has_projection and not named):
        size = configuration.size.model_copy(update={"pooler_activation": "tanh_relu"})
        why = named or "fit_dense beside a classifier"
        note = f"{file}: {why}: TinyBERT's own code trained it, which applies ReLU to the pooled vector"
        return replace(configuration, size=size, notes=(*configuration.notes, note))
    if has_projection:
        note = (
            f"{file}: {named} computes without the ReLU of TinyBERT's own code, whose fit_dense is here; if that code "
            "trained the classifier, take architectures out"
        )
        return replace(configuration, notes=(*configuration.notes, note))
    return configuration
