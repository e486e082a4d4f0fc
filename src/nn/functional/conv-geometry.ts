// What the options of a convolution mean, once for nn, functional and the LoRA layers.
import { OptionError } from '../../errors.js'
import * as ops from '../../generated/ops.js'
import type { Tensor } from '../../tensor/tensor.js'
import { bad, show } from '../../runtime/options.js'
import { batched, perDimension } from './spatial.js'
import type { PerDimension } from './spatial.js'

/** How the places outside of the input are filled. */
export type PaddingMode = 'zeros' | 'reflect' | 'replicate' | 'circular'

/** Numbers that say how a kernel moves over its input. */
export interface ConvFunctionalOptions {
  /** Step between output places. @integer @minimum 1 @default 1 */
  stride?: PerDimension
  /** Places added on both sides of each dimension; `'same'` keeps the size (stride 1 only), `'valid'` adds none. @integer @minimum 0 @default 0 */
  padding?: PerDimension | 'same' | 'valid'
  /** Step between kernel taps. @integer @minimum 1 @default 1 */
  dilation?: PerDimension
  /** Groups of channels that do not see each other; `inChannels` groups make a depthwise convolution. @integer @minimum 1 @default 1 */
  groups?: number
}

/** The same, checked, with one number for each dimension. */
export interface ConvGeometry {
  readonly kernel: readonly number[]
  readonly stride: readonly number[]
  /** Places in front of and behind each dimension. */
  readonly padding: readonly number[]
  readonly dilation: readonly number[]
  readonly groups: number
  readonly paddingMode: PaddingMode
}

const MODES: Record<Exclude<PaddingMode, 'zeros'>, number> = { reflect: 1, replicate: 2, circular: 3 }

/**
 * Checks the options of a convolution over `dims` dimensions.
 * @throws {OptionError} when one of them cannot be used.
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
      what: `${owner}: padding 'same' goes with stride 1 only`,
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

/** Both channel counts must be multiples of the groups. */
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

/** `3x3, stride 2, …` for printing: what differs from the default. */
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
