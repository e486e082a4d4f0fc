"""Writes bitsandbytes-weights.safetensors: weights as bitsandbytes 0.50.2 stores them (torch 2.15.0), which bitsandbytes.test.ts reads.

Under `CASE/weight…` lies what `Linear4bit` and `Linear8bitLt` save, under `CASE/floats` what `dequantize_4bit` and `int8_vectorwise_dequant` make of it. Sizes are
odd, no multiples of a block, or enough for several blocks of scales. On a CPU with AVX-512, bitsandbytes 0.50.2 takes the scales of other blocks where a row is a
multiple of 16 and not of the block, which its CUDA kernels do not, so no row is. Seed 0. Run it with the Python of a proof (scripts/lib/transformers.mjs):
python __test__/models/bitsandbytes-weights.py
"""

from pathlib import Path

import bitsandbytes
import torch
from bitsandbytes.functional import dequantize_4bit, int8_vectorwise_dequant, int8_vectorwise_quant, quantize_4bit
from safetensors.torch import save_file

ODD, WHOLE, WIDE = (15, 9), (64, 128), (66, 128)
CASES = {
    "nf4-f32-64": (ODD, torch.float32, "nf4", 64, False),
    "nf4-bf16-64-double": (WHOLE, torch.bfloat16, "nf4", 64, True),
    "nf4-f16-32-double": (WIDE, torch.float16, "nf4", 32, True),
    "nf4-bf16-4096": (ODD, torch.bfloat16, "nf4", 4096, False),
    "fp4-f32-128-double": (ODD, torch.float32, "fp4", 128, True),
    "fp4-f16-64": (ODD, torch.float16, "fp4", 64, False),
    "fp4-bf16-32": (ODD, torch.bfloat16, "fp4", 32, False),
}
assert torch.__version__.startswith("2.15.0") and bitsandbytes.__version__ == "0.50.2"
torch.manual_seed(0)
tensors = {}
for name, (shape, dtype, kind, blocksize, double) in CASES.items():
    # Blocks of different sizes, so that the scale of another block is seen.
    weight = (torch.randn(shape) * torch.rand(shape[0], 1) * 3).to(dtype)
    packed, state = quantize_4bit(weight, blocksize=blocksize, compress_statistics=double, quant_type=kind)
    tensors[f"{name}/weight"] = packed
    for part, value in state.as_dict(packed=True).items():
        tensors[f"{name}/weight.{part}"] = value
    tensors[f"{name}/floats"] = dequantize_4bit(packed, state)
codes, scales, _ = int8_vectorwise_quant((torch.randn(ODD) * torch.rand(ODD[0], 1) * 3).to(torch.float16))
tensors["int8/weight"], tensors["int8/SCB"] = codes, scales
tensors["int8/weight_format"] = torch.tensor(0, dtype=torch.uint8)
tensors["int8/floats"] = int8_vectorwise_dequant(codes, scales)
path = Path(__file__).with_suffix(".safetensors")
save_file({key: value.contiguous() for key, value in tensors.items()}, path)
print(len(tensors), "tensors,", path.stat().st_size, "bytes")
