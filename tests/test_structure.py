"""The shape of the project: who may import whom, how long files are, what the map says."""

import ast
import re
from configparser import ConfigParser
from pathlib import Path
from typing import get_args

import pytest

import mbert_cli
from mbert_cli.examples.options import TaskKind

PACKAGE = Path(mbert_cli.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))
ROOMS = [
    "commands", "preflight", "report", "phone", "tasks", "sessions", "recipe", "search", "augment", "cost", "distill", "tflite", "train",
    "losses", "weights", "examples", "corpus", "evaluate", "hosts", "text", "model", "runs", "cluster",
]  # fmt: skip
"""From the top floor down: a room imports only rooms below it, and the files beside the rooms that BELOW names."""
BELOW = {
    "mbert_cli", "mbert_cli.backend", "mbert_cli.display", "mbert_cli.errors", "mbert_cli.figures",
    "mbert_cli.home", "mbert_cli.json_text", "mbert_cli.machine_problems", "mbert_cli.markdown_text", "mbert_cli.native_output",
    "mbert_cli.page", "mbert_cli.printing", "mbert_cli.processor", "mbert_cli.section",
    "mbert_cli.shell_words", "mbert_cli.spread", "mbert_cli.standard_streams", "mbert_cli.table",
    "mbert_cli.termination", "mbert_cli.threads", "mbert_cli.word_lists", "mbert_cli.yaml_scalars",
}  # fmt: skip
PRINTING = {"commands", "preflight", "phone", "tasks", "sessions", "report/terminal.py"}
"""Rooms, and files of others, that may print."""
TABLES = {"mbert_cli.tflite.modes"}
"""Tables whose names are choices of a recipe."""
CONTRACTS = {"run", "resolve", "Ready", "main"}
"""Names that several modules must have: what a verb's page and its pre-flight are called by, and where scripts start."""
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
HEAVY = {"tensorflow", "keras", "tensorflow_text", "tensorflow_datasets", "jax", "torch"}
LIGHT = ["cli.py", "console.py", "errors.py", "section.py"]


def imported_modules(path: Path) -> set[str]:
    modules: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module == "mbert_cli":
            modules |= {f"mbert_cli.{name.name}" for name in node.names if not name.name.startswith("__")}
        elif isinstance(node, ast.ImportFrom):
            modules.add(node.module or "")
    return modules


def room_of(module: str) -> str:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else ""


def test_there_are_files_to_check():
    assert len(FILES) > 40


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_file_has_more_than_350_lines(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 350


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_function_has_more_than_40_lines_of_code(path):
    text = path.read_text(encoding="utf-8")
    functions = [node for node in ast.walk(ast.parse(text)) if isinstance(node, FUNCTIONS)]
    lengths = {node.name: len(lines_of_code(node, text.splitlines())) for node in functions}
    assert {name: length for name, length in lengths.items() if length > 40} == {}


def lines_of_code(function: ast.FunctionDef | ast.AsyncFunctionDef, lines: list[str]) -> list[str]:
    """Its lines, those of functions within it included, without docstrings, comments and blank lines."""
    strings = [
        range(node.lineno, node.end_lineno + 1)
        for node in ast.walk(function)
        if isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    ]
    numbered = enumerate(lines[function.lineno - 1 : function.end_lineno], function.lineno)
    code = [line.strip() for number, line in numbered if not any(number in string for string in strings)]
    return [line for line in code if line and not line.startswith("#")]


def test_docstrings_comments_and_blank_lines_are_no_lines_of_code():
    text = 'def one():\n    """Says\n\n    much.\n    """\n    # why\n\n    def two():\n        """Two."""\n        return 2\n'
    assert lines_of_code(ast.parse(text).body[0], text.splitlines()) == [
        "def one():",
        "def two():",
        "return 2",
    ]


@pytest.mark.parametrize("room", ROOMS)
def test_no_room_has_more_than_15_percent_of_the_lines(room):
    lines = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in FILES}
    own = sum(count for path, count in lines.items() if path.parent.name == room)
    assert own <= 0.15 * sum(lines.values())


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_file_is_a_drawer(path):
    assert path.stem not in {"utils", "helpers", "common", "base", "misc", "manager"}


def public_names(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign):
            targets = [part for target in node.targets for part in ast.walk(target)]
            names |= {target.id for target in targets if isinstance(target, ast.Name)}
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names.add(node.target.id)
    return {name for name in names if not name.startswith("_")}


def test_a_public_name_stands_for_one_thing_in_the_whole_package():
    places: dict[str, list[str]] = {}
    for path in FILES:
        for name in public_names(path):
            places.setdefault(name, []).append(str(path.relative_to(PACKAGE)))
    doubled = {name: found for name, found in places.items() if len(found) > 1}
    assert {name: found for name, found in doubled.items() if name not in CONTRACTS} == {}
    assert doubled.keys() >= CONTRACTS  # whatever is doubled no more is no exception any more


def test_every_folder_is_a_room():
    places = [path.relative_to(PACKAGE).parts for path in FILES]
    assert {place[0] for place in places if len(place) > 1} == set(ROOMS)


def test_contributors_are_told_of_every_room():
    page = (PACKAGE.parent / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `(\w+)/` \|", page, flags=re.MULTILINE) == ROOMS


@pytest.mark.parametrize("room", ROOMS)
def test_rooms_import_only_what_lies_below_them(room):
    allowed = set(ROOMS[ROOMS.index(room) :])
    for path in (PACKAGE / room).rglob("*.py"):
        may_print = {room, f"{room}/{path.name}"} & PRINTING
        printing = {"mbert_cli.console"} if may_print else set()
        ours = {module for module in imported_modules(path) if module.split(".")[0] == "mbert_cli"}
        foreign = {module for module in ours - BELOW - printing if room_of(module) not in allowed}
        assert not foreign, f"{path.relative_to(PACKAGE)} imports {', '.join(sorted(foreign))}"


def test_recipes_options_and_the_command_line_load_without_keras():
    light = [PACKAGE / name for name in LIGHT] + [
        *PACKAGE.glob("*/options.py"),
        *(PACKAGE / "recipe").glob("*.py"),
        *(PACKAGE / "preflight").glob("*.py"),
    ]
    for path in light:
        heavy = {module.split(".")[0] for module in imported_modules(path)} & HEAVY
        assert not heavy, f"{path.relative_to(PACKAGE)} imports {', '.join(sorted(heavy))}"


def test_options_import_nothing_but_pydantic_and_tables_that_import_nothing():
    for path in PACKAGE.glob("*/options.py"):
        tables = imported_modules(path) & TABLES
        modules = {module.split(".")[0] for module in imported_modules(path) - {"mbert_cli.section"} - tables}
        assert modules <= {"typing", "pydantic"}, path
    for table in TABLES:
        imported = imported_modules(PACKAGE.parent / f"{table.replace('.', '/')}.py")
        assert imported <= {"dataclasses", "typing"}, table


def test_every_file_of_the_map_exists():
    paths = re.findall(r"mbert_cli/\S*", mbert_cli.__doc__)
    assert len(paths) > 20
    missing = [path for path in paths if not (PACKAGE.parent / path).exists()]
    assert not missing


def test_what_was_received_ends_a_message_without_a_stop():
    """`Received: runs/x.` could be a path; a message that goes on with sentences of its own is another thing."""
    ends = []
    for path in FILES:
        source = path.read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "UserError" and node.args:
                message = ast.get_source_segment(source, node.args[0]) or ""
                ends += [f"{path.name}: {message}"] if re.search(r"Received: [^.]*\.\"$", message) else []
    assert ends == []


def test_whatever_a_type_checker_passes_over_has_a_code_and_a_reason():
    lines = [line for path in FILES for line in path.read_text(encoding="utf-8").splitlines()]
    passed_over = [line.strip() for line in lines if "# type: ignore" in line]
    assert passed_over
    assert [line for line in passed_over if not re.search(r"# type: ignore\[[a-z-]+\] # \w", line)] == []


def test_the_package_and_its_wheel_have_one_version():
    settings = ConfigParser()
    settings.read(PACKAGE.parent / "setup.cfg", encoding="utf-8")
    assert settings["metadata"]["version"] == "attr: mbert_cli.__version__"


def test_a_type_checker_finds_the_types_of_an_installed_package():
    assert (PACKAGE / "py.typed").is_file()
    assert '"mbert_cli": ["py.typed"]' in (PACKAGE.parent / "setup.py").read_text(encoding="utf-8")


KINDS_OF_TASKS = rf"({'|'.join(set(get_args(TaskKind)) - {'embedding'})})"
"""All but the kind whose name is a word of every room: what a word table holds, and the head that has no weights."""


@pytest.mark.parametrize("room", ["model", "evaluate", "tflite"])
def test_rooms_below_the_tasks_know_no_kind_of_task(room):
    for path in (PACKAGE / room).glob("*.py"):
        found = sorted(set(re.findall(rf"\b{KINDS_OF_TASKS}\b", path.read_text(encoding="utf-8"))))
        assert not found, f"{path.relative_to(PACKAGE)} speaks of {', '.join(found)}"


def test_only_rows_files_and_recipes_name_a_kind_of_task():
    """Rows of tables and sections of recipes say which kind they are of; `weights` knows Hugging Face's names."""
    rooms, files = (
        {"examples", "recipe"},
        {"tasks/kinds.py", "weights/description.py", "weights/foreign_heads.py"},
    )
    for path in FILES:
        place = path.relative_to(PACKAGE)
        if place.parts[0] not in rooms and place.as_posix() not in files:
            quoted = re.findall(rf"""["']{KINDS_OF_TASKS}["']""", path.read_text(encoding="utf-8"))
            assert not quoted, f"{place} names {', '.join(sorted(set(quoted)))}"


TESTS = Path(__file__).parent
TYPED_END_TO_END = (
    "prepare", "train-teacher", "distill", "finetune", "eval", "predict", "export-tflite", "bench",
)  # fmt: skip
"""Verbs whose pages call what is tested by itself: the commands are typed as a person types them."""
TESTED_ELSEWHERE = {
    "tasks/fitting.py": "test_end_to_end.py",
    "overview_cli.py": "commands/test_report.py",  # flags without logic, which only the command line calls
    "recipe_cli.py": "commands/test_recipe.py",
    "recipe/idle_conditions.py": "recipe/test_idle_keys.py",
    "starting.py": "test_startup.py",
}
"""Files whose tests stand under another name."""


def own_tests_of(path: Path) -> Path:
    return TESTS / path.relative_to(PACKAGE).with_name(f"test_{path.stem}.py")


def place_of_tests(path: Path) -> Path:
    """Where the tests of a file of the package are."""
    own, place = own_tests_of(path), path.relative_to(PACKAGE).as_posix()
    verb = {"evaluate": "eval"}.get(path.stem, path.stem.replace("_", "-"))
    if place in TESTED_ELSEWHERE:
        return TESTS / TESTED_ELSEWHERE[place]
    is_typed = path.parent.name == "commands" and verb in TYPED_END_TO_END
    return TESTS / "test_end_to_end.py" if is_typed and not own.exists() else own


def has_functions(path: Path) -> bool:
    return any(
        isinstance(node, ast.FunctionDef) for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    )


@pytest.mark.parametrize(
    "path", list(filter(has_functions, FILES)), ids=lambda path: str(path.relative_to(PACKAGE))
)
def test_every_file_with_logic_has_its_tests(path):
    tests = place_of_tests(path)
    assert tests.is_file(), f"{path.relative_to(PACKAGE)} needs {tests.relative_to(TESTS.parent)}"
    assert "assert" in tests.read_text(encoding="utf-8")


def test_what_is_tested_elsewhere_has_no_tests_of_its_own():
    for place in TESTED_ELSEWHERE:
        path = PACKAGE / place
        assert path.is_file(), f"{place} is not there any more: take it out"
        assert not own_tests_of(path).exists(), f"{place} has tests of its own now: take it out"


def test_every_verb_is_typed_end_to_end():
    text = (TESTS / "test_end_to_end.py").read_text(encoding="utf-8")
    assert [verb for verb in TYPED_END_TO_END if f'"{verb}"' not in text] == []
