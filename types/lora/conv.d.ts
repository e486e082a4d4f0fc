// Generated from src/lora/conv.ts by `npm run api`. Do not edit.

import * as plain from '../nn/conv.js'
import type { ConvOptions } from '../nn/conv.js'
import type { ConvGeometry } from '../nn/functional/conv-geometry.js'
import type { PerDimension } from '../nn/functional/spatial.js'
import type { Tensor } from '../tensor/tensor.js'
import type { Factors } from './factors.js'
import type { FromLayerOptions } from './from-layer.js'
import { LoraLayer } from './lora-layer.js'
import type { LoraDropoutOptions, LoraOptions } from './lora-layer.js'
import type { NamedAdapterOptions } from './named-adapter.js'
/** Options of the LoRA convolutions: those of the plain layers and those of the update. */
export interface LoraConvOptions extends LoraOptions, LoraDropoutOptions, ConvOptions {}
/** Options of `fromLayer` for convolutions. */
export interface ConvFromLayerOptions extends FromLayerOptions, LoraDropoutOptions {}
type PlainConv = plain.Conv1d | plain.Conv2d | plain.Conv3d
/** The base class of the three LoRA convolutions. */
declare abstract class LoraConv extends LoraLayer {
  private readonly owner
  /** Number of input channels. */
  readonly inChannels: number
  /** Number of output channels. */
  readonly outChannels: number
  /** Kernel sizes, stride, padding, dilation, groups and padding mode, one number for each dimension. */
  readonly geometry: ConvGeometry
  constructor(
    owner: string,
    dims: number,
    inChannels: number,
    outChannels: number,
    kernelSize: PerDimension,
    options: LoraConvOptions,
  )
  /** One size for each spatial dimension. */
  get kernelSize(): readonly number[]
  forward(x: Tensor): Tensor
  /** With the factors of loralib's layout. */
  private withOwn
  /**
   * Adds the update of a named adapter to `y`: a convolution with `r` kernels A, and one over single points B, as in PEFT. `plain` is the convolution of x
   * with W alone.
   */
  private updated
  private dora
  private norms
  protected makeFactors({
    r,
    scaling,
    useDora,
    loraBias,
    init,
  }: NamedAdapterOptions): ReturnType<LoraLayer['makeFactors']>
  protected foldDora(weight: Tensor, factors: Factors): Tensor
  protected fold(weight: Tensor, a: Tensor, b: Tensor, scaling: number): Tensor
  toPlain(): PlainConv
  /** Upstream also saves the weight and the bias under an inner module `conv`, and version 0.1.2 only there. Both forms are read. */
  keyAliases(): Readonly<Record<string, string>>
  extraRepr(): string
  private convolve
}
/**
 * A convolution over one dimension whose frozen weight gets a trainable update:
 * `y = conv(x, W) + bias + scaling · conv(dropout(x), (B A) viewed as W)`.
 *
 * Shapes: `x`, `y`, `weight` and `bias` as in `nn.Conv1d`; `lora_A (r·k, inChannels·k)`, `lora_B (outChannels / groups, r·k)`.
 * Init: W and bias as `nn.Conv1d`; A uniform in ±1/√(inChannels·k), B zero. `r: 0` gives a plain layer.
 *
 * **Layout.** It is loralib's: the product B A (outChannels / groups, inChannels·k) is reshaped to the weight
 * (outChannels, inChannels / groups, k), element by element. For k = 1 without groups this is a rank-r update of the weight as a matrix. For
 * larger k, B A has rank r·k, but the update viewed as a matrix (outChannels, inChannels·k) can have any rank, up to full.
 * So `r` is not comparable with that of `lora.Linear`, and files are compatible with loralib, not with PEFT, which decomposes differently.
 *
 * With dropout the two paths are computed separately, otherwise as one convolution. `eval()` merges the update into `weight`, as in all LoRA layers.
 * @see loralib `Conv1d`, which fails for k > 1; the layout there is that of its pull request 157.
 */
export declare class Conv1d extends LoraConv {
  constructor(inChannels: number, outChannels: number, kernelSize: PerDimension, options?: LoraConvOptions)
  /** A LoRA layer over an existing convolution. It uses the weight and bias of that layer, without copying them. */
  static fromLayer(layer: plain.Conv1d, options?: ConvFromLayerOptions): Conv1d
}
/**
 * A convolution over two dimensions whose frozen weight gets a trainable update, as {@link Conv1d}.
 *
 * Shapes: `x`, `y`, `weight` and `bias` as in `nn.Conv2d` with a square kernel; `lora_A (r·k, inChannels·k)`,
 * `lora_B (outChannels / groups · k, r·k)`. The product B A (outChannels / groups · k, inChannels·k) is reshaped to the weight
 * (outChannels, inChannels / groups, k, k), element by element: {@link Conv1d} says what follows from that.
 *
 * @example
 * const conv = new lora.Conv2d(64, 128, 3, { r: 4, loraAlpha: 8, padding: 1 })
 * @throws {OptionError} for invalid options, and for a list as `kernelSize` when `r > 0`: the factors support only one kernel size.
 * @see loralib `Conv2d`: same shapes and keys; its `lora_dropout` has no effect.
 */
export declare class Conv2d extends LoraConv {
  constructor(inChannels: number, outChannels: number, kernelSize: PerDimension, options?: LoraConvOptions)
  /**
   * A LoRA layer over an existing convolution. It uses the weight and bias of that layer, without copying them.
   * @throws {OptionError} for a kernel that is not square.
   */
  static fromLayer(layer: plain.Conv2d, options?: ConvFromLayerOptions): Conv2d
}
/**
 * A convolution over three dimensions whose frozen weight gets a trainable update, as {@link Conv1d}.
 *
 * Shapes: `x`, `y`, `weight` and `bias` as in `nn.Conv3d` with a cubic kernel; `lora_A (r·k, inChannels·k)`,
 * `lora_B (outChannels / groups · k², r·k)`.
 * @see loralib `Conv3d`, which fails for k > 1; the layout there is that of its pull request 157.
 */
export declare class Conv3d extends LoraConv {
  constructor(inChannels: number, outChannels: number, kernelSize: PerDimension, options?: LoraConvOptions)
  /**
   * A LoRA layer over an existing convolution. It uses the weight and bias of that layer, without copying them.
   * @throws {OptionError} for a kernel that is not a cube.
   */
  static fromLayer(layer: plain.Conv3d, options?: ConvFromLayerOptions): Conv3d
}
export {}
