"""Python's own reader of GGUF files: the numbers of some tensors, dequantised, as a safetensors file."""

import sys

import numpy as np
from gguf import GGUFReader, dequantize
from safetensors.numpy import save_file

path, out, *names = sys.argv[1:]
reader = GGUFReader(path)
tensors = {}
for tensor in reader.tensors:
    if tensor.name in names:
        values = dequantize(tensor.data, tensor.tensor_type).astype(np.float32)
        tensors[tensor.name] = np.ascontiguousarray(values.reshape(tuple(int(n) for n in reversed(tensor.shape))))
types = {tensor.name: tensor.tensor_type.name for tensor in reader.tensors}
fields = {key: str(field.contents()) for key, field in reader.fields.items() if not key.startswith("tokenizer.ggml.")}
save_file(tensors, out, metadata={"types": repr(types), "architecture": fields["general.architecture"]})
