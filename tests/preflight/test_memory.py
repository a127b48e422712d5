"""How much memory there is, and whether an estimate fits into it."""

from mbert_cli.preflight import memory


def test_the_limit_of_a_container_is_the_memory(monkeypatch, tmp_path):
    (tmp_path / "memory.max").write_text("2000000000\n")
    (tmp_path / "unlimited").write_text("max\n")
    monkeypatch.setattr(memory, "_LIMITS", [str(tmp_path / "unlimited"), str(tmp_path / "absent")])
    whole = memory.machine_bytes()
    monkeypatch.setattr(memory, "_LIMITS", [str(tmp_path / "memory.max")])
    assert (memory.machine_bytes(), whole > 2_000_000_000) == (2_000_000_000, True)


def test_memory_of_an_accelerator_is_not_that_of_the_machine(monkeypatch, tmp_path):
    monkeypatch.setattr(memory, "_ACCELERATORS", [str(tmp_path / "gpus" / "*")])
    assert not memory.computes_on_accelerator()
    (tmp_path / "gpus" / "0000:00").mkdir(parents=True)
    assert memory.computes_on_accelerator()
    assert memory.judge_memory(10**13, 32, "batches")[1] is False
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
    assert not memory.computes_on_accelerator()
