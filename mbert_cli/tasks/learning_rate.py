"""The learning rate of a fine-tuning whose recipe leaves it open."""

from mbert_cli.model.options import Architecture

BERT_BASE_RATE = 5e-5
"""For 768 wide and 12 deep: the largest of the rates that BERT's authors searched (Devlin et al., 2019)."""


def rate_for(size: Architecture) -> float:
    """Returns the peak rate for an encoder, with two significant digits.

    It is BERT-base's 5e-5, times 768 / width, times the square root of 12 / depth. The steps of AdamW have the
    same size whatever the gradient, and what they change in the outputs grows with the width of a layer (Yang
    et al., "Tensor Programs V", 2021) and with the number of layers. Results: 1.4e-4 at 6 x 384, 5.3e-5 for a
    MobileBERT (4e-5 to 5e-5 in what others published), 2.7e-5 for BERT-large.

    Args:
        size: The encoder; its width is that between the blocks.
    """
    rate = BERT_BASE_RATE * (768 / size.hidden_dim) * (12 / size.num_layers) ** 0.5
    return float(f"{rate:.1e}")


def rate_to_try(rate: float, size: Architecture) -> float:
    """Returns the peak rate to try after one by which an encoder learned nothing.

    That is the one that suits the encoder. Where this was tried already, or nearly, it is a third of the old
    one: too large a rate is the usual reason, and one far below the suitable one has barely moved the weights.

    Args:
        rate: The peak rate of the training.
        size: The encoder.
    """
    suitable = rate_for(size)
    is_near = suitable / 3 <= rate <= suitable
    return float(f"{rate / 3:.1e}") if is_near else suitable
