"""Prose paragraphs of the docstrings in Python source files.

Runs as a script of its own, so that several processes can share out many files: reads a JSON list of paths
from standard input and writes a JSON list with the paragraphs of each. Imports nothing but the standard
library, and no file that it reads.
"""

import ast
import gc
import inspect
import json
import re
import signal
import sys
import warnings
from collections.abc import Iterator

MIN_PROSE_WORDS = 8
MIN_WORD_SHARE = 0.8

_SCOPES = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
_ROLE = re.compile(r":[a-zA-Z][a-zA-Z:]*:\s?`~?!?([^`<]*?)\s*(?:<[^`>]*>)?`")
_LINK = re.compile(r"`([^`<>]+?)\s*<[^`>]+>`_{1,2}|\[([^\]]+)\]\([^)\s]+\)")
_REFERENCE = re.compile(r"\s*\[[\w#*-]{1,12}\]_|(?<=\w)`?_(?=[\s.,;:)])")
_QUOTING = re.compile(r"``?|\*\*")
_NOT_PROSE = re.compile(
    r">>>|^\.\. |::|\bdef \w+\(|\bimport \w+$|[{}|\\]|\w\s*=\s*\w.*\w\s*=\s*\w|---|===|~~~|\.\.\. |http\S{40}"
)
_WORD = re.compile(r"[\"'(]*[A-Za-z]+(?:['’-][A-Za-z]+)*[\"')]*[.,;:!?]*[\"')]*")
_BEGINS = re.compile(r"[\"'(]?[A-Z]")
_ENDS = re.compile(r"[.!?][\"')]*$")
_LIST_ITEM = re.compile(r"\s*(?:[-*+•]|\d+[.)]|[a-z][.)])\s+")


def prose_of_source(source: bytes) -> list[str]:
    """The prose paragraphs of all docstrings of a module, in source order; none if it is not valid Python."""
    if b'"""' not in source and b"'''" not in source:
        return []
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    return [paragraph for text in _docstrings(tree) for paragraph in prose_of_docstring(text)]


def prose_of_docstring(docstring: str) -> list[str]:
    """The paragraphs of a docstring that are sentences: no code, list of arguments, table or signature."""
    return [text for text in map(_plain, _blocks(inspect.cleandoc(docstring))) if _is_prose(text)]


def _docstrings(tree: ast.Module) -> Iterator[str]:
    stack: list[ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef] = [tree]
    while stack:
        body = stack.pop().body
        value = body[0].value if body and isinstance(body[0], ast.Expr) else None
        if isinstance(value, ast.Constant) and isinstance(value.value, str):
            yield value.value
        stack.extend(node for node in reversed(body) if isinstance(node, _SCOPES))


def _blocks(text: str) -> Iterator[str]:
    """Runs of lines with one indentation between blank lines; code fences and directives are left out."""
    for block in _indented_blocks(_without_code(text.expandtabs().splitlines())):
        if len(block) == 1 or not re.fullmatch(r"[=\-~^#*]{3,}", block[1].strip()):
            yield " ".join(block)


def _indented_blocks(lines: Iterator[str]) -> Iterator[list[str]]:
    block: list[str] = []
    indent = 0
    for line in lines:
        own = len(line) - len(line.lstrip())
        if block and (not line.strip() or own != indent):
            yield block
            block = []
        if line.strip():
            block.append(line.strip())
            indent = own
    if block:
        yield block


def _without_code(lines: list[str]) -> Iterator[str]:
    """Lines outside of ``` fences and of what is indented below a directive or a line that ends in `::`."""
    fenced, code_indent = False, -1
    for above, line in zip(["", *lines], lines, strict=False):
        stripped = line.strip()
        indent = len(line) - len(line.lstrip())
        is_underline = bool(not fenced and above.strip() and re.fullmatch("~+", stripped))
        if stripped.startswith(("```", "~~~")) and not is_underline:
            fenced = not fenced
            yield ""
            continue
        if stripped and code_indent >= 0 and indent <= code_indent:
            code_indent = -1
        if fenced or (code_indent >= 0 and stripped):
            yield ""
            continue
        if code_indent < 0 and (stripped.endswith("::") or stripped.startswith(".. ")):
            code_indent = indent
            yield ""
            continue
        yield line


def _plain(text: str) -> str:
    text = _ROLE.sub(r"\1", text)
    text = _LINK.sub(lambda match: match[1] or match[2], text)
    text = _QUOTING.sub("", _REFERENCE.sub("", text))
    return " ".join(text.split())


def _is_prose(text: str) -> bool:
    if not _BEGINS.match(text) or not _ENDS.search(text) or _LIST_ITEM.match(text) or _NOT_PROSE.search(text):
        return False
    tokens = text.split()
    words = sum(1 for token in tokens if _WORD.fullmatch(token))
    return words >= MIN_PROSE_WORDS and words >= MIN_WORD_SHARE * len(tokens)


def main() -> None:
    """Answers one request; see the module's docstring."""
    gc.disable()  # a syntax tree is many small objects without cycles: collecting doubles the time
    # Ctrl-C reaches all processes of a terminal; the one that asks has the word.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        paths = json.load(sys.stdin)
    except ValueError:  # the one that asks has ended amid the question
        sys.exit(1)
    result = []
    for path in paths:
        with open(path, "rb") as file:
            result.append(prose_of_source(file.read()))
    json.dump(result, sys.stdout)


if __name__ == "__main__":
    main()
