// The encoder of the Transformer (Vaswani et al. 2017), as PyTorch has it.
import { checkOptions } from '../runtime/check-options.js'
import { bad, checkInteger } from '../runtime/options.js'
import type { PlacementOptions } from '../runtime/options.js'
import { schemas } from '../runtime/tables.js'
import type { Tensor } from '../tensor/tensor.js'
import { cloneModule } from './clone.js'
import { Dropout } from './dropout.js'
import { releaseAfter } from './forward.js'
import { LayerNorm } from './layer-norm.js'
import { Linear } from './linear.js'
import { Module } from './module.js'
import { ModuleList } from './containers.js'
import { MultiheadAttention } from './multihead-attention.js'

/** Options of {@link TransformerEncoderLayer}. */
export interface TransformerEncoderLayerOptions extends PlacementOptions {
  /** Width of the layer between `linear1` and `linear2`. @integer @minimum 1 @default 2048 */
  dimFeedforward?: number
  /** Dropout probability of attention weights, of the inner layer and of both branches, in training. @minimum 0 @maximum 1 @default 0.1 */
  dropout?: number
  /** The function between `linear1` and `linear2`: a name, a function or a module. @default 'relu' */
  activation?: 'relu' | 'gelu' | ((x: Tensor) => Tensor) | Module
  /** Added to the variance in both norms. @minimum 0 @default 1e-5 */
  layerNormEps?: number
  /** Inputs and output are (B, T, C) instead of (T, B, C). @default false */
  batchFirst?: boolean
  /** Normalize before attention and before the inner layer instead of after adding. @default false */
  normFirst?: boolean
  /** Add biases in the dense layers, the projections and the norms. @default true */
  bias?: boolean
}

/** Options of {@link TransformerEncoderLayer.forward}. In masks true means ignore, as in `nn.MultiheadAttention`. */
export interface TransformerEncoderLayerForwardOptions {
  /** (T, T), or (B·nhead, T, T): bool, true = must not attend; or floating-point, added to the scores. @default none */
  srcMask?: Tensor | null
  /** (B, T), or (T) for unbatched input: bool, true = ignore the key; or floating-point, added to the scores. @default none */
  srcKeyPaddingMask?: Tensor | null
  /** Causal attention, with `srcMask` or without it; in PyTorch it only says that the mask given is causal. @default false */
  isCausal?: boolean
}

/** Options of {@link TransformerEncoder}. */
export interface TransformerEncoderOptions {
  /** Applied to the output of the last layer. @default none */
  norm?: Module | null
}

/** Options of {@link TransformerEncoder.forward}. In masks true means ignore, as in `nn.MultiheadAttention`. */
export interface TransformerEncoderForwardOptions {
  /** (T, T), or (B·nhead, T, T): bool, true = must not attend; or floating-point, added to the scores. @default none */
  mask?: Tensor | null
  /** (B, T), or (T) for unbatched input: bool, true = ignore the key; or floating-point, added to the scores. @default none */
  srcKeyPaddingMask?: Tensor | null
  /** Causal attention, with `mask` or without it; in PyTorch it only says that the mask given is causal. @default false */
  isCausal?: boolean
}

type Layer = { forward(x: Tensor): Tensor } & Module

/** A layer of {@link TransformerEncoder}. */
export type EncoderLayer = { forward(src: Tensor, options?: TransformerEncoderLayerForwardOptions): Tensor } & Module

const LAYER = 'nn.TransformerEncoderLayer'

/**
 * Self-attention, then two dense layers, each with a residual branch and a norm:
 * `x ← norm1(x + attn(x));  x ← norm2(x + linear2(act(linear1(x))))`, or with `normFirst` `x ← x + attn(norm1(x));  x ← x + linear2(act(linear1(norm2(x))))`.
 *
 * Shapes: `src (T, B, C)` → the same, C = `dModel`; with `batchFirst` (B, T, C); without B everywhere for unbatched input. State-dict keys and initial values are
 * PyTorch's: `self_attn.in_proj_weight`, `self_attn.out_proj.weight`, `linear1.weight`, `linear2.weight`, `norm1.weight`, `norm2.weight` and the biases. A
 * position whose keys are all masked gets zeros from attention, where PyTorch gives NaN.
 *
 * @example
 * const layer = new nn.TransformerEncoderLayer(512, 8, { batchFirst: true })
 * const y = layer.forward(x, { srcKeyPaddingMask })
 * @throws {OptionError} when `nhead` does not divide `dModel`, and for invalid options.
 * @throws {ShapeError} when the shapes of the input or the masks do not match.
 */
export class TransformerEncoderLayer extends Module {
  self_attn: MultiheadAttention
  linear1: Layer
  dropout: Dropout
  linear2: Layer
  readonly normFirst: boolean
  norm1: LayerNorm
  norm2: LayerNorm
  dropout1: Dropout
  dropout2: Dropout
  activation: ((x: Tensor) => Tensor) | Module

  constructor(dModel: number, nhead: number, options: TransformerEncoderLayerOptions = {}) {
    super()
    checkOptions(LAYER, options, schemas.TransformerEncoderLayerOptions)
    checkInteger(LAYER, 'dModel', dModel, 1)
    checkInteger(LAYER, 'nhead', nhead, 1)
    if (dModel % nhead !== 0) throw bad(LAYER, 'nhead', `a divisor of dModel = ${dModel}`, nhead)
    const { dimFeedforward = 2048, dropout = 0.1, layerNormEps: eps = 1e-5, bias = true } = options
    const shared = { bias, dtype: options.dtype, device: options.device }
    this.self_attn = new MultiheadAttention(dModel, nhead, {
      dropout,
      batchFirst: options.batchFirst ?? false,
      ...shared,
    })
    this.linear1 = new Linear(dModel, dimFeedforward, shared)
    this.dropout = new Dropout(dropout)
    this.linear2 = new Linear(dimFeedforward, dModel, shared)
    this.normFirst = options.normFirst ?? false
    this.norm1 = new LayerNorm(dModel, { eps, ...shared })
    this.norm2 = new LayerNorm(dModel, { eps, ...shared })
    this.dropout1 = new Dropout(dropout)
    this.dropout2 = new Dropout(dropout)
    this.activation = activationOf(options.activation ?? 'relu')
  }

  override forward(src: Tensor, options: TransformerEncoderLayerForwardOptions = {}): Tensor {
    checkOptions(`${LAYER}.forward`, options, schemas.TransformerEncoderLayerForwardOptions)
    if (this.normFirst) {
      const x = src.add(this.attend(this.norm1.forward(src), options))
      return x.add(this.feedForward(this.norm2.forward(x)))
    }
    const x = this.norm1.forward(src.add(this.attend(src, options)))
    return this.norm2.forward(x.add(this.feedForward(x)))
  }

  private attend(x: Tensor, options: TransformerEncoderLayerForwardOptions): Tensor {
    const { srcMask: attnMask = null, srcKeyPaddingMask: keyPaddingMask = null, isCausal = false } = options
    const masks = { attnMask, keyPaddingMask, isCausal, needWeights: false }
    return this.dropout1.forward(this.self_attn.forward(x, x, x, masks)[0])
  }

  private feedForward(x: Tensor): Tensor {
    const { activation } = this
    const inner = this.linear1.forward(x)
    const active = activation instanceof Module ? (activation.forward(inner) as Tensor) : activation(inner)
    return this.dropout2.forward(this.linear2.forward(this.dropout.forward(active)))
  }

  override extraRepr(): string {
    return this.normFirst ? 'norm first' : ''
  }
}

const ENCODER = 'nn.TransformerEncoder'

/**
 * A stack of encoder layers: `numLayers` independent copies of `encoderLayer`, with its values, and a norm behind them if one is given.
 *
 * Shapes: those of the layer. State-dict keys are PyTorch's: `layers.0.self_attn.in_proj_weight`, …, `norm.weight`. The output at positions of padding is computed like
 * any other; PyTorch gives zeros there in evaluation, when it takes the path of its nested tensors.
 *
 * @example
 * const layer = new nn.TransformerEncoderLayer(512, 8, { batchFirst: true })
 * const encoder = new nn.TransformerEncoder(layer, 6, { norm: new nn.LayerNorm(512) })
 * const y = encoder.forward(x, { isCausal: true })
 * @throws {OptionError} for something other than a layer, and for invalid options.
 */
export class TransformerEncoder extends Module {
  layers: ModuleList<EncoderLayer>
  readonly numLayers: number
  norm: Module | null

  constructor(encoderLayer: EncoderLayer, numLayers: number, options: TransformerEncoderOptions = {}) {
    super()
    checkOptions(ENCODER, options, schemas.TransformerEncoderOptions)
    if (!(encoderLayer instanceof Module))
      throw bad(ENCODER, 'encoderLayer', 'an nn.TransformerEncoderLayer', encoderLayer)
    this.numLayers = checkInteger(ENCODER, 'numLayers', numLayers, 1)
    this.layers = new ModuleList(Array.from({ length: numLayers }, () => cloneModule(encoderLayer)))
    this.norm = options.norm ?? null
  }

  override forward(src: Tensor, options: TransformerEncoderForwardOptions = {}): Tensor {
    checkOptions(`${ENCODER}.forward`, options, schemas.TransformerEncoderForwardOptions)
    const { mask: srcMask = null, srcKeyPaddingMask = null, isCausal = false } = options
    let x = src
    for (const layer of this.layers) {
      const input = x
      x = releaseAfter(() => layer.forward(input, { srcMask, srcKeyPaddingMask, isCausal }))
    }
    return this.norm === null ? x : (this.norm.forward(x) as Tensor)
  }
}

function activationOf(
  activation: NonNullable<TransformerEncoderLayerOptions['activation']>,
): ((x: Tensor) => Tensor) | Module {
  if (activation === 'relu') return (x) => x.relu()
  return activation === 'gelu' ? (x) => x.gelu() : activation
}
