"""Candidates of a masked LM for many texts at once, beside one word at a time with the same network.

    python tests/benchmarks/augment.py RUN TEXTS [--count 2000] [--words 300] [--rounds 3]

RUN is a run with a head for masked words; TEXTS has one text per line, or is a .tsv file with a column `sentence`.
One word at a time is what TinyBERT's authors do: the text is cut, one word is masked, the row with the original behind
it goes through the network alone, and the likeliest tokens are taken. It is timed on the first `--words` words, with
the head at every position, as theirs, and at the masked one alone. All ways run in this process and take turns. Processor
time is that of all threads: on a busy machine it tells more than the clock.
"""

import argparse
import csv
import statistics
import time
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path

from mbert_cli.backend import start_with_tensorflow


def main() -> None:
    """Prints the medians."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("texts", type=Path)
    parser.add_argument("--count", type=int, default=2_000)
    parser.add_argument("--words", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    start_with_tensorflow()
    texts = list(dict.fromkeys(islice(_read(options.texts), options.count)))
    ways = _ways(options.run, texts, options.words)
    seconds: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    for number in range(options.rounds + 1):  # the first one compiles
        for name, way in ways.items():
            began = time.perf_counter(), time.process_time()
            words = way()
            if number:
                clock, processor = time.perf_counter() - began[0], time.process_time() - began[1]
                seconds[name].append((clock / words, processor / words))
    middle = {
        name: [statistics.median(one) for one in zip(*measured, strict=True)]
        for name, measured in seconds.items()
    }
    for name, (clock, processor) in middle.items():
        ratios = [time / least for time, least in zip((clock, processor), middle["all at once"], strict=True)]
        print(
            f"{name:42} clock {clock * 1e3:8.3f} ms a word, x {ratios[0]:5.1f}; "
            f"processor {processor * 1e3:8.3f} ms, x {ratios[1]:5.1f}"
        )


def _read(path: Path) -> list[str]:
    with path.open(encoding="utf-8", newline="") as file:
        if path.suffix == ".tsv":
            return [
                row["sentence"].strip()
                for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
            ]
        return [line.strip() for line in file if line.strip()]


def _ways(run: Path, texts: Sequence[str], num_words: int) -> dict[str, Callable[[], int]]:
    """Functions that find candidates and return for how many words."""
    from mbert_cli.augment.candidates import PIECE_TEXTS
    from mbert_cli.augment.masked_rows import place_words
    from mbert_cli.augment.masked_words import MaskedWords
    from mbert_cli.augment.options import AugmentOptions
    from mbert_cli.augment.words import content_words, read_stop_words
    from mbert_cli.backend import use_streams
    from mbert_cli.runs.lineage import PRETRAINED
    from mbert_cli.text.wordpiece import Tokenizer
    from mbert_cli.weights.saved_model import RunModel

    use_streams()
    model, stop_words = RunModel.open(run, PRETRAINED), read_stop_words(None)
    tokenizer = Tokenizer(model.vocabulary)

    def placed(some: Sequence[str]) -> object:
        return place_words(list(some), [content_words(text, stop_words) for text in some], tokenizer)

    def at_once(filler: MaskedWords) -> int:
        words = 0
        for start in range(0, len(texts), PIECE_TEXTS):
            piece = placed(texts[start : start + PIECE_TEXTS])
            words += len(filler.fill(piece))
        return words

    fillers = {
        "all at once": MaskedWords(model, AugmentOptions(), stop_words),
        "all at once, one mask a row": MaskedWords(model, AugmentOptions(masked_share=0.0), stop_words),
    }
    single = {
        "one at a time, head everywhere, not compiled": _OneAtATime(
            model, tokenizer, stop_words, True, False
        ),
        "one at a time, head everywhere": _OneAtATime(model, tokenizer, stop_words, True, True),
        "one at a time, head at the mask": _OneAtATime(model, tokenizer, stop_words, False, True),
    }
    return {
        **{name: lambda filler=filler: at_once(filler) for name, filler in fillers.items()},
        **{name: lambda way=way: way.fill(texts, num_words) for name, way in single.items()},
    }


class _OneAtATime:
    """Masks a word, and asks for the likeliest tokens in its place."""

    def __init__(self, model, tokenizer, stop_words, everywhere: bool, is_compiled: bool) -> None:
        from mbert_cli.backend import compile_forward
        from mbert_cli.weights.saved_network import load_teacher

        network = load_teacher(model)
        self._forward = compile_forward(network) if is_compiled else network
        self._tokenizer, self._stop_words, self._everywhere = tokenizer, stop_words, everywhere

    def fill(self, texts: Sequence[str], num_words: int) -> int:
        import numpy as np

        from mbert_cli.augment.masked_rows import place_words
        from mbert_cli.augment.words import content_words

        done = 0
        for text in texts:
            for word in content_words(text, self._stop_words):
                placed = place_words([text], [[word]], self._tokenizer)
                if not len(placed.tokens):
                    continue
                logits = self._logits(placed)
                np.argsort(-logits)[:15]
                done += 1
                if done == num_words:
                    return done
        return done

    def _logits(self, placed):
        import numpy as np

        marks, place = self._tokenizer.vocabulary, int(placed.tokens[0]) + 1
        row = [marks.cls_id, *placed.ids, marks.sep_id, *placed.ids, marks.sep_id]
        row[place] = marks.mask_id
        length = len(placed.ids) + 2
        positions = range(len(row)) if self._everywhere else [place]
        outputs = self._forward({
            "token_ids": np.array([row], np.int32),
            "segment_ids": np.array([[0] * length + [1] * (len(row) - length)], np.int32),
            "padding_mask": np.ones((1, len(row)), np.int32),
            "masked_positions": np.array([list(positions)], np.int32),
        })  # fmt: skip
        return np.array(outputs["masked_logits"])[0, place if self._everywhere else 0]


if __name__ == "__main__":
    main()
