// Layers as functions, under PyTorch's names and argument order.
export { embedding, linear } from './linear.js'
export type { EmbeddingOptions } from './linear.js'
export { scaledDotProductAttention } from './attention.js'
export type { AttentionOptions } from './attention.js'
export { conv1d, conv2d, conv3d, convTranspose1d, convTranspose2d, convTranspose3d, pad } from './conv.js'
export { linearCrossEntropy } from './linear-cross-entropy.js'
export type { LinearCrossEntropyOptions } from './linear-cross-entropy.js'
export { crossEntropy, klDiv, mseLoss, nllLoss } from './losses.js'
export type {
  CrossEntropyOptions,
  KlDivOptions,
  MseLossOptions,
  NllLossOptions,
  Reduction,
  ReductionOptions,
} from './losses.js'
export {
  elu,
  gelu,
  glu,
  hardswish,
  hardtanh,
  leakyRelu,
  logSigmoid,
  logSoftmax,
  mish,
  prelu,
  relu,
  relu6,
  sigmoid,
  silu,
  siluMul,
  softmax,
  softplus,
  tanh,
} from './activations.js'
export { dropout, dropout1d, dropout2d, dropout3d } from './dropout.js'
export { interpolate } from './interpolate.js'
export { layerNorm, rmsNorm } from './layer-norm.js'
export { batchNorm, groupNorm, instanceNorm } from './norm.js'
export {
  adaptiveAvgPool1d,
  adaptiveAvgPool2d,
  adaptiveAvgPool3d,
  adaptiveMaxPool1d,
  adaptiveMaxPool1dWithIndices,
  adaptiveMaxPool2d,
  adaptiveMaxPool2dWithIndices,
  adaptiveMaxPool3d,
  adaptiveMaxPool3dWithIndices,
  avgPool1d,
  avgPool2d,
  avgPool3d,
  maxPool1d,
  maxPool1dWithIndices,
  maxPool2d,
  maxPool2dWithIndices,
  maxPool3d,
  maxPool3dWithIndices,
} from './pooling.js'
export { pixelShuffle, pixelUnshuffle } from './pixel-shuffle.js'
export { huberLoss, l1Loss, smoothL1Loss } from './regression-losses.js'
export type { HuberLossOptions, L1LossOptions, SmoothL1LossOptions } from './regression-losses.js'
export { binaryCrossEntropy, binaryCrossEntropyWithLogits } from './binary-losses.js'
export type { BinaryCrossEntropyOptions, BinaryCrossEntropyWithLogitsOptions } from './binary-losses.js'
export {
  cosineEmbeddingLoss,
  cosineSimilarity,
  marginRankingLoss,
  normalize,
  pairwiseDistance,
  tripletMarginLoss,
} from './similarity.js'
export type {
  CosineSimilarityOptions,
  MarginOptions,
  NormalizeOptions,
  PairwiseDistanceOptions,
  TripletMarginLossOptions,
} from './similarity.js'
export { oneHot } from './one-hot.js'
