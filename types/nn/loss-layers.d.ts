// Generated from src/nn/loss-layers.ts by `npm run api`. Do not edit.

import type { Tensor } from '../tensor/tensor.js'
import type { BinaryCrossEntropyOptions, BinaryCrossEntropyWithLogitsOptions } from './functional/binary-losses.js'
import type {
  CrossEntropyOptions,
  KlDivOptions,
  MseLossOptions,
  NllLossOptions,
  Reduction,
} from './functional/losses.js'
import { Module } from './module.js'
import type { OptionSchema } from '../runtime/check-options.js'
import type { HuberLossOptions, L1LossOptions, SmoothL1LossOptions } from './functional/regression-losses.js'
import type { CosineSimilarityOptions, MarginOptions, TripletMarginLossOptions } from './functional/similarity.js'
/** The base class of the losses: it checks the options when the module is made. */
declare abstract class Loss<
  Options extends {
    reduction?: Reduction | 'batchmean'
  },
> extends Module {
  /** The options as given. */
  readonly options: Readonly<Options>
  constructor(owner: string, options: Options, schema: OptionSchema)
  /** Registers a weight as a buffer, as in PyTorch: it is saved and converted with the model. */
  protected buffer(name: string, weight: Tensor | null | undefined): Tensor | null
}
/** Options of {@link CrossEntropyLoss}. */
export type CrossEntropyLossOptions = Omit<CrossEntropyOptions, 'tokenWeights'>
/** {@link crossEntropy} as a module. */
export declare class CrossEntropyLoss extends Loss<CrossEntropyLossOptions> {
  /** Class weights, a buffer. */
  weight: Tensor | null
  constructor(options?: CrossEntropyLossOptions)
  forward(logits: Tensor, target: Tensor): Tensor
}
/** {@link nllLoss} as a module. */
export declare class NLLLoss extends Loss<NllLossOptions> {
  /** Class weights, a buffer. */
  weight: Tensor | null
  constructor(options?: NllLossOptions)
  forward(logProbabilities: Tensor, target: Tensor): Tensor
}
/** {@link klDiv} as a module. */
export declare class KLDivLoss extends Loss<KlDivOptions> {
  constructor(options?: KlDivOptions)
  forward(input: Tensor, target: Tensor): Tensor
}
/** {@link mseLoss} as a module. */
export declare class MSELoss extends Loss<MseLossOptions> {
  constructor(options?: MseLossOptions)
  forward(input: Tensor, target: Tensor): Tensor
}
/** {@link l1Loss} as a module. */
export declare class L1Loss extends Loss<L1LossOptions> {
  constructor(options?: L1LossOptions)
  forward(input: Tensor, target: Tensor): Tensor
}
/** {@link smoothL1Loss} as a module. */
export declare class SmoothL1Loss extends Loss<SmoothL1LossOptions> {
  constructor(options?: SmoothL1LossOptions)
  forward(input: Tensor, target: Tensor): Tensor
}
/** {@link huberLoss} as a module. */
export declare class HuberLoss extends Loss<HuberLossOptions> {
  constructor(options?: HuberLossOptions)
  forward(input: Tensor, target: Tensor): Tensor
}
/** {@link binaryCrossEntropy} as a module. */
export declare class BCELoss extends Loss<BinaryCrossEntropyOptions> {
  /** Element weights, a buffer. */
  weight: Tensor | null
  constructor(options?: BinaryCrossEntropyOptions)
  forward(input: Tensor, target: Tensor): Tensor
}
/** {@link binaryCrossEntropyWithLogits} as a module. */
export declare class BCEWithLogitsLoss extends Loss<BinaryCrossEntropyWithLogitsOptions> {
  /** Element weights, a buffer. */
  weight: Tensor | null
  /** Weight of positive targets; named after PyTorch's state-dict key. */
  pos_weight: Tensor | null
  constructor(options?: BinaryCrossEntropyWithLogitsOptions)
  forward(input: Tensor, target: Tensor): Tensor
}
/** {@link cosineEmbeddingLoss} as a module. */
export declare class CosineEmbeddingLoss extends Loss<MarginOptions> {
  constructor(options?: MarginOptions)
  forward(a: Tensor, b: Tensor, target: Tensor): Tensor
}
/** {@link marginRankingLoss} as a module. */
export declare class MarginRankingLoss extends Loss<MarginOptions> {
  constructor(options?: MarginOptions)
  forward(a: Tensor, b: Tensor, target: Tensor): Tensor
}
/** {@link tripletMarginLoss} as a module. */
export declare class TripletMarginLoss extends Loss<TripletMarginLossOptions> {
  constructor(options?: TripletMarginLossOptions)
  forward(anchor: Tensor, positive: Tensor, negative: Tensor): Tensor
}
/** {@link cosineSimilarity} as a module. */
export declare class CosineSimilarity extends Module {
  readonly dim: number
  readonly eps: number
  constructor(options?: CosineSimilarityOptions)
  forward(a: Tensor, b: Tensor): Tensor
}
export {}
