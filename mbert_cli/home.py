"""The home directory: where caches go, and what libraries get where there is none.

A container that runs under any user id has neither a home directory nor a name for its user. Some libraries
ask for one while they are imported and fail.
"""

import atexit
import glob
import os
import shutil
import tempfile
from pathlib import Path

from mbert_cli.errors import UserError

CACHE_VARIABLE = "XDG_CACHE_HOME"


def home_folder() -> Path | None:
    """The person's home directory; None where there is none, or only the name of one."""
    folder = os.path.expanduser("~")  # raises nothing, where Path.home() does
    if folder == "~" or not os.environ.get("HOME", folder):
        return None
    path = Path(folder)
    return path if path.is_dir() and path != _lent else None


def hint_of_home(path: str | Path, is_pattern: bool = False) -> str:
    """What to write in place of a path that begins with `~`, which a shell writes out and a recipe does not.

    Args:
        path: What a recipe says, and where nothing is.
        is_pattern: Whether it may be a pattern of several.

    Returns:
        A hint; empty where nothing is in the home directory either.
    """
    meant = os.path.expanduser(path)
    is_there = os.path.exists(meant) or (is_pattern and any(glob.iglob(str(meant), recursive=True)))
    if meant == str(path) or not is_there:
        return ""
    return f"Write {meant}: ~ is the home directory to a shell alone, and not behind =."


def cache_root() -> Path | None:
    """Where programs may keep what can be made again; None where nothing can be kept.

    That is `$XDG_CACHE_HOME`, or what the system has for it in an existing home directory: `.cache` on Linux,
    `Library/Caches` on macOS.
    """
    import platformdirs

    is_named = os.path.isabs(os.environ.get(CACHE_VARIABLE, ""))
    return platformdirs.user_cache_path() if is_named or home_folder() else None


def own_cache(name: str) -> Path | None:
    """A folder of ours in it: `mbert/NAME`; None where nothing can be kept."""
    root = cache_root()
    return root / "mbert" / name if root else None


def require_home() -> None:
    """Checks that there is a place for a shell's completion, which typer writes.

    Raises:
        UserError: There is no home directory.
    """
    if home_folder() is None:
        raise UserError(
            f"Completion is installed in a home directory. Received: HOME={os.environ.get('HOME', '')}",
            "Set HOME to a folder, or let `mbert --show-completion` print it.",
        )


def lend_home() -> None:
    """Gives libraries an empty home directory for this process where there is none."""
    global _lent  # noqa: PLW0603 - one home directory a process
    if home_folder() is None and _lent is None:
        _lent = temporary_folder()
        os.environ["HOME"] = str(_lent)


def lend_cache(variable: str, program: str) -> None:
    """Gives a library a folder for this process where its own place for caches cannot be written.

    Args:
        variable: The environment variable that the library reads its folder from.
        program: Name of its folder among the caches.
    """
    if os.environ.get(variable):
        return
    root = cache_root()
    if root is None or not os.access(nearest_folder(root / program), os.W_OK):
        os.environ[variable] = str(temporary_folder())


def nearest_folder(path: Path) -> Path:
    """The folder, or the nearest one above it that is there."""
    path = path.absolute()
    return next(folder for folder in (path, *path.parents) if folder.is_dir())


def temporary_folder() -> Path:
    """An empty folder that is removed when the process ends."""
    folder = Path(tempfile.mkdtemp(prefix="mbert-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


_lent: Path | None = None
