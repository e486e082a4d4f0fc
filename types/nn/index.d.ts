// Generated from src/nn/index.ts by `npm run api`. Do not edit.

export { Module, parameter } from './module.js'
export type { LoadReport, StateDict } from './module.js'
export { Linear, TransposedLinear } from './linear.js'
export type { LinearOptions } from './linear.js'
export { Conv1d, Conv2d, Conv3d } from './conv.js'
export type { ConvOptions } from './conv.js'
export type { ConvFunctionalOptions, ConvGeometry, PaddingMode } from './functional/conv-geometry.js'
export { ConvTranspose1d, ConvTranspose2d, ConvTranspose3d } from './conv-transpose.js'
export type { ConvTransposeOptions } from './conv-transpose.js'
export type { ConvTransposeFunctionalOptions, ConvTransposeGeometry } from './functional/conv-transpose.js'
export { Embedding } from './embedding.js'
export type { EmbeddingLayerOptions } from './embedding.js'
export { MultiheadAttention } from './multihead-attention.js'
export type { MultiheadAttentionForwardOptions, MultiheadAttentionOptions } from './multihead-attention.js'
export { LayerNorm } from './layer-norm.js'
export type { LayerNormOptions } from './layer-norm.js'
export { RMSNorm } from './rms-norm.js'
export type { RMSNormOptions } from './rms-norm.js'
export { Dropout, Dropout1d, Dropout2d, Dropout3d } from './dropout.js'
export { BatchNorm1d, BatchNorm2d, BatchNorm3d } from './batch-norm.js'
export { GroupNorm } from './group-norm.js'
export type { GroupNormOptions } from './group-norm.js'
export { InstanceNorm1d, InstanceNorm2d, InstanceNorm3d } from './instance-norm.js'
export type { RunningNormOptions } from './running-norm.js'
export {
  AdaptiveAvgPool1d,
  AdaptiveAvgPool2d,
  AdaptiveAvgPool3d,
  AdaptiveMaxPool1d,
  AdaptiveMaxPool2d,
  AdaptiveMaxPool3d,
  AvgPool1d,
  AvgPool2d,
  AvgPool3d,
  MaxPool1d,
  MaxPool2d,
  MaxPool3d,
} from './pooling.js'
export type { AvgPoolOptions, MaxPoolOptions, OutputSize } from './functional/pooling.js'
export { Upsample } from './upsample.js'
export type { InterpolateMode, InterpolateOptions } from './functional/interpolate.js'
export { Flatten, PixelShuffle, PixelUnshuffle, Unflatten } from './reshaping.js'
export type { PerDimension } from './functional/spatial.js'
export { ModuleDict, ModuleList, Sequential } from './containers.js'
export { TransformerEncoder, TransformerEncoderLayer } from './transformer.js'
export type {
  TransformerEncoderForwardOptions,
  TransformerEncoderLayerForwardOptions,
  TransformerEncoderLayerOptions,
  TransformerEncoderOptions,
} from './transformer.js'
export {
  ELU,
  GELU,
  GLU,
  Hardswish,
  Hardtanh,
  Identity,
  LeakyReLU,
  LogSigmoid,
  LogSoftmax,
  Mish,
  PReLU,
  ReLU,
  ReLU6,
  Sigmoid,
  SiLU,
  Softmax,
  Softplus,
  Tanh,
} from './activations.js'
export type { GELUOptions, PReLUOptions } from './activations.js'
export {
  BCELoss,
  BCEWithLogitsLoss,
  CosineEmbeddingLoss,
  CosineSimilarity,
  CrossEntropyLoss,
  HuberLoss,
  KLDivLoss,
  L1Loss,
  MarginRankingLoss,
  MSELoss,
  NLLLoss,
  SmoothL1Loss,
  TripletMarginLoss,
} from './loss-layers.js'
export type { FloatDtype, PlacementOptions } from '../runtime/options.js'
export * as functional from './functional/index.js'
export * as init from './init.js'
