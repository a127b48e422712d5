"""A phone on adb: artifacts are pushed to it and timed there with LiteRT's own benchmark."""

import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path

from mbert_cli.errors import RunError, UserError
from mbert_cli.phone.benchmark_command import BENCHMARK_BINARY
from mbert_cli.phone.benchmark_log import last_lines

_PROPERTIES = {"model": "ro.product.model", "chip": "ro.soc.model", "android": "ro.build.version.release"}


@dataclass(frozen=True)
class Device:
    """A phone, or an emulator of one.

    Attributes:
        serial: What adb calls it.
        model: Its name, such as "Pixel 8".
        chip: Its system on a chip, such as "Tensor G3"; "" where Android does not say.
        android: Version of Android.
        cores: Those that a process may use.
    """

    serial: str
    model: str
    chip: str
    android: str
    cores: int

    @property
    def name(self) -> str:
        """The same in words."""
        return ", ".join(filter(None, [self.model or self.serial, self.chip, f"Android {self.android}"]))

    def push(self, source: Path, target: str) -> None:
        """Copies a file there.

        Raises:
            RunError: adb could not.
        """
        _adb("-s", self.serial, "push", str(source), target, action=f"copies {source} to the phone")

    def shell(self, *words: str) -> str:
        """Runs a command there: all that it prints.

        Args:
            words: The command, none of which the shell of the phone reads twice.

        Raises:
            RunError: It failed, with its last lines.
        """
        line = " ".join(words)
        return _adb("-s", self.serial, "shell", line, action=f"runs `{line}` on the phone")


def find_device(serial: str) -> Device:
    """The phone with a serial, or the one that is there where it is "".

    Raises:
        UserError: There is no adb, no phone, or several; or adb may not use it.
    """
    states = _attached()
    ready = [name for name, state in states.items() if state == "device"]
    if serial and serial not in states:
        raise UserError(
            f"`--adb SERIAL` names a phone that `adb devices` lists. Received: {serial}; listed: "
            f"{', '.join(states) or 'none'}",
            "Plug it in with USB debugging switched on, or `adb connect ADDRESS`.",
        )
    if not states:
        raise UserError(
            "`mbert bench --adb` times artifacts on a phone. Received: no device on adb",
            "Plug one in with USB debugging switched on, and look for it with `adb devices`.",
        )
    chosen = [serial] if serial else list(states)
    if len(chosen) > 1 and len(ready) != 1:
        raise UserError(
            f"`mbert bench --adb` times artifacts on one phone. Received: {len(chosen)} devices on adb",
            f"Name one: {' or '.join(f'--adb {shlex.quote(name)}' for name in ready or chosen)}.",
        )
    name = serial or next(iter(ready), chosen[0])
    if states[name] != "device":
        raise UserError(
            f"A phone lets adb in. Received: {name} is {states[name]}",
            "Unlock it and allow USB debugging from this computer, or connect it again.",
        )
    return _describe(name)


def find_binary(path: str | None) -> Path:
    """LiteRT's benchmark for phones: the file that is named, or the one in the current folder.

    Raises:
        UserError: There is none.
    """
    chosen = Path(path or BENCHMARK_BINARY)
    if not chosen.is_file():
        raise UserError(
            "`mbert bench --adb` runs LiteRT's own benchmark for Android on the phone. "
            f"Received: {chosen}, which is no file here",
            f"Download {BENCHMARK_BINARY} from LiteRT, and name it: --set bench.binary=FILE.",
        )
    return chosen


def _describe(serial: str) -> Device:
    found = {
        key: _adb("-s", serial, "shell", f"getprop {name}", action="asks the phone for its name").strip()
        for key, name in _PROPERTIES.items()
    }
    cores = _adb("-s", serial, "shell", "nproc", action="asks the phone for its cores").strip()
    return Device(
        serial, found["model"], found["chip"], found["android"], int(cores) if cores.isdigit() else 0
    )


def _attached() -> dict[str, str]:
    """State of each device by its serial: `device` where it can be used."""
    listed = _adb("devices", action="lists phones")
    rows = [
        line.rstrip().split("\t", 1) for line in listed.splitlines()
    ]  # what adb says of itself has no tabs
    return {row[0]: row[1] for row in rows if len(row) > 1}


def _adb(*words: str, action: str) -> str:
    """What adb prints, and what the program on the phone printed.

    Raises:
        UserError: It is not installed.
        RunError: It failed.
    """
    try:
        process = subprocess.run(
            ["adb", *words], check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            encoding="utf-8", errors="replace", stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except FileNotFoundError:
        raise UserError(
            "`mbert bench --adb` needs adb, Android's tool to reach a phone. Received: none in PATH",
            "Install Android's platform tools, on Debian `apt-get install adb`.",
        ) from None
    if process.returncode:
        raise RunError(
            f"adb {action}. Received: exit code {process.returncode} and {last_lines(process.stdout)}",
            "Exit codes above 128 are signals on the phone; 137 often means that its memory ran out."
            if process.returncode > 128
            else "`adb devices` says whether the phone is still there; its storage may be full.",
        )
    return process.stdout
