"""The documentation inside installed Python packages as a corpus: one document per module."""

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from mbert_cli.corpus import docstrings
from mbert_cli.corpus.document import Document
from mbert_cli.corpus.options import InstalledDocsCorpus
from mbert_cli.errors import UserError

DEFAULT_PACKAGES = (
    "tensorflow", "keras", "tensorflow_datasets", "tensorflow_text", "numpy", "scipy", "sklearn", "pydantic",
    "typer", "rich", "yaml", "safetensors", "ai_edge_litert", "tokenizers", "sentencex",
)  # fmt: skip
"""Import names of the packages that mbert requires, in the order they are read."""

REPEATED = "paragraphs that repeat an earlier one"

_SKIPPED_FOLDERS = frozenset({
    "__pycache__", "conftest", "externals", "test", "testing", "tests", "third_party", "vendor", "vendored",
    "_vendor", "_vendored", "array_api_compat", "array_api_extra", "site-packages",
})  # fmt: skip
_SKIPPED_PACKAGES = frozenset({"tensorflow.python.keras"})  # an old copy of keras


def installed_documents(options: InstalledDocsCorpus) -> Iterator[Document]:
    """Modules with prose, sorted within a package, packages in the given order; a paragraph comes once.

    The packages are never imported. What is held out is decided by the module's name, which is the same
    whichever other packages are read.

    Raises:
        UserError: As `require_packages`.
    """
    return iter(_read(_chosen(options.packages)))


def source_files(packages: Iterable[str] | None) -> dict[str, list[tuple[str, Path]]]:
    """Names and files of the modules that are read, by package.

    Args:
        packages: Import names; None stands for those that mbert requires.

    Raises:
        UserError: As `require_packages`.
    """
    chosen = _chosen(packages)
    roots = require_packages(chosen, "corpus.packages")
    return {package: list(_modules(package, root)) for package, root in zip(chosen, roots, strict=True)}


def _chosen(packages: Iterable[str] | None) -> tuple[str, ...]:
    return DEFAULT_PACKAGES if packages is None else tuple(packages)


@cache
def _read(packages: tuple[str, ...]) -> list[Document]:
    modules = [
        (package, name, path) for package, files in source_files(packages).items() for name, path in files
    ]
    prose = _read_prose([path for _, _, path in modules])
    seen: set[str] = set()
    result = []
    for (package, name, _), paragraphs in zip(modules, prose, strict=True):
        fresh = []
        for paragraph in paragraphs:
            key = paragraph.casefold()
            if key not in seen:
                seen.add(key)
                fresh.append(paragraph)
        if paragraphs:
            dropped = {REPEATED: len(paragraphs) - len(fresh)} if len(fresh) < len(paragraphs) else {}
            result.append(Document(name, fresh, label=package, hash_key=name, dropped=dropped))
    return result


def require_packages(packages: Iterable[str] | None, key: str) -> list[Path]:
    """The folders of packages, or the files of modules that stand alone.

    Args:
        packages: Import names; None stands for those that mbert requires.
        key: The recipe key that names them.

    Raises:
        UserError: One is a part of a package, is not installed or has no Python source.
    """
    found = {name: _find_root(name) for name in _chosen(packages)}
    parts = [name for name in found if "." in name]
    if parts:
        wholes = dict.fromkeys(name.partition(".")[0] for name in parts)
        raise UserError(
            f"The packages of {key} must be whole ones. Received: {', '.join(parts)}",
            f"Write {', '.join(wholes)}: all modules of a package are read.",
        )
    missing = [name for name, root in found.items() if root is None]
    if missing:
        raise UserError(
            f"The packages of {key} must be installed. Received: {', '.join(missing)}",
            f"Install them, or leave them out of {key}.",
        )
    return [root for root in found.values() if root]


def _find_root(name: str) -> Path | None:
    """The folder of a top-level package or the file of a module, without importing it."""
    try:
        spec = importlib.util.find_spec(name) if name.isidentifier() else None
    except ValueError:  # a module of that name without a spec was put in sys.modules
        return None
    if spec is None:
        return None
    if spec.submodule_search_locations:
        return Path(next(iter(spec.submodule_search_locations)))
    return Path(spec.origin) if spec.origin and spec.origin.endswith(".py") else None


def _modules(package: str, root: Path) -> Iterator[tuple[str, Path]]:
    if root.is_file():
        yield package, root
        return
    for folder, folders, files in os.walk(root):
        parts = (package, *Path(folder).relative_to(root).parts)
        folders[:] = sorted(
            name
            for name in folders
            if name not in _SKIPPED_FOLDERS
            and not name.startswith(".")
            and ".".join((*parts, name)) not in _SKIPPED_PACKAGES
        )
        for name in sorted(files):
            stem = name.removesuffix(".py")
            if stem in {name, "conftest"} or stem.startswith("test_") or stem.endswith("_test"):
                continue
            yield ".".join(parts if stem == "__init__" else (*parts, stem)), Path(folder, name)


def _read_prose(paths: list[Path]) -> list[list[str]]:
    """The paragraphs of each file, read by one process per core."""
    by_size = sorted(range(len(paths)), key=lambda index: (-paths[index].stat().st_size, index))
    count = max(1, min(os.cpu_count() or 1, len(paths) // 50))
    shares = [by_size[worker::count] for worker in range(count)]
    result: list[list[str]] = [[] for _ in paths]
    for share, prose in zip(
        shares, _run_readers([[str(paths[i]) for i in share] for share in shares]), strict=True
    ):
        for index, paragraphs in zip(share, prose, strict=True):
            result[index] = paragraphs
    return result


def _run_readers(shares: list[list[str]]) -> list[list[list[str]]]:
    # Processes of a script of its own, not a pool: a fork after TensorFlow has started threads can hang,
    # and a spawned pool would run the caller's main module again.
    command = [sys.executable, "-I", docstrings.__file__]
    readers: list[subprocess.Popen[str]] = []
    try:
        readers.extend(
            subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
            )
            for _ in shares
        )
        for reader, share in zip(readers, shares, strict=True):
            assert reader.stdin is not None
            reader.stdin.write(json.dumps(share))
            reader.stdin.close()
        return [_answer_of(reader) for reader in readers]
    finally:
        # Those that go on are read no more: this process was told to end, or one of them failed.
        for reader in readers:
            reader.terminate()
        for reader in readers:
            reader.wait()


def _answer_of(reader: "subprocess.Popen[str]") -> list[list[str]]:
    assert reader.stdout is not None
    output = reader.stdout.read()
    if reader.wait():
        raise RuntimeError(f"reading docstrings failed with exit code {reader.returncode}")
    answer: list[list[str]] = json.loads(output)
    return answer
