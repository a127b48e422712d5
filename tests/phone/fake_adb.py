"""Stands in the place of adb: answers as it does, with a phone that is described in a JSON file.

    python tests/phone/fake_adb.py PHONES.json WORDS...

PHONES.json: {"devices": {serial: state}, "files": {}, "printed": {...}}. `printed` has what the benchmark on the phone
prints, and its exit code, with and without a profile. Commands that were run are appended to PHONES.json.calls.
"""

# ruff: noqa: T201 - adb prints

import json
import sys
from pathlib import Path

PROPERTIES = {"ro.product.model": "Pixel 8", "ro.soc.model": "Tensor G3", "ro.build.version.release": "15"}


def main(place: Path, words: list[str]) -> int:
    phones = json.loads(place.read_text())
    with Path(f"{place}.calls").open("a") as calls:
        calls.write(json.dumps(words) + "\n")
    if words == ["devices"]:
        print("adb server version (41) doesn't match this client (39); killing...", file=sys.stderr)
        print("* daemon not running; starting now at tcp:5037\n* daemon started successfully")
        print("List of devices attached")
        print("".join(f"{serial}\t{state}\n" for serial, state in phones["devices"].items()))
        return 0
    flag, serial, action, *rest = words
    assert flag == "-s"
    if phones["devices"].get(serial) != "device":
        print(f"adb: device '{serial}' not found", file=sys.stderr)
        return 1
    return push(phones, *rest) if action == "push" else shell(phones, *rest)


def push(phones: dict, source: str, target: str) -> int:
    if phones.get("full"):
        print(
            f"adb: error: failed to copy '{source}' to '{target}': remote No space left on device",
            file=sys.stderr,
        )
        return 1
    print(f"{source}: 1 file pushed, 0 skipped. 35.2 MB/s ({Path(source).stat().st_size} bytes in 0.031s)")
    return 0


def shell(phones: dict, line: str) -> int:
    first, *others = line.split()
    if first == "getprop":
        print(PROPERTIES[others[0]] + "\r")
    elif first == "nproc":
        print("9\r")
    elif "benchmark_model" in line and first not in {"chmod", "rm"}:
        text, code = phones["printed"]["profiled" if "--enable_op_profiling=true" in line else "timed"]
        print(text)
        return code
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
