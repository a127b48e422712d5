"""Runs a .tflite file on LiteRT's GPU accelerator, in a process of its own: the accelerator may end it.

    python tests/tflite/accelerator_worker.py MODEL.tflite INPUTS.npz OUTPUTS.npz [gpu|gpu,cpu]

INPUTS holds an array (rows, length) for each input of the signature of that length; OUTPUTS gets an array (rows, ...) for each output,
and `fully_accelerated`. With `gpu,cpu` the CPU computes what the accelerator does not take.
"""

import sys

import numpy as np
from ai_edge_litert.compiled_model import CompiledModel
from ai_edge_litert.hardware_accelerator import HardwareAccelerator
from ai_edge_litert.options import GpuOptions, Options


def main(model_path: str, inputs_path: str, outputs_path: str, accelerators: str = "gpu") -> None:
    wanted = HardwareAccelerator(0)
    for name in accelerators.split(","):
        wanted |= HardwareAccelerator[name.upper()]
    options = Options(hardware_accelerators=wanted, gpu_options=GpuOptions(enforce_f32=True))
    model = CompiledModel.from_file(model_path, options=options)
    rows = np.load(inputs_path)
    signatures = model.get_signature_list()
    lengths = {model.get_input_tensor_details(key)["ids"]["shape"][1]: key for key in signatures}
    key = lengths[rows["ids"].shape[1]]
    signature, details = signatures[key], model.get_output_tensor_details(key)
    inputs = {name: model.create_input_buffer_by_name(key, name) for name in signature["inputs"]}
    outputs = {name: model.create_output_buffer_by_name(key, name) for name in signature["outputs"]}
    results: dict[str, list[np.ndarray]] = {name: [] for name in outputs}
    for row in range(len(rows["ids"])):
        for name, buffer in inputs.items():
            buffer.write(rows[name][row : row + 1].astype(np.int32))
        model.run_by_name(key, inputs, outputs)
        for name, buffer in outputs.items():
            shape = details[name]["shape"]
            results[name].append(buffer.read(int(np.prod(shape)), np.float32).reshape(shape)[0])
    arrays = {name: np.stack(values) for name, values in results.items()}
    np.savez(outputs_path, fully_accelerated=model.is_fully_accelerated(), **arrays)


if __name__ == "__main__":
    main(*sys.argv[1:])
