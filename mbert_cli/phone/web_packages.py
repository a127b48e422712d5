"""LiteRT's web runtime, which the page of an artifact runs on: from a folder of npm packages, or a public address."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mbert_cli.errors import UserError
from mbert_cli.json_text import read_object

TRIED_VERSION = "2.5.3"
"""The version that the page was written for and is tested with."""
PUBLIC_ADDRESS = "https://cdn.jsdelivr.net/npm"
"""Where browsers fetch packages of npm by name and version."""
CORE, LOADER = "@litertjs/core", "@litertjs/wasm-utils"
_MODULE = "dist/index.js"
_FILES = {
    CORE: [
        "package.json", _MODULE,
        # With relaxed SIMD, and without, as in Safari; those with threads need headers that few servers send.
        *(f"wasm/litert_wasm_{way}.{suffix}" for way in ("internal", "compat_internal") for suffix in ("js", "wasm")),
    ],
    LOADER: ["package.json", _MODULE],
}  # fmt: skip
_FOLDER = "packages"


@dataclass(frozen=True)
class WebPackages:
    """Where a page gets LiteRT's web runtime from.

    Attributes:
        source: Folder that holds the packages by name, `node_modules` of npm; None for the public address.
        version: Of the runtime.
    """

    source: Path | None = None
    version: str = TRIED_VERSION

    @property
    def origin(self) -> str:
        """What messages call it."""
        return f"LiteRT.js {self.version}, from {_FOLDER if self.source else PUBLIC_ADDRESS},"

    @property
    def described(self) -> str:
        """What a person should know who writes a page."""
        if self.source:
            return (
                f"The page runs on LiteRT.js {self.version}, copied from {self.source}: it needs no network"
            )
        return (
            f"The page loads LiteRT.js {self.version} from {PUBLIC_ADDRESS}, so that the phone needs the network; with "
            "--set export.page_packages=FOLDER, where npm installed it, the page holds it"
        )

    @property
    def remedy(self) -> str:
        """What to do where a browser cannot load it."""
        if self.source:
            return f"The folder {_FOLDER} belongs to this page: copy it too, or export the page again."
        return (
            "This device needs the network for it. For a page that needs none, export it again with "
            "--set export.page_packages=FOLDER, where npm installed the packages."
        )

    @property
    def import_map(self) -> dict[str, dict[str, str]]:
        """Where a browser finds the modules by name."""
        return {"imports": {name: f"{self._address(name)}/{_MODULE}" for name in (CORE, LOADER)}}

    @property
    def wasm(self) -> str:
        """Address of the folder with the WebAssembly."""
        return f"{self._address(CORE)}/wasm/"

    def copy_into(self, page: Path) -> None:
        """Copies what a page needs, about 19 MB; nothing where it comes from the public address."""
        for name in _FILES if self.source else ():
            for file in _FILES[name]:
                target = page / _FOLDER / name / file
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(self._file(name, file), target)

    def _address(self, name: str) -> str:
        return f"./{_FOLDER}/{name}" if self.source else f"{PUBLIC_ADDRESS}/{name}@{self.version}"

    def _file(self, name: str, file: str) -> Path:
        assert self.source is not None
        return self.source / name / file


def find_web_packages(folder: str | None) -> WebPackages:
    """LiteRT's web runtime in a folder where npm installed it.

    Args:
        folder: The folder with `node_modules`, or that itself; None takes the public address.

    Raises:
        UserError: It is not there, or a file of it is missing.
    """
    if folder is None:
        return WebPackages()
    source = Path(folder) / "node_modules" if (Path(folder) / "node_modules").is_dir() else Path(folder)
    missing = [
        f"{name}/{file}"
        for name, files in _FILES.items()
        for file in files
        if not (source / name / file).is_file()
    ]
    if missing:
        raise UserError(
            f"export.page_packages must be a folder where npm installed {CORE}. "
            f"Received: {folder} without {missing[0]}",
            f"Type `npm install --prefix {folder} {CORE}@{TRIED_VERSION}`, or leave it out: the page then loads the "
            f"package from {PUBLIC_ADDRESS}.",
        )
    package: dict[str, Any] = read_object(source / CORE / "package.json")
    return WebPackages(source.resolve(), str(package.get("version", "of unknown version")))
