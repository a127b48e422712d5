"""What a corpus holds, as the contents of files: part of the identity of a run's inputs."""

import hashlib
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from mbert_cli.corpus.files import find_files
from mbert_cli.corpus.installed_docs import source_files
from mbert_cli.corpus.mixing import portions_of
from mbert_cli.corpus.options import Corpus, FilesSource, SingleCorpus, TfdsSource
from mbert_cli.errors import UserError
from mbert_cli.runs.content import Content, FileContent, files_content, folder_content
from mbert_cli.text.remote_files import InputFile, RemoteFile
from mbert_cli.text.tfds import dataset_folder
from mbert_cli.threads import map_in_threads

WrittenState = tuple[str, int, int | str]
"""Path or address of a file, bytes, and the time of its last change or its version."""

_BLOCK_BYTES = 2**20


def corpus_contents(corpus: Corpus, known: dict[str, Content]) -> dict[str, Content]:
    """The contents of a corpus, by the recipe key that names them; `known` as for `files_content`, by key."""
    found: dict[str, Content] = {}
    for portion in portions_of(corpus):
        found |= _source_content(portion.corpus, portion.key, known)
    return found


def files_key(key: str) -> str:
    """What the files of a source are called among the inputs of a run, where the source has this key."""
    return f"{key}.globs"


def file_states(corpus: Corpus) -> dict[Path, WrittenState]:
    """The `written_state` of each file of this machine that a corpus has; raises as `find_files`."""
    found = [
        find_files(portion.corpus.globs, files_key(portion.key)).paths
        for portion in portions_of(corpus)
        if isinstance(portion.corpus, FilesSource)
    ]
    paths = [path for paths in found for path in paths if isinstance(path, Path)]
    return {path: state for path in paths if (state := _state(path))}


def require_unchanged(states: Mapping[Path, WrittenState]) -> None:
    """Checks that files are as they were; those that are gone were read before, or are missed elsewhere.

    Args:
        states: What `file_states` found before they were read.

    Raises:
        UserError: One has changed.
    """
    changed = [str(path) for path, state in states.items() if _state(path) not in (state, None)]
    if changed:
        more = f", and {len(changed) - 1:,} more" if len(changed) > 1 else ""
        raise UserError(
            f"A file of a corpus must stay as it is while it is read. Received: {changed[0]}, which changed{more}",
            "Run the same command again when nothing writes there; what the other files gave is kept.",
        )


def written_state(file: InputFile) -> WrittenState | None:
    """What changes when a file is written; None where that is not known.

    Raises:
        OSError: A file of this machine is gone.
    """
    if isinstance(file, RemoteFile):
        return (file.url, file.size or 0, file.version) if file.version else None
    state = file.stat()
    return str(file), state.st_size, state.st_mtime_ns


def _state(path: Path) -> WrittenState | None:
    """What changes when a file of this machine is written; None of one that is gone."""
    with suppress(OSError):
        return written_state(path)
    return None


def growing_keys(corpus: Corpus) -> tuple[str, ...]:
    """The recipe keys that may name more files than a store was made from."""
    return tuple(
        files_key(portion.key) for portion in portions_of(corpus) if isinstance(portion.corpus, FilesSource)
    )


def _source_content(corpus: SingleCorpus, key: str, known: dict[str, Content]) -> dict[str, Content]:
    if isinstance(corpus, FilesSource):
        globs = files_key(key)
        return {globs: globs_content(corpus.globs, known.get(globs), globs)}
    if isinstance(corpus, TfdsSource):
        return dataset_content(f"{key}.data_dir", corpus.dataset, corpus.data_dir, known)
    return {f"{key}.packages": packages_content(corpus.packages)}


def globs_content(globs: list[str], known: Content | None, key: str = "corpus.globs") -> Content:
    """The files that patterns match and URLs lead to; raises as `find_files`.

    Args:
        globs: Patterns and URLs.
        known: What was recorded before.
        key: The recipe key that they come from.
    """
    paths = find_files(globs, key).paths
    content = files_content(", ".join(globs), [path for path in paths if isinstance(path, Path)], known)
    remote = map_in_threads(_remote_content, [path for path in paths if isinstance(path, RemoteFile)])
    return replace(content, files=(*content.files, *remote))


def _remote_content(file: RemoteFile) -> FileContent:
    """A remote file by its size and what its server says changes with it; without that, by all that it holds."""
    if file.version:
        digest = hashlib.sha256(f"{file.size} {file.version}".encode()).hexdigest()
        return FileContent(file.url, file.size or 0, digest)
    size, hashed = 0, hashlib.sha256()
    with file.open() as opened:
        while block := opened.read(_BLOCK_BYTES):
            hashed.update(block)
            size += len(block)
    return FileContent(file.url, size, hashed.hexdigest())


def dataset_content(
    key: str, dataset: str, data_dir: str | None, known: dict[str, Content]
) -> dict[str, Content]:
    """The files of a prepared data set; nothing where it lies elsewhere than tensorflow-datasets puts it."""
    folder = dataset_folder(dataset, data_dir)
    files = [path for path in folder.rglob("*") if path.is_file() and "incomplete" not in str(path)]
    return {key: folder_content(folder, files, known.get(key))} if files else {}


def packages_content(packages: Iterable[str] | None) -> Content:
    """The Python source whose documentation is read, a hash for each package."""
    files = []
    for package, modules in source_files(packages).items():
        content = files_content(package, [path for _, path in modules])
        digest = hashlib.sha256()
        for (name, _), file in zip(modules, content.files, strict=True):
            digest.update(f"{name} {file.sha256}\n".encode())
        files.append(FileContent(package, sum(file.bytes for file in content.files), digest.hexdigest()))
    return Content("packages", "installed packages", tuple(files))
