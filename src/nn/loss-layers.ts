// Losses as modules. Each holds the options of the function of the same name, where the formula is documented.
import { checkOptions } from '../runtime/check-options.js'
import { schemas } from '../runtime/tables.js'
import type { Tensor } from '../tensor/tensor.js'
import { binaryCrossEntropy, binaryCrossEntropyWithLogits } from './functional/binary-losses.js'
import type { BinaryCrossEntropyOptions, BinaryCrossEntropyWithLogitsOptions } from './functional/binary-losses.js'
import { crossEntropy, klDiv, mseLoss, nllLoss } from './functional/losses.js'
import type {
  CrossEntropyOptions,
  KlDivOptions,
  MseLossOptions,
  NllLossOptions,
  Reduction,
} from './functional/losses.js'
import { Module } from './module.js'
import type { OptionSchema } from '../runtime/check-options.js'
import { huberLoss, l1Loss, smoothL1Loss } from './functional/regression-losses.js'
import type { HuberLossOptions, L1LossOptions, SmoothL1LossOptions } from './functional/regression-losses.js'
import { cosineEmbeddingLoss, cosineSimilarity, marginRankingLoss, tripletMarginLoss } from './functional/similarity.js'
import type { CosineSimilarityOptions, MarginOptions, TripletMarginLossOptions } from './functional/similarity.js'

/** The base class of the losses: it checks the options when the module is made. */
abstract class Loss<Options extends { reduction?: Reduction | 'batchmean' }> extends Module {
  /** The options as given. */
  readonly options: Readonly<Options>

  constructor(owner: string, options: Options, schema: OptionSchema) {
    super()
    checkOptions(owner, options, schema)
    this.options = { ...options }
  }

  /** Registers a weight as a buffer, as in PyTorch: it is saved and converted with the model. */
  protected buffer(name: string, weight: Tensor | null | undefined): Tensor | null {
    if (weight) this.registerBuffer(name, weight)
    return weight ?? null
  }
}

/** Options of {@link CrossEntropyLoss}. */
export type CrossEntropyLossOptions = Omit<CrossEntropyOptions, 'tokenWeights'>

/** {@link crossEntropy} as a module. */
export class CrossEntropyLoss extends Loss<CrossEntropyLossOptions> {
  /** Class weights, a buffer. */
  weight: Tensor | null

  constructor(options: CrossEntropyLossOptions = {}) {
    super('nn.CrossEntropyLoss', options, schemas.CrossEntropyLossOptions)
    this.weight = this.buffer('weight', options.weight)
  }

  override forward(logits: Tensor, target: Tensor): Tensor {
    return crossEntropy(logits, target, { ...this.options, weight: this.weight })
  }
}

/** {@link nllLoss} as a module. */
export class NLLLoss extends Loss<NllLossOptions> {
  /** Class weights, a buffer. */
  weight: Tensor | null

  constructor(options: NllLossOptions = {}) {
    super('nn.NLLLoss', options, schemas.NllLossOptions)
    this.weight = this.buffer('weight', options.weight)
  }

  override forward(logProbabilities: Tensor, target: Tensor): Tensor {
    return nllLoss(logProbabilities, target, { ...this.options, weight: this.weight })
  }
}

/** {@link klDiv} as a module. */
export class KLDivLoss extends Loss<KlDivOptions> {
  constructor(options: KlDivOptions = {}) {
    super('nn.KLDivLoss', options, schemas.KlDivOptions)
  }

  override forward(input: Tensor, target: Tensor): Tensor {
    return klDiv(input, target, this.options)
  }
}

/** {@link mseLoss} as a module. */
export class MSELoss extends Loss<MseLossOptions> {
  constructor(options: MseLossOptions = {}) {
    super('nn.MSELoss', options, schemas.MseLossOptions)
  }

  override forward(input: Tensor, target: Tensor): Tensor {
    return mseLoss(input, target, this.options)
  }
}

/** {@link l1Loss} as a module. */
export class L1Loss extends Loss<L1LossOptions> {
  constructor(options: L1LossOptions = {}) {
    super('nn.L1Loss', options, schemas.L1LossOptions)
  }

  override forward(input: Tensor, target: Tensor): Tensor {
    return l1Loss(input, target, this.options)
  }
}

/** {@link smoothL1Loss} as a module. */
export class SmoothL1Loss extends Loss<SmoothL1LossOptions> {
  constructor(options: SmoothL1LossOptions = {}) {
    super('nn.SmoothL1Loss', options, schemas.SmoothL1LossOptions)
  }

  override forward(input: Tensor, target: Tensor): Tensor {
    return smoothL1Loss(input, target, this.options)
  }
}

/** {@link huberLoss} as a module. */
export class HuberLoss extends Loss<HuberLossOptions> {
  constructor(options: HuberLossOptions = {}) {
    super('nn.HuberLoss', options, schemas.HuberLossOptions)
  }

  override forward(input: Tensor, target: Tensor): Tensor {
    return huberLoss(input, target, this.options)
  }
}

/** {@link binaryCrossEntropy} as a module. */
export class BCELoss extends Loss<BinaryCrossEntropyOptions> {
  /** Element weights, a buffer. */
  weight: Tensor | null

  constructor(options: BinaryCrossEntropyOptions = {}) {
    super('nn.BCELoss', options, schemas.BinaryCrossEntropyOptions)
    this.weight = this.buffer('weight', options.weight)
  }

  override forward(input: Tensor, target: Tensor): Tensor {
    return binaryCrossEntropy(input, target, { ...this.options, weight: this.weight })
  }
}

/** {@link binaryCrossEntropyWithLogits} as a module. */
export class BCEWithLogitsLoss extends Loss<BinaryCrossEntropyWithLogitsOptions> {
  /** Element weights, a buffer. */
  weight: Tensor | null
  /** Weight of positive targets; named after PyTorch's state-dict key. */
  pos_weight: Tensor | null

  constructor(options: BinaryCrossEntropyWithLogitsOptions = {}) {
    super('nn.BCEWithLogitsLoss', options, schemas.BinaryCrossEntropyWithLogitsOptions)
    this.weight = this.buffer('weight', options.weight)
    this.pos_weight = this.buffer('pos_weight', options.posWeight)
  }

  override forward(input: Tensor, target: Tensor): Tensor {
    const { reduction } = this.options
    const weights = { weight: this.weight, posWeight: this.pos_weight }
    return binaryCrossEntropyWithLogits(input, target, reduction === undefined ? weights : { ...weights, reduction })
  }
}

/** {@link cosineEmbeddingLoss} as a module. */
export class CosineEmbeddingLoss extends Loss<MarginOptions> {
  constructor(options: MarginOptions = {}) {
    super('nn.CosineEmbeddingLoss', options, schemas.MarginOptions)
  }

  override forward(a: Tensor, b: Tensor, target: Tensor): Tensor {
    return cosineEmbeddingLoss(a, b, target, this.options)
  }
}

/** {@link marginRankingLoss} as a module. */
export class MarginRankingLoss extends Loss<MarginOptions> {
  constructor(options: MarginOptions = {}) {
    super('nn.MarginRankingLoss', options, schemas.MarginOptions)
  }

  override forward(a: Tensor, b: Tensor, target: Tensor): Tensor {
    return marginRankingLoss(a, b, target, this.options)
  }
}

/** {@link tripletMarginLoss} as a module. */
export class TripletMarginLoss extends Loss<TripletMarginLossOptions> {
  constructor(options: TripletMarginLossOptions = {}) {
    super('nn.TripletMarginLoss', options, schemas.TripletMarginLossOptions)
  }

  override forward(anchor: Tensor, positive: Tensor, negative: Tensor): Tensor {
    return tripletMarginLoss(anchor, positive, negative, this.options)
  }
}

/** {@link cosineSimilarity} as a module. */
export class CosineSimilarity extends Module {
  readonly dim: number
  readonly eps: number

  constructor(options: CosineSimilarityOptions = {}) {
    super()
    checkOptions('nn.CosineSimilarity', options, schemas.CosineSimilarityOptions)
    this.dim = options.dim ?? 1
    this.eps = options.eps ?? 1e-8
  }

  override forward(a: Tensor, b: Tensor): Tensor {
    return cosineSimilarity(a, b, { dim: this.dim, eps: this.eps })
  }
}
