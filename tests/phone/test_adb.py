"""Which phone is meant, and what is said where there is none."""

from dataclasses import replace

import pytest

from mbert_cli.errors import RunError, UserError
from mbert_cli.phone.adb import Device, find_binary, find_device

PIXEL = Device("0A041", "Pixel 8", "Tensor G3", "15", 9)


def test_the_only_phone_is_found_and_described(phones):
    assert find_device("") == find_device("0A041") == PIXEL
    assert PIXEL.name == "Pixel 8, Tensor G3, Android 15"


def test_no_phone_is_said(phones, refused):
    phones.change(devices={})
    assert refused(UserError, find_device, "") == (
        "`mbert bench --adb` times artifacts on a phone. Received: no device on adb",
        "Plug one in with USB debugging switched on, and look for it with `adb devices`.",
    )


def test_of_several_phones_one_must_be_named(phones, refused):
    phones.change(devices={"0A041": "device", "emulator-5554": "device"})
    assert refused(UserError, find_device, "") == (
        "`mbert bench --adb` times artifacts on one phone. Received: 2 devices on adb",
        "Name one: --adb 0A041 or --adb emulator-5554.",
    )
    assert find_device("0A041") == PIXEL


def test_a_phone_that_nothing_can_be_done_with_does_not_count(phones):
    phones.change(devices={"0A041": "device", "emulator-5554": "offline"})
    assert find_device("") == PIXEL


def test_a_phone_that_is_not_there_is_told_which_are(phones, refused):
    assert refused(UserError, find_device, "0B") == (
        "`--adb SERIAL` names a phone that `adb devices` lists. Received: 0B; listed: 0A041",
        "Plug it in with USB debugging switched on, or `adb connect ADDRESS`.",
    )


@pytest.mark.parametrize(
    "state", ["unauthorized", "no permissions (user in plugdev group); see [http://developer.android.com]"]
)
def test_a_phone_that_does_not_let_adb_in_is_said(state, phones, refused):
    phones.change(devices={"0A041": state})
    assert refused(UserError, find_device, "") == (
        f"A phone lets adb in. Received: 0A041 is {state}",
        "Unlock it and allow USB debugging from this computer, or connect it again.",
    )


def test_a_phone_without_a_cable_may_have_blanks_in_its_name(phones, refused):
    name = "adb-0A041-x (2)._adb-tls-connect._tcp"
    phones.change(devices={name: "device"})
    assert find_device("") == find_device(name) == replace(PIXEL, serial=name)
    phones.change(devices={name: "device", "0A041": "device"})
    hint = refused(UserError, find_device, "")[1]
    assert hint == "Name one: --adb 'adb-0A041-x (2)._adb-tls-connect._tcp' or --adb 0A041."


def test_without_adb_its_package_is_named(tmp_path, monkeypatch, refused):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert refused(UserError, find_device, "") == (
        "`mbert bench --adb` needs adb, Android's tool to reach a phone. Received: none in PATH",
        "Install Android's platform tools, on Debian `apt-get install adb`.",
    )


def test_a_file_that_cannot_be_pushed_is_said_with_the_words_of_adb(phones, tmp_path, refused):
    phones.change(full=True)
    message, _ = refused(RunError, PIXEL.push, tmp_path / "a.tflite", "/data/local/tmp/a.tflite")
    assert message == (
        f"adb copies {tmp_path}/a.tflite to the phone. Received: exit code 1 and adb: error: failed to copy "
        f"'{tmp_path}/a.tflite' to '/data/local/tmp/a.tflite': remote No space left on device"
    )


@pytest.mark.usefixtures("empty_folder")
def test_without_the_program_for_phones_its_name_and_key_are_said(refused):
    assert refused(UserError, find_binary, None) == (
        "`mbert bench --adb` runs LiteRT's own benchmark for Android on the phone. Received: android_aarch64_benchmark_model, which is no file here",
        "Download android_aarch64_benchmark_model from LiteRT, and name it: --set bench.binary=FILE.",
    )
