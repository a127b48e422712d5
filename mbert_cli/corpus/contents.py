"""What a corpus holds, as the contents of files: part of the identity of a run's inputs."""

import hashlib
from collections.abc import Iterable

from mbert_cli.corpus.files import find_files
from mbert_cli.corpus.installed_docs import source_files
from mbert_cli.corpus.options import Corpus, FilesCorpus, TfdsCorpus
from mbert_cli.runs.content import Content, FileContent, files_content, folder_content
from mbert_cli.text.tfds import dataset_folder


def corpus_contents(corpus: Corpus, known: dict[str, Content]) -> dict[str, Content]:
    """The contents of a corpus, by the recipe key that names them; `known` as for `files_content`, by key."""
    if isinstance(corpus, FilesCorpus):
        key = "corpus.globs"
        files = find_files(corpus.globs).paths
        return {key: files_content(", ".join(corpus.globs), files, known.get(key))}
    if isinstance(corpus, TfdsCorpus):
        return dataset_content("corpus.data_dir", corpus.dataset, corpus.data_dir, known)
    return {"corpus.packages": packages_content(corpus.packages)}


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
