"""A small MobileBERT as a folder of Hugging Face, and what a command says that refuses it."""

import json
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from mbert_cli.commands import convert_checkpoint, import_checkpoint
from mbert_cli.commands.convert_checkpoint import ConvertCommand
from mbert_cli.commands.import_checkpoint import ImportCommand
from mbert_cli.errors import UserError
from mbert_cli.text.vocabulary import LEADING_TOKENS

TOKENS = [*LEADING_TOKENS, "fine", "dull", "film", "##s", "a"]
MOBILEBERT = {
    "vocab_size": len(TOKENS), "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2,
    "intermediate_size": 24, "embedding_size": 16, "intra_bottleneck_size": 16,
    "max_position_embeddings": 64, "classifier_activation": False,
}  # fmt: skip
LABELS = {0: "bad", 1: "so-so", 2: "good"}


def save(folder: str, name: str = "ForSequenceClassification", **changes) -> "torch.nn.Module":
    """A model of Hugging Face with its tokenizer, in a folder."""
    torch.manual_seed(0)
    configuration = transformers.MobileBertConfig(**(MOBILEBERT | changes))
    if name == "ForSequenceClassification":
        configuration.id2label = LABELS
    model = getattr(transformers, f"MobileBert{name}")(configuration).eval()
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    model.save_pretrained(folder)
    (Path(folder) / "vocab.txt").write_text("\n".join(TOKENS) + "\n")
    (Path(folder) / "tokenizer_config.json").write_text(json.dumps({"do_lower_case": True}))
    return model


def refusal(command: ImportCommand | ConvertCommand) -> UserError:
    page = import_checkpoint if isinstance(command, ImportCommand) else convert_checkpoint
    with pytest.raises(UserError) as caught:
        page.run(command)
    assert caught.value.exit_code == 2
    return caught.value
