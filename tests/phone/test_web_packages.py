"""Where a page gets LiteRT's web runtime from."""

import json
from pathlib import Path

import pytest

from mbert_cli.errors import UserError
from mbert_cli.phone.web_packages import CORE, LOADER, TRIED_VERSION, find_web_packages

WASM = [
    f"wasm/litert_wasm_{way}.{suffix}" for way in ("internal", "compat_internal") for suffix in ("js", "wasm")
]


@pytest.fixture
def installed(tmp_path) -> Path:
    """A folder as `npm install --prefix` leaves it, with files that a page does not need."""
    modules = tmp_path / "npm" / "node_modules"
    for name, files in (
        (CORE, [*WASM, "wasm/litert_wasm_threaded_internal.wasm", "README.md"]),
        (LOADER, []),
    ):
        for file in ["package.json", "dist/index.js", *files]:
            path = modules / name / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps({"version": "2.6.0"}) if file == "package.json" else file)
    return tmp_path / "npm"


def test_what_a_page_needs_of_the_packages_is_copied(installed, tmp_path):
    packages = find_web_packages(str(installed))
    packages.copy_into(tmp_path / "page")
    copied = {
        path.relative_to(tmp_path / "page").as_posix()
        for path in (tmp_path / "page").rglob("*")
        if path.is_file()
    }
    assert copied == {
        *(f"packages/{CORE}/{file}" for file in ("package.json", "dist/index.js", *WASM)),
        *(f"packages/{LOADER}/{file}" for file in ("package.json", "dist/index.js")),
    }
    assert packages.import_map["imports"][CORE] == f"./packages/{CORE}/dist/index.js"
    assert packages.wasm == f"./packages/{CORE}/wasm/"
    assert packages.version == "2.6.0"


def test_node_modules_itself_may_be_named(installed):
    assert find_web_packages(str(installed / "node_modules")) == find_web_packages(str(installed))


def test_without_a_folder_the_page_takes_the_tried_version_from_the_public_address(tmp_path):
    packages = find_web_packages(None)
    packages.copy_into(tmp_path)
    assert not list(tmp_path.iterdir())
    assert packages.wasm == f"https://cdn.jsdelivr.net/npm/{CORE}@{TRIED_VERSION}/wasm/"
    assert packages.import_map == {
        "imports": {
            name: f"https://cdn.jsdelivr.net/npm/{name}@{TRIED_VERSION}/dist/index.js"
            for name in (CORE, LOADER)
        }
    }


def test_a_folder_without_the_packages_is_refused(tmp_path):
    with pytest.raises(UserError) as error:
        find_web_packages(str(tmp_path / "nothing"))
    assert error.value.message == (
        f"export.page_packages must be a folder where npm installed {CORE}. "
        f"Received: {tmp_path}/nothing without {CORE}/package.json"
    )
    assert error.value.hint == (
        f"Type `npm install --prefix {tmp_path}/nothing {CORE}@{TRIED_VERSION}`, or leave it out: the page then loads "
        "the package from https://cdn.jsdelivr.net/npm."
    )


def test_packages_of_which_a_file_is_missing_are_refused(installed):
    (installed / "node_modules" / CORE / WASM[-1]).unlink()
    with pytest.raises(UserError, match=f"without {CORE}/{WASM[-1]}"):
        find_web_packages(str(installed))
