"""Documentation of installed packages: found without importing, one document per module."""

import os
import subprocess
import sys
import time

import pytest

from mbert_cli.corpus import installed_docs
from mbert_cli.corpus.installed_docs import DEFAULT_PACKAGES, installed_documents, require_packages
from mbert_cli.corpus.options import InstalledDocsCorpus
from mbert_cli.errors import UserError

TEXT = "{} is explained here in a sentence of more than eight words."


@pytest.fixture
def packages(tmp_path, monkeypatch):
    files = {
        "zebra_docs/__init__.py": f'"""{TEXT.format("Zebra")}"""\nraise SystemExit("imported")\n',
        "zebra_docs/core.py": f'"""{TEXT.format("Core")}\n\n    {TEXT.format("Zebra")}\n    """\n',
        "zebra_docs/bare.py": "x = 1\n",
        "zebra_docs/sub/deep.py": f'"""{TEXT.format("Deep")}"""\n',
        "zebra_docs/tests/test_a.py": f'"""{TEXT.format("Tested")}"""\n',
        "zebra_docs/core_test.py": f'"""{TEXT.format("Tested")}"""\n',
        "zebra_docs/_vendor/other.py": f'"""{TEXT.format("Vendored")}"""\n',
        "apple_docs.py": f'"""{TEXT.format("Apple")}\n\n    {TEXT.format("core")}\n    """\n',
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    installed_docs._read.cache_clear()
    return tmp_path


def read(*names: str):
    return list(installed_documents(InstalledDocsCorpus(source="installed_docs", packages=list(names))))


def test_modules_come_in_the_order_of_the_packages_and_repeated_paragraphs_once(packages):
    found = [(d.name, d.label, d.paragraphs, dict(d.dropped)) for d in read("zebra_docs", "apple_docs")]
    assert found == [
        ("zebra_docs", "zebra_docs", [TEXT.format("Zebra")], {}),
        (
            "zebra_docs.core",
            "zebra_docs",
            [TEXT.format("Core")],
            {"paragraphs that repeat an earlier one": 1},
        ),
        ("zebra_docs.sub.deep", "zebra_docs", [TEXT.format("Deep")], {}),
        ("apple_docs", "apple_docs", [TEXT.format("Apple")], {}),
    ]
    assert read("apple_docs", "zebra_docs")[0].name == "apple_docs"


def test_packages_are_not_imported(packages):
    read("zebra_docs")
    assert "zebra_docs" not in sys.modules


def test_what_is_held_out_does_not_depend_on_the_other_packages(packages):
    alone = {d.name: d.hash_fraction for d in read("zebra_docs")}
    together = {d.name: d.hash_fraction for d in read("apple_docs", "zebra_docs")}
    assert alone.items() <= together.items()


def test_absent_packages_are_named_together(packages):
    with pytest.raises(UserError) as caught:
        read("zebra_docs", "no_such_package", "sys", "not-a-name")
    assert caught.value.message == (
        "The packages of corpus.packages must be installed. Received: no_such_package, sys, not-a-name"
    )
    assert caught.value.hint == "Install them, or leave them out of corpus.packages."


def test_a_part_of_a_package_is_refused_with_the_whole(packages):
    with pytest.raises(UserError) as caught:
        require_packages(["zebra_docs", "apple_docs.inner", "apple_docs.core"], "corpus.packages")
    assert (caught.value.message, caught.value.hint) == (
        "The packages of corpus.packages must be whole ones. Received: apple_docs.inner, apple_docs.core",
        "Write apple_docs: all modules of a package are read.",
    )


def test_default_packages_are_installed_and_none_is_imported():
    script = (
        "import sys\n"
        "from mbert_cli.corpus.installed_docs import DEFAULT_PACKAGES, require_packages\n"
        "assert len(require_packages(None, 'corpus.packages')) == len(DEFAULT_PACKAGES)\n"
        "assert not {'tensorflow', 'keras', 'numpy', 'scipy', 'sklearn'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


def test_a_library_has_prose_in_the_same_order_every_time():
    first = [(d.name, d.paragraphs) for d in read("pydantic")]
    installed_docs._read.cache_clear()
    assert first == [(d.name, d.paragraphs) for d in read("pydantic")]
    assert sum(len(paragraphs) for _, paragraphs in first) > 300
    assert "pydantic" in DEFAULT_PACKAGES


def test_a_process_that_is_told_to_end_leaves_no_reader_behind(packages, tmp_path):
    script = (
        "import os, signal, sys\n"
        "from mbert_cli.corpus import docstrings, installed_docs\n"
        "from mbert_cli.termination import end_by_signal\n"
        "signal.signal(signal.SIGTERM, end_by_signal)\n"
        "docstrings.__file__ = sys.argv[1]\n"
        "installed_docs._run_readers([['a.py'], ['b.py']])\n"
    )
    waits = tmp_path / "waits.py"
    waits.write_text(
        f"import os, pathlib, time\n"
        f"pathlib.Path({str(tmp_path)!r}, f'pid-{{os.getpid()}}').touch()\n"
        "time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script, str(waits)]) as asking:
        while len(readers := list(tmp_path.glob("pid-*"))) < 2:
            time.sleep(0.02)
        asking.terminate()
        assert asking.wait(timeout=20) == 143
    assert [is_alive(int(reader.name.removeprefix("pid-"))) for reader in readers] == [False, False]


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
