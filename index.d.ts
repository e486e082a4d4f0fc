// Generated from src/index.ts by `npm run api`. Do not edit.

export { arange, cat, full, ones, rand, randn, stack, tensor, tensorAsync, where, zeros } from './types/tensor/make.js'
export { Tensor } from './types/tensor/tensor.js'
export type { MakeOptions, RandomOptions, TensorLike, TensorOptions } from './types/tensor/make.js'
export type { Dtype } from './types/tensor/tensor.js'
export { einsum } from './types/tensor/einsum.js'
export {
  allclose,
  equal,
  eye,
  fullLike,
  linspace,
  meshgrid,
  multinomial,
  onesLike,
  zerosLike,
} from './types/tensor/functions.js'
export type { MultinomialOptions, SortOptions, TopkOptions } from './types/tensor/ordering.js'
export type { Nested, TensorData } from './types/tensor/values.js'
export type { Index } from './types/tensor/indexing.js'
export { enableGrad, isGradEnabled, keep, noGrad, scope } from './types/tensor/scope.js'
export { anomaly, setAnomalyMode } from './types/autograd/anomaly.js'
export { checkpoint } from './types/autograd/checkpoint.js'
export { Function } from './types/autograd/function.js'
export type { FunctionContext, Gradients } from './types/autograd/function.js'
export { grad } from './types/autograd/grad.js'
export type { GradOptions } from './types/autograd/grad.js'
export { gradcheck } from './types/autograd/gradcheck.js'
export type { GradcheckOptions } from './types/autograd/gradcheck.js'
export { HookHandle } from './types/tensor/hook-handle.js'
export type { BackwardOptions, GradientHook } from './types/tensor/backward.js'
export { getFloat32MatmulPrecision, setFloat32MatmulPrecision } from './types/runtime/precision.js'
export type { Float32MatmulPrecision } from './types/runtime/precision.js'
export { Generator, getRngState, manualSeed, setRngState } from './types/runtime/random.js'
export { Stream, stream } from './types/runtime/stream.js'
export type { StreamOptions } from './types/runtime/stream.js'
export { backend, memory } from './types/runtime/memory.js'
export { settle } from './types/tensor/settle.js'
export type { CudaReport } from './types/native/cuda.js'
export type { Backend, BackendOptions, KindCount, MemoryReport } from './types/runtime/memory.js'
export { DataLoader } from './types/data/loader/index.js'
export { load, loadHeader } from './types/io/load.js'
export { save } from './types/io/safetensors.js'
export { loadGgufHeader } from './types/io/gguf/header.js'
export { GgufWriter, saveGguf } from './types/io/gguf/writer.js'
export type { GgufField, GgufHeader, GgufType, GgufValue } from './types/io/gguf/header.js'
export type { GgufDtype, GgufTensorInfo, GgufWriterOptions, SaveGgufOptions } from './types/io/gguf/writer.js'
export type { SaveFileOptions } from './types/io/safetensors.js'
export type { FileHeader, LoadOptions } from './types/io/load.js'
export type { TorchObject, TorchValue } from './types/io/object.js'
export { convert } from './types/peft/convert.js'
export type { Conversion, ConvertOptions } from './types/peft/convert.js'
export type { ConversionLoss } from './types/io/conversion-loss.js'
export type { AdapterFormat } from './types/peft/read-adapter.js'
export * from './types/lora/index.js'
export {
  AbortedError,
  AsyncError,
  BacklogError,
  DeviceError,
  DisposedError,
  DtypeError,
  FileError,
  FormatError,
  GradError,
  IndexError,
  InternalError,
  KeyError,
  LoraError,
  MemoryError,
  NonFiniteError,
  OptionError,
  ShapeError,
  ThreadError,
  UnsupportedError,
} from './types/errors.js'
export type { ErrorCode, ErrorParts } from './types/errors.js'
export * as nn from './types/nn/index.js'
export * as optim from './types/optim/index.js'
export * as models from './types/models/index.js'
export * as generation from './types/generation/index.js'
export * as metrics from './types/metrics/index.js'
export * as data from './types/data/index.js'
export * as peft from './types/peft/index.js'
export * as adapters from './types/adapters/index.js'
export * as train from './types/train/index.js'
export * as tokenizers from './types/tokenizer/index.js'
export * as hub from './types/hub/index.js'
