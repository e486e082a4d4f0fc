// Initialization of parameters, with PyTorch's names. Every function writes into the tensor, without recording gradients, and returns it.
import { ShapeError } from '../errors.js'
import * as ops from '../generated/ops.js'
import { noGrad, scope } from '../tensor/scope.js'
import { withGenerator } from '../runtime/random.js'
import type { Generator } from '../runtime/random.js'
import { where, zeros } from '../tensor/make.js'
import type { Tensor } from '../tensor/tensor.js'
import { checkOptions } from '../runtime/check-options.js'
import { checkChoice, checkNumber } from '../runtime/options.js'
import { schemas } from '../runtime/tables.js'

/** Options of the random initializers. */
export interface InitOptions {
  /** Draw from this generator instead of the current stream's. @default the generator of the current stream */
  generator?: Generator
}

/** Options of the Kaiming initializers. */
export interface KaimingOptions extends InitOptions {
  /** Negative slope of the leaky ReLU that follows; used with `leaky_relu` only. @default 0 */
  a?: number
  /** Preserve the variance in the forward pass (`fan_in`) or in the backward pass (`fan_out`). @default 'fan_in' */
  mode?: 'fan_in' | 'fan_out'
  /** The non-linearity that follows. @default 'leaky_relu' */
  nonlinearity?: Nonlinearity
}

/** Options of the Xavier initializers. */
export interface XavierOptions extends InitOptions {
  /** Factor on the standard deviation. @default 1 */
  gain?: number
}

/** The non-linearities that {@link calculateGain} accepts. */
export type Nonlinearity = 'linear' | 'sigmoid' | 'tanh' | 'relu' | 'leaky_relu' | 'selu'

const NONLINEARITIES: readonly Nonlinearity[] = ['linear', 'sigmoid', 'tanh', 'relu', 'leaky_relu', 'selu']

/** Fills with `value`. */
export function constant_(tensor: Tensor, value: number): Tensor {
  return noGrad(() => tensor.fill_(checkNumber('nn.init.constant_', 'value', value)))
}

/** Fills with 0. */
export function zeros_(tensor: Tensor): Tensor {
  return constant_(tensor, 0)
}

/** Fills with 1. */
export function ones_(tensor: Tensor): Tensor {
  return constant_(tensor, 1)
}

/** Fills with U(low, high). */
export function uniform_(tensor: Tensor, low = 0, high = 1, options: InitOptions = {}): Tensor {
  checkOptions('nn.init.uniform_', options, schemas.InitOptions)
  return fill(tensor, options, (x) => ops.uniformInplace(x, low, high))
}

/** Fills with N(mean, std²). */
export function normal_(tensor: Tensor, mean = 0, std = 1, options: InitOptions = {}): Tensor {
  checkOptions('nn.init.normal_', options, schemas.InitOptions)
  checkNumber('nn.init.normal_', 'std', std, 0)
  return fill(tensor, options, (x) => ops.normalInplace(x, mean, std))
}

/**
 * Fills with N(mean, std²) truncated to [low, high]: uniform numbers are mapped through the inverse of the normal distribution function,
 * as in PyTorch, so that no draw is rejected.
 */
export function truncNormal_(tensor: Tensor, mean = 0, std = 1, low = -2, high = 2, options: InitOptions = {}): Tensor {
  checkOptions('nn.init.truncNormal_', options, schemas.InitOptions)
  checkNumber('nn.init.truncNormal_', 'std', std, 0, true)
  const [from, to] = [2 * normalCdf((low - mean) / std) - 1, 2 * normalCdf((high - mean) / std) - 1]
  return fill(tensor, options, (x) =>
    scope(() => {
      // One write: an abort in between would leave the uniform numbers.
      const uniform = ops.rand(x.shape, from, to, x.dtype)
      x.copy_(
        inverseErf(uniform)
          .mul(std * Math.SQRT2)
          .add(mean)
          .clamp(low, high),
      )
    }),
  )
}

/** Fills with U(−b, b), b = gain · √(3 / fan) (He et al. 2015). `a: Math.sqrt(5)` gives b = 1/√fan, the default of dense layers. */
export function kaimingUniform_(tensor: Tensor, options: KaimingOptions = {}): Tensor {
  const bound = Math.sqrt(3) * kaimingStd('nn.init.kaimingUniform_', tensor, options)
  return uniform_(tensor, -bound, bound, pick(options))
}

/** Fills with N(0, gain² / fan) (He et al. 2015). */
export function kaimingNormal_(tensor: Tensor, options: KaimingOptions = {}): Tensor {
  return normal_(tensor, 0, kaimingStd('nn.init.kaimingNormal_', tensor, options), pick(options))
}

/** Fills with U(−b, b), b = gain · √(6 / (fanIn + fanOut)) (Glorot and Bengio 2010). */
export function xavierUniform_(tensor: Tensor, options: XavierOptions = {}): Tensor {
  const bound = Math.sqrt(3) * xavierStd('nn.init.xavierUniform_', tensor, options)
  return uniform_(tensor, -bound, bound, pick(options))
}

/** Fills with N(0, 2 · gain² / (fanIn + fanOut)) (Glorot and Bengio 2010). */
export function xavierNormal_(tensor: Tensor, options: XavierOptions = {}): Tensor {
  return normal_(tensor, 0, xavierStd('nn.init.xavierNormal_', tensor, options), pick(options))
}

/** The recommended gain for a non-linearity: the factor that compensates its effect on the standard deviation, as in PyTorch. */
export function calculateGain(nonlinearity: Nonlinearity, slope = 0.01): number {
  checkChoice('nn.init.calculateGain', 'nonlinearity', nonlinearity, NONLINEARITIES)
  if (nonlinearity === 'tanh') return 5 / 3
  if (nonlinearity === 'relu') return Math.SQRT2
  if (nonlinearity === 'leaky_relu') return Math.sqrt(2 / (1 + slope * slope))
  return nonlinearity === 'selu' ? 3 / 4 : 1
}

/**
 * `[fanIn, fanOut]` of a weight (out, in, …kernel).
 * @throws {ShapeError} for fewer than two dimensions.
 */
export function calculateFan(tensor: Tensor): [fanIn: number, fanOut: number] {
  const [out, inner, ...kernel] = tensor.shape
  if (out === undefined || inner === undefined) {
    throw new ShapeError({
      what: 'nn.init: this initializer needs the fan of a weight',
      expected: 'a weight (out, in, …)',
      received: `(${tensor.shape.join(', ')}) ${tensor.dtype}`,
      fix: 'use uniform_ or normal_ with a bound of your own',
    })
  }
  const field = kernel.reduce((product, n) => product * n, 1)
  return [inner * field, out * field]
}

function kaimingStd(owner: string, tensor: Tensor, options: KaimingOptions): number {
  checkOptions(owner, options, schemas.KaimingOptions)
  const mode = options.mode ?? 'fan_in'
  const [fanIn, fanOut] = calculateFan(tensor)
  const gain = calculateGain(options.nonlinearity ?? 'leaky_relu', options.a ?? 0)
  return gain / Math.sqrt(mode === 'fan_in' ? fanIn : fanOut)
}

function xavierStd(owner: string, tensor: Tensor, options: XavierOptions): number {
  checkOptions(owner, options, schemas.XavierOptions)
  const [fanIn, fanOut] = calculateFan(tensor)
  return (options.gain ?? 1) * Math.sqrt(2 / (fanIn + fanOut))
}

function pick(options: InitOptions): InitOptions {
  return options.generator === undefined ? {} : { generator: options.generator }
}

// The engine fills f32 and f64 in place; a half-precision tensor gets a rounded f32 sample.
function fill(tensor: Tensor, options: InitOptions, draw: (tensor: Tensor) => unknown): Tensor {
  const half = tensor.dtype === 'bf16' || tensor.dtype === 'f16'
  noGrad(() =>
    withGenerator(options.generator, () => {
      if (!half) return draw(tensor)
      return scope(() => {
        const sample = zeros(tensor.shape)
        draw(sample)
        tensor.copy_(sample)
      })
    }),
  )
  return tensor
}

function normalCdf(x: number): number {
  return (1 + erf(x / Math.SQRT2)) / 2
}

// Abramowitz and Stegun 7.1.26 has an error of 1e-7; the series and the continued fraction are exact to rounding.
function erf(x: number): number {
  const z = Math.abs(x)
  if (z > 6) return Math.sign(x)
  if (z < 2.5) {
    let [term, sum] = [z, z]
    for (let n = 1; Math.abs(term) > 1e-17 * sum; n++) {
      term *= (-z * z) / n
      sum += term / (2 * n + 1)
    }
    return Math.sign(x) * sum * (2 / Math.sqrt(Math.PI))
  }
  let fraction = z
  for (let n = 60; n > 0; n--) fraction = z + n / 2 / fraction
  return Math.sign(x) * (1 - Math.exp(-z * z) / (Math.sqrt(Math.PI) * fraction))
}

// Giles 2012, single precision: two polynomials in w = −ln(1 − x²), chosen by w < 5.
const CENTRAL = [
  2.81022636e-8, 3.43273939e-7, -3.5233877e-6, -4.39150654e-6, 2.1858087e-4, -1.25372503e-3, -4.17768164e-3,
  0.246640727, 1.50140941,
]
const TAIL = [
  -2.00214257e-4, 1.00950558e-4, 1.34934322e-3, -3.67342844e-3, 5.73950773e-3, -7.6224613e-3, 9.43887047e-3, 1.00167406,
  2.83297682,
]

function inverseErf(x: Tensor): Tensor {
  // 1 − x² reaches 0 for the largest f32 below 1; the clamp keeps the logarithm finite, and the caller truncates the tail anyway.
  const w = x.square().neg().add(1).clamp(1e-30).log().neg()
  const central = horner(w.sub(2.5), CENTRAL)
  const tail = horner(w.sqrt().sub(3), TAIL)
  return where(w.lt(5), central, tail).mul(x)
}

function horner(x: Tensor, coefficients: readonly number[]): Tensor {
  const [first = 0, second = 0, ...rest] = coefficients
  return rest.reduce((sum, c) => sum.mul(x).add(c), x.mul(first).add(second))
}
