// The checked geometry of a convolution, shared by nn, nn.functional and the LoRA layers.
import { OptionError } from '../../errors.js'
import * as ops from '../../generated/ops.js'
import type { Tensor } from '../../tensor/tensor.js'
import { bad, show } from '../../runtime/options.js'
import { batched, perDimension } from './spatial.js'
import type { PerDimension } from './spatial.js'

/** How the padding is filled. */
export type PaddingMode = 'zeros' | 'reflect' | 'replicate' | 'circular'

/** Options of the convolution functions. */
export interface ConvFunctionalOptions {
  /** Step between output positions. @integer @minimum 1 @default 1 */
  stride?: PerDimension
  /** Positions added to both sides of each dimension; `'same'` keeps the size (stride 1 only), `'valid'` adds none. @integer @minimum 0 @default 0 */
  padding?: PerDimension | 'same' | 'valid'
  /** Step between kernel elements. @integer @minimum 1 @default 1 */
  dilation?: PerDimension
  /** Number of groups of channels that are convolved separately; `inChannels` groups make a depthwise convolution. @integer @minimum 1 @default 1 */
  groups?: number
}

/** The checked geometry of a convolution, with one number for each spatial dimension. */
export interface ConvGeometry {
  /** Kernel sizes. */
  readonly kernel: readonly number[]
  /** Steps between output positions. */
  readonly stride: readonly number[]
  /** Two numbers for each dimension: positions added before it and after it. */
  readonly padding: readonly number[]
  /** Steps between kernel elements. */
  readonly dilation: readonly number[]
  /** Number of groups of channels. */
  readonly groups: number
  /** How the padding is filled. */
  readonly paddingMode: PaddingMode
}

const MODES: Record<Exclude<PaddingMode, 'zeros'>, number> = { reflect: 1, replicate: 2, circular: 3 }

/**
 * Checks the options of a convolution over `dims` dimensions.
 * @throws {OptionError} when one of them is invalid.
 */
export function convGeometry(
  owner: string,
  dims: number,
  kernelSize: PerDimension,
  options: ConvFunctionalOptions & { paddingMode?: PaddingMode },
): ConvGeometry {
  const kernel = perDimension(owner, 'kernelSize', kernelSize, dims, 1)
  const stride = perDimension(owner, 'stride', options.stride ?? 1, dims, 1)
  const dilation = perDimension(owner, 'dilation', options.dilation ?? 1, dims, 1)
  return Object.freeze({
    kernel,
    stride,
    padding: paddingPairs(owner, options.padding ?? 0, kernel, stride, dilation),
    dilation,
    groups: options.groups ?? 1,
    paddingMode: options.paddingMode ?? 'zeros',
  })
}

function paddingPairs(
  owner: string,
  padding: PerDimension | 'same' | 'valid',
  kernel: number[],
  stride: number[],
  dilation: number[],
): number[] {
  if (padding === 'valid') return kernel.flatMap(() => [0, 0])
  if (padding !== 'same') {
    return perDimension(owner, 'padding', padding, kernel.length, 0).flatMap((n) => [n, n])
  }
  if (stride.some((n) => n !== 1)) {
    throw new OptionError({
      what: `${owner}: padding 'same' needs stride 1`,
      expected: 'stride: 1',
      received: `stride: ${show(stride)}`,
      fix: 'give the padding as a number, e.g. Math.floor(kernelSize / 2)',
    })
  }
  return kernel.flatMap((taps, d) => {
    const all = dilation[d]! * (taps - 1)
    return [Math.floor(all / 2), Math.ceil(all / 2)]
  })
}

/** Checks that both channel counts are multiples of the number of groups. */
export function checkGroups(owner: string, groups: number, inChannels: number, outChannels: number): void {
  for (const [name, channels] of [
    ['inChannels', inChannels],
    ['outChannels', outChannels],
  ] as const) {
    if (channels % groups !== 0) throw bad(owner, 'groups', `a divisor of ${name} = ${channels}`, groups)
  }
}

/** The convolution of `x` with a weight (out, C / groups, *kernel). */
export function convolve(owner: string, x: Tensor, weight: Tensor, bias: Tensor | null, g: ConvGeometry): Tensor {
  return batched(owner, x, g.kernel.length, (batch) => {
    const outside = g.paddingMode !== 'zeros' && g.padding.some((n) => n > 0)
    const input = outside ? ops.pad(batch, [0, 0, 0, 0, ...g.padding], MODES[g.paddingMode as 'reflect'], 0) : batch
    const padding = outside ? g.padding.map(() => 0) : g.padding
    return ops.conv(input, weight, bias, g.stride, padding, g.dilation, g.groups)
  })
}

/** The geometry for printing, e.g. `kernel 3x3, stride 2`: only what differs from the default. */
export function showGeometry(g: ConvGeometry): string {
  const short = (list: readonly number[]) => (list.every((n) => n === list[0]) ? String(list[0]) : list.join('x'))
  const parts = [`kernel ${g.kernel.join('x')}`]
  if (g.stride.some((n) => n !== 1)) parts.push(`stride ${short(g.stride)}`)
  if (g.padding.some((n) => n !== 0)) parts.push(`padding ${short(g.padding)}`)
  if (g.dilation.some((n) => n !== 1)) parts.push(`dilation ${short(g.dilation)}`)
  if (g.groups !== 1) parts.push(`groups ${g.groups}`)
  if (g.paddingMode !== 'zeros') parts.push(g.paddingMode)
  return parts.join(', ')
}
