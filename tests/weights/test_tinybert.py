"""Old classifiers of TinyBERT's own code compute the same after import; those of transformers as transformers does."""

import json
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from mbert_cli.commands import convert_checkpoint, import_checkpoint
from mbert_cli.commands.convert_checkpoint import ConvertCommand
from mbert_cli.commands.import_checkpoint import ImportCommand
from mbert_cli.errors import UserError
from mbert_cli.model.task_head import CLASSIFIER
from mbert_cli.runs.lineage import WITH_WEIGHTS
from mbert_cli.weights.saved_model import RunModel
from mbert_cli.weights.saved_network import load_task_network

TOKENS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"abcdefghij"]
SIZE = {
    "vocab_size": len(TOKENS), "hidden_size": 24, "num_hidden_layers": 2, "num_attention_heads": 3,
    "intermediate_size": 40, "max_position_embeddings": 32,
}  # fmt: skip
OLD_FIELDS = {"cell": {}, "emb_size": 24, "structure": [], "pre_trained": "", "training": ""}


pytestmark = pytest.mark.usefixtures("empty_folder")


def old_checkpoint(**fields: object) -> "torch.nn.Module":
    """A folder as TinyBERT's code writes it: BERT, a classifier, and the projection of its distillation."""
    torch.manual_seed(0)
    model = transformers.BertForSequenceClassification(transformers.BertConfig(**SIZE, num_labels=3)).eval()
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    folder = Path("theirs")
    folder.mkdir()
    fit = torch.nn.Linear(24, 32)
    state = model.state_dict() | {"fit_dense.weight": fit.weight, "fit_dense.bias": fit.bias}
    torch.save(state, folder / "pytorch_model.bin")
    (folder / "config.json").write_text(json.dumps(SIZE | OLD_FIELDS | {"hidden_act": "gelu"} | fields))
    (folder / "vocab.txt").write_text("\n".join(TOKENS) + "\n")
    return model


def batch() -> dict[str, np.ndarray]:
    mask = (np.arange(9)[None] < np.array([9, 6, 3])[:, None]).astype("int32")
    token_ids = np.random.default_rng(0).integers(5, len(TOKENS), (3, 9)).astype("int32") * mask
    return {"token_ids": token_ids, "segment_ids": np.zeros_like(mask), "padding_mask": mask}


def imported_logits(rows: dict[str, np.ndarray]) -> np.ndarray:
    import_checkpoint.run(ImportCommand("theirs", Path("ours")))
    model = RunModel.open(Path("ours"), WITH_WEIGHTS)
    return load_task_network(model, CLASSIFIER)(rows)["logits"].numpy()


def reference_logits(model: "torch.nn.Module", rows: dict[str, np.ndarray], applies_relu: bool) -> np.ndarray:
    with torch.no_grad():
        outputs = model.bert(
            torch.tensor(rows["token_ids"], dtype=torch.long),
            attention_mask=torch.tensor(rows["padding_mask"]),
        )
        pooled = outputs.pooler_output
        return model.classifier(torch.relu(pooled) if applies_relu else pooled).numpy()


@pytest.mark.parametrize("fields", [{}, {"architectures": ["TinyBertForSequenceClassification"]}])
def test_a_classifier_of_its_own_code_has_relu_behind_the_pooler(fields, capsys):
    model, rows = old_checkpoint(**fields), batch()
    ours = imported_logits(rows)
    np.testing.assert_allclose(ours, reference_logits(model, rows, applies_relu=True), atol=1e-5)
    assert np.abs(ours - reference_logits(model, rows, applies_relu=False)).max() > 0.01
    assert "TinyBERT's own code trained it, which applies ReLU to the pooled vector" in " ".join(
        capsys.readouterr().err.split()
    )
    with pytest.raises(UserError, match="The pooler of Bert has the activation tanh, not tanh_relu"):
        convert_checkpoint.run(ConvertCommand(Path("ours"), Path("back")))


def test_a_classifier_that_transformers_saved_has_none(capsys):
    model, rows = old_checkpoint(architectures=["BertForSequenceClassification"]), batch()
    np.testing.assert_allclose(
        imported_logits(rows), reference_logits(model, rows, applies_relu=False), atol=1e-5
    )
    assert "if that code trained the classifier, take architectures out" in " ".join(
        capsys.readouterr().err.split()
    )
