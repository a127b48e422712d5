"""Whether the Kotlin of docs/phone.md makes the rows that `mbert` makes, on a desktop JVM.

    python tests/benchmarks/android_tokenizer.py --vocabulary vocab.txt --texts books/ [--cased] [--length 64]

Needs `kotlinc` (1.3 or later) and `java`. The page's tokenizer is compiled as it stands there; its other class, which
needs Android, is not. Compared are paragraphs of the texts, pairs of them, and words around single characters of Unicode.
"""

import argparse
import random
import re
import subprocess
import tempfile
import unicodedata
from pathlib import Path

import numpy as np

from mbert_cli.examples.text_rows import TextRows
from mbert_cli.examples.texts import Examples
from mbert_cli.text.vocabulary import load_vocabulary
from mbert_cli.text.wordpiece import Tokenizer

PAGE = Path(__file__).parents[2] / "docs" / "phone.md"
PARAGRAPHS = 4000
PAIRS = 1000
BETWEEN_TEXTS, BETWEEN_PAIRS = "\0", "\1"
MAIN = r"""
import java.io.File
fun main(args: Array<String>) {
    val tokenizer = WordPiece(File(args[0]).readLines(), args[1] == "true")
    File(args[4]).printWriter().use { out ->
        for (line in File(args[3]).readText().split("\u0000")) {
            val parts = line.split("\u0001")
            val row = makeRow(tokenizer, args[2].toInt(), parts[0], parts.getOrNull(1))
            out.println((row.ids + row.segmentIds + row.mask).joinToString(" "))
        }
    }
}
"""


def main() -> None:
    """Makes the rows of all texts on both sides and prints how many differ."""
    arguments = _parse()
    kinds = {
        "paragraphs": [(text,) for text in paragraphs(arguments.texts)],
        "characters": [(f"a{char}b {char} word{char}",) for char in characters()],
    }
    prose = [text for (text,) in kinds["paragraphs"]]
    kinds["pairs"] = list(zip(prose[:PAIRS], prose[-PAIRS:], strict=True))
    with tempfile.TemporaryDirectory() as folder:
        compile_page(Path(folder))
        for kind, texts in kinds.items():
            ours = rows_of_mbert(texts, arguments)
            theirs = rows_of_page(texts, arguments, Path(folder))
            different = np.flatnonzero((ours != theirs).any(axis=1))
            print(f"{kind}: {len(texts):,} rows, {len(different):,} differ")
            if kind == "characters":
                print(" ".join(f"U+{ord(texts[row][0][1]):04X}" for row in different))


def paragraphs(folder: Path) -> list[str]:
    """A random share of the paragraphs of all .txt files."""
    found = []
    for path in sorted(folder.rglob("*.txt")):
        whole = re.split(r"\n\s*\n", path.read_text(encoding="utf-8", errors="ignore"))
        found += [text.strip() for text in whole if text.strip()]
    return random.Random(0).sample(found, PARAGRAPHS)


def characters() -> list[str]:
    """All of the first planes' alphabets, and a random share of the others."""
    chosen = random.Random(0)
    points = [*range(2, 0x3100), *chosen.sample(range(0x3100, 0xD800), 500)]
    points += chosen.sample(range(0x10000, 0x2FFFF), 1500)
    return [char for char in map(chr, points) if unicodedata.category(char) != "Cs"]


def rows_of_mbert(texts: list[tuple[str, ...]], arguments: argparse.Namespace) -> np.ndarray:
    """(texts, 3 * length): ids, segment ids and mask."""
    vocabulary = load_vocabulary(arguments.vocabulary, not arguments.cased)
    first, *second = (list(texts_of_side) for texts_of_side in zip(*texts, strict=True))
    examples = Examples(first, second[0] if second else None, np.zeros(len(texts), np.int32))
    rows = TextRows(examples, Tokenizer(vocabulary), arguments.length)
    batch = rows.take(np.arange(len(texts)), arguments.length)
    return np.concatenate([batch["token_ids"], batch["segment_ids"], batch["padding_mask"]], axis=1)


def rows_of_page(texts: list[tuple[str, ...]], arguments: argparse.Namespace, folder: Path) -> np.ndarray:
    """The same by the Kotlin of the page."""
    lines = BETWEEN_TEXTS.join(BETWEEN_PAIRS.join(parts) for parts in texts)
    (folder / "texts").write_bytes(lines.encode())
    words = [arguments.vocabulary, str(not arguments.cased).lower(), str(arguments.length)]
    jar = ["java", "-cp", folder / "page.jar", "MainKt"]
    subprocess.run([*jar, *words, folder / "texts", folder / "rows"], check=True)
    return np.loadtxt(folder / "rows", dtype=np.int32, ndmin=2)


def compile_page(folder: Path) -> None:
    """Compiles the page's tokenizer with a `main` that writes rows."""
    blocks = re.findall(r"```kotlin\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)
    (source,) = (block for block in blocks if "class WordPiece" in block)
    # Kotlin has trailing commas since 1.4.
    (folder / "WordPiece.kt").write_text(re.sub(r",(\s*\))", r"\1", source), encoding="utf-8")
    (folder / "main.kt").write_text(MAIN, encoding="utf-8")
    sources = [folder / "WordPiece.kt", folder / "main.kt"]
    subprocess.run(["kotlinc", *sources, "-include-runtime", "-d", folder / "page.jar"], check=True)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--vocabulary", type=Path, required=True)
    parser.add_argument("--texts", type=Path, required=True)
    parser.add_argument("--cased", action="store_true")
    parser.add_argument("--length", type=int, default=64)
    return parser.parse_args()


if __name__ == "__main__":
    main()
