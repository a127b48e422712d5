"""What a description of a processor says of bfloat16."""

import pytest

from mbert_cli.processor import bfloat16_instructions

DESCRIPTION = (
    "processor\t: 0\nmodel name\t: some processor\nflags\t\t: fpu vme {flags} sse2\n\nprocessor\t: 1\n"
)


@pytest.mark.parametrize(
    ("flags", "found"),
    [
        ("avx2 avx512f avx512_vnni", ""),
        ("avx512f avx512_bf16", "avx512_bf16"),
        ("avx512f avx512_bf16 amx_bf16 amx_tile", "amx_bf16"),
        ("not_amx_bf16", ""),
    ],
)
def test_the_fastest_instructions_that_a_processor_has_are_named(tmp_path, flags, found):
    path = tmp_path / "cpuinfo"
    path.write_text(DESCRIPTION.format(flags=flags))
    assert bfloat16_instructions(path) == found


def test_nothing_is_known_of_a_processor_that_nothing_describes(tmp_path):
    assert bfloat16_instructions(tmp_path / "cpuinfo") is None
    (tmp_path / "other").write_text("CPU implementer : 0x61\n")
    assert bfloat16_instructions(tmp_path / "other") is None
