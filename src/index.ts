// The whole public surface: named exports in groups, nothing computed.

// Tensors
export { arange, cat, full, ones, rand, randn, stack, tensor, tensorAsync, where, zeros } from './tensor/make.js'
export { Tensor } from './tensor/tensor.js'
export type { MakeOptions, RandomOptions, TensorLike, TensorOptions } from './tensor/make.js'
export type { Dtype } from './tensor/tensor.js'
export { einsum } from './tensor/einsum.js'
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
} from './tensor/functions.js'
export type { MultinomialOptions, SortOptions, TopkOptions } from './tensor/ordering.js'
export type { Nested, TensorData } from './tensor/values.js'
export type { Index } from './tensor/indexing.js'
export { enableGrad, isGradEnabled, keep, noGrad, scope } from './tensor/scope.js'

// Gradients
export { anomaly, setAnomalyMode } from './autograd/anomaly.js'
export { checkpoint } from './autograd/checkpoint.js'
export { Function } from './autograd/function.js'
export type { FunctionContext, Gradients } from './autograd/function.js'
export { grad } from './autograd/grad.js'
export type { GradOptions } from './autograd/grad.js'
export { gradcheck } from './autograd/gradcheck.js'
export type { GradcheckOptions } from './autograd/gradcheck.js'
export { HookHandle } from './tensor/hook-handle.js'
export type { BackwardOptions, GradientHook } from './tensor/backward.js'

// Precision, random numbers, streams, memory
export { getFloat32MatmulPrecision, setFloat32MatmulPrecision } from './runtime/precision.js'
export type { Float32MatmulPrecision } from './runtime/precision.js'
export { Generator, getRngState, manualSeed, setRngState } from './runtime/random.js'
export { Stream, stream } from './runtime/stream.js'
export type { StreamOptions } from './runtime/stream.js'
export { backend, memory } from './runtime/memory.js'
export { settle } from './tensor/settle.js'
export type { CudaReport } from './native/cuda.js'
export type { Backend, BackendOptions, KindCount, MemoryReport } from './runtime/memory.js'

// Data
export { DataLoader } from './data/loader/index.js'

// Files
export { load, loadHeader } from './io/load.js'
export { save } from './io/safetensors.js'
export { loadGgufHeader } from './io/gguf/header.js'
export { GgufWriter, saveGguf } from './io/gguf/writer.js'
export type { GgufField, GgufHeader, GgufType, GgufValue } from './io/gguf/header.js'
export type { GgufDtype, GgufTensorInfo, GgufWriterOptions, SaveGgufOptions } from './io/gguf/writer.js'
export type { SaveFileOptions } from './io/safetensors.js'
export type { FileHeader, LoadOptions } from './io/load.js'
export type { TorchObject, TorchValue } from './io/object.js'
export { convert } from './peft/convert.js'
export type { Conversion, ConvertOptions } from './peft/convert.js'
export type { ConversionLoss } from './io/conversion-loss.js'
export type { AdapterFormat } from './peft/read-adapter.js'

// loralib
export * from './lora/index.js'

// Errors
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
} from './errors.js'
export type { ErrorCode, ErrorParts } from './errors.js'

// Namespaces
export * as nn from './nn/index.js'
export * as optim from './optim/index.js'
export * as models from './models/index.js'
export * as generation from './generation/index.js'
export * as metrics from './metrics/index.js'
export * as data from './data/index.js'
export * as peft from './peft/index.js'
export * as adapters from './adapters/index.js'
export * as train from './train/index.js'
export * as tokenizers from './tokenizer/index.js'
export * as hub from './hub/index.js'
