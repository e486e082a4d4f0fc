// Resizing of spatial dimensions. All modes are separable: dimension by dimension, an output element is a weighted sum of a few input
// elements, which are gathered by index.
import { OptionError, ShapeError } from '../../errors.js'
import * as ops from '../../generated/ops.js'
import { tensor } from '../../tensor/make.js'
import { scope } from '../../tensor/scope.js'
import type { Tensor } from '../../tensor/tensor.js'
import { checkOptions } from '../../runtime/check-options.js'
import { bad, show } from '../../runtime/options.js'
import { schemas } from '../../runtime/tables.js'
import { perDimension } from './spatial.js'
import type { PerDimension } from './spatial.js'

/**
 * Resizing algorithms. `'linear'`, `'bilinear'`, `'trilinear'` and `'bicubic'` need a fixed number of spatial dimensions: 1, 2, 3 and 2.
 */
export type InterpolateMode = 'nearest' | 'nearest-exact' | 'linear' | 'bilinear' | 'trilinear' | 'bicubic' | 'area'

/** Options of {@link interpolate}. */
export interface InterpolateOptions {
  /** Output sizes. Give this or `scaleFactor`. @integer @minimum 1 @default null */
  size?: PerDimension | null
  /** Output sizes as multiples of the input's: `⌊input size · scaleFactor⌋`. @exclusiveMinimum 0 @default null */
  scaleFactor?: PerDimension | null
  /** The interpolation algorithm; `'area'` averages. @default 'nearest' */
  mode?: InterpolateMode
  /** Align the centers of the corner elements of input and output, not their outer edges; for the linear modes and `'bicubic'`. @default false */
  alignCorners?: boolean | null
  /** Compute the scale from the rounded output sizes instead of using `scaleFactor`. @default false */
  recomputeScaleFactor?: boolean
}

const SPATIAL: Partial<Record<InterpolateMode, number>> = { linear: 1, bilinear: 2, trilinear: 3, bicubic: 2 }

/** The checked options of a resize. */
export interface Resize {
  readonly size: PerDimension | null
  readonly scaleFactor: PerDimension | null
  readonly mode: InterpolateMode
  readonly alignCorners: boolean
  readonly recomputeScaleFactor: boolean
}

/**
 * Resizes the spatial dimensions of `x`.
 *
 * Shapes: `x (N, C, *spatial)` with 1 to 3 spatial dimensions → `(N, C, *size)`.
 * @example
 * const y = nn.functional.interpolate(x, { scaleFactor: 2, mode: 'bilinear' })   // (1, 3, 32, 32) → (1, 3, 64, 64)
 * @throws {OptionError} unless exactly one of `size` and `scaleFactor` is given, and for modes that do not support the dimensions of `x`.
 */
export function interpolate(x: Tensor, options: InterpolateOptions): Tensor {
  return resize('nn.functional.interpolate', x, checkResize('nn.functional.interpolate', options))
}

/** Checks the options of a resize, except those that depend on the number of dimensions of x. */
export function checkResize(owner: string, options: InterpolateOptions): Resize {
  checkOptions(owner, options, schemas.InterpolateOptions)
  const { size = null, scaleFactor = null, alignCorners = null } = options
  if ((size === null) === (scaleFactor === null)) {
    throw new OptionError({
      what: `${owner}: the output size is ambiguous`,
      expected: 'either size or scaleFactor',
      received: size === null ? 'neither' : 'both',
      fix: 'pass { size: [64, 64] } or { scaleFactor: 2 }',
    })
  }
  const mode = options.mode ?? 'nearest'
  if (alignCorners !== null && !(mode in SPATIAL)) {
    throw bad(owner, 'alignCorners', `absent, with mode '${mode}'`, alignCorners)
  }
  return {
    size,
    scaleFactor,
    mode,
    alignCorners: alignCorners ?? false,
    recomputeScaleFactor: options.recomputeScaleFactor ?? false,
  }
}

/** {@link interpolate} with checked options. */
export function resize(owner: string, x: Tensor, options: Resize): Tensor {
  const spatial = x.ndim - 2
  if (spatial < 1 || spatial > 3) throw wrongDimensions(owner, x)
  const fixed = SPATIAL[options.mode]
  if (fixed !== undefined && fixed !== spatial) {
    throw bad(owner, 'mode', `one for ${spatial} spatial dimensions, as x ${show(x)} has`, options.mode)
  }
  const inputs = x.shape.slice(2)
  const scales = options.scaleFactor === null ? null : checkScales(owner, options.scaleFactor, spatial)
  const outputs = scales
    ? perDimension(
        owner,
        'scaleFactor',
        inputs.map((n, i) => Math.floor(n * scales[i]!)),
        spatial,
        1,
      )
    : perDimension(owner, 'size', options.size, spatial, 1)
  if (options.mode === 'area') return ops.adaptiveAvgPool(x, outputs)
  return scope(() => {
    let y = x
    for (const [i, n] of inputs.entries()) {
      const scale = options.recomputeScaleFactor ? undefined : scales?.[i]
      y = resizeDim(y, 2 + i, taps(options, n, outputs[i]!, scale === undefined ? n / outputs[i]! : 1 / scale))
    }
    return y === x ? x.clone() : y
  })
}

function checkScales(owner: string, value: PerDimension, spatial: number): readonly number[] {
  const list = typeof value === 'number' ? new Array<number>(spatial).fill(value) : value
  const fits = (n: unknown): boolean => typeof n === 'number' && Number.isFinite(n) && n > 0
  if (Array.isArray(list) && list.length === spatial && list.every(fits)) return list as readonly number[]
  throw bad(owner, 'scaleFactor', `a finite number above 0, or a list of ${spatial}`, value)
}

/** For each output element, the index of one input element and its weight; null weights are all 1. */
interface Tap {
  readonly indices: number[]
  readonly weights: number[] | null
}

/** The sum over taps of `weight · x[index]` along a dimension. */
function resizeDim(x: Tensor, dim: number, all: readonly Tap[]): Tensor {
  const size = x.shape[dim]!
  const used = all.filter((tap) => tap.weights === null || tap.weights.some((w) => w !== 0))
  let sum: Tensor | null = null
  for (const { indices, weights } of used) {
    const isIdentity = indices.length === size && indices.every((index, o) => index === o)
    const picked = isIdentity ? x : x.indexSelect(dim, tensor(indices, { dtype: 'i64' }))
    const plain = weights === null || weights.every((w) => w === 1)
    const shape = [indices.length, ...new Array<number>(x.ndim - dim - 1).fill(1)]
    const term = plain ? picked : picked.mul(tensor(weights, { dtype: x.dtype }).reshape(shape))
    sum = sum === null ? term : sum.add(term)
  }
  return sum!
}

/** The taps that resize a dimension from size `n` to size `out`; `step` is the distance between output elements, in input elements. */
function taps({ mode, alignCorners }: Resize, n: number, out: number, step: number): Tap[] {
  const each = (f: (o: number) => number): number[] => Array.from({ length: out }, (_, o) => f(o))
  // As in PyTorch, whatever the step: the same size is a copy, and twice the size repeats each element.
  if (out === n && mode !== 'bicubic' && mode !== 'nearest-exact') return [{ indices: each((o) => o), weights: null }]
  if (out === 2 * n && mode === 'nearest') return [{ indices: each((o) => o >> 1), weights: null }]
  if (mode === 'nearest' || mode === 'nearest-exact') {
    // In f32, as in PyTorch: another rounding would select another neighbour.
    const f32 = Math.fround(step)
    const shift = mode === 'nearest' ? 0 : 0.5
    return [{ indices: each((o) => Math.min(Math.floor(Math.fround((o + shift) * f32)), n - 1)), weights: null }]
  }
  const cubic = mode === 'bicubic'
  const sources = each((o) => {
    if (alignCorners) return out > 1 ? (o * (n - 1)) / (out - 1) : 0
    const source = step * (o + 0.5) - 0.5
    return cubic ? source : Math.max(0, source)
  })
  const first = sources.map((source) => Math.min(Math.floor(source), n - 1))
  const rest = sources.map((source, o) => Math.min(Math.max(source - first[o]!, 0), 1))
  const clamped = (index: number): number => Math.min(Math.max(index, 0), n - 1)
  const tap = (offset: number, weight: (t: number) => number): Tap => ({
    indices: first.map((index) => clamped(index + offset)),
    weights: rest.map(weight),
  })
  if (!cubic) return [tap(0, (t) => 1 - t), tap(1, (t) => t)]
  return [tap(-1, (t) => far(t + 1)), tap(0, (t) => near(t)), tap(1, (t) => near(1 - t)), tap(2, (t) => far(2 - t))]
}

// Keys's cubic kernel with the slope that PyTorch uses.
const SLOPE = -0.75

function near(t: number): number {
  return ((SLOPE + 2) * t - (SLOPE + 3)) * t * t + 1
}

function far(t: number): number {
  return ((SLOPE * t - 5 * SLOPE) * t + 8 * SLOPE) * t - 4 * SLOPE
}

function wrongDimensions(owner: string, x: Tensor): ShapeError {
  return new ShapeError({
    what: `${owner}: x has the wrong number of dimensions`,
    expected: 'x (N, C, *spatial) with 1 to 3 spatial dimensions',
    received: `x ${show(x)}`,
    fix: 'add a batch with unsqueeze(0)',
  })
}
