import * as schemas from '../generated/options.js'
import { OptionError } from '../errors.js'
import * as ops from '../generated/ops.js'
import type { Tensor } from '../tensor/tensor.js'
import { Optimizer, checkGroup, withDefaults } from './optimizer.js'
import type { Batch, ParamGroup, Params } from './optimizer.js'

/** Options of {@link Adafactor}. */
export interface AdafactorOptions {
  /** Learning rate; used only with `relativeStep: false`. @minimum 0 @default none: the step is relative */
  lr?: number
  /** Two constants: the first is added to the squared gradient, the second is the smallest scale of a parameter. @minimum 0 @default [1e-30, 1e-3] */
  eps?: readonly [number, number]
  /** Upper bound on the root mean square of an update. @exclusiveMinimum 0 @default 1 */
  clipThreshold?: number
  /** Decay of the second moment: `β₂ = 1 − stepᵈ`. @maximum 0 @default -0.8 */
  decayRate?: number
  /** Decay of the first moment; with null none is kept, which saves its memory. @minimum 0 @exclusiveMaximum 1 @default null */
  beta1?: number | null
  /** Decoupled weight decay: each update subtracts this share of the parameter, times its learning rate. @minimum 0 @default 0 */
  weightDecay?: number
  /** Multiply the learning rate by the root mean square of the parameter. @default true */
  scaleParameter?: boolean
  /** Learning rate `min(0.01, 1/√step)` instead of `lr`. @default true */
  relativeStep?: boolean
  /** With `relativeStep`: `min(10⁻⁶ · step, 1/√step)`. @default false */
  warmupInit?: boolean
}

type All = Required<AdafactorOptions>

const DEFAULTS: All = {
  // 0 means none: a relative step does not read it.
  lr: 0,
  eps: [1e-30, 1e-3],
  clipThreshold: 1,
  decayRate: -0.8,
  beta1: null,
  weightDecay: 0,
  scaleParameter: true,
  relativeStep: true,
  warmupInit: false,
}

/**
 * Adafactor (Shazeer and Stern 2018): the second moment of a matrix is stored as the means of its rows and columns, n + m numbers instead of n · m.
 * This is the optimizer of Hugging Face transformers, with its names, defaults and state. `torch.optim.Adafactor` differs in its names, in how it
 * applies eps and in its weight decay, which it scales by `lr` alone.
 *
 * `R ← β₂R + (1−β₂) mean_columns(g² + ε₁);  C ← β₂C + (1−β₂) mean_rows(g² + ε₁);  u = g / √(R Cᵀ / mean(R))` (vectors: `g / √V`)`;`
 * `u ← u / max(1, rms(u) / clipThreshold);  α = lr · max(ε₂, rms(p));  p ← p − α·wd·p − α·u`
 *
 * Tensors of more than two dimensions are factored over the last two. A learning-rate schedule has no effect while the step is relative.
 * @throws {OptionError} for `lr` with `relativeStep`, for neither of them, for `warmupInit` without `relativeStep`, and for options out of range.
 */
export class Adafactor extends Optimizer<All> {
  constructor(params: Params<AdafactorOptions>, options: AdafactorOptions = {}) {
    if (options.relativeStep === false && options.lr === undefined) throw noRate()
    super('optim.Adafactor', params as Params<All>, withDefaults(DEFAULTS, options))
  }

  protected override check(given: All): All {
    const { owner } = this
    // transformers saves an unset learning rate as None.
    const options = { ...given, lr: given.lr ?? 0 }
    checkGroup(owner, options, schemas.AdafactorOptions)
    if (options.relativeStep && options.lr !== 0) throw twoRates(options.lr)
    if (options.warmupInit && !options.relativeStep) throw warmupAlone()
    return options
  }

  protected override stateShape(name: string, { shape }: Tensor): readonly number[] | null {
    if (name === 'exp_avg_sq_row') return shape.slice(0, -1)
    if (name === 'exp_avg_sq_col') return [...shape.slice(0, -2), shape.at(-1)!]
    // transformers also saves the scale of the parameter, which is recomputed at each step.
    return name === 'RMS' ? null : shape
  }

  protected override update(batch: Batch, group: ParamGroup & All): void {
    const updates = batch.params.map((param, i) => {
      const single: Batch = { ...batch, params: [param], grads: [batch.grads[i]!], states: [batch.states[i]!] }
      return this.updateOf(single, group)
    })
    // All parameters of the batch change in one queue entry, or none.
    ops.sgdStep(batch.params, updates, [], 1, 0, 0, false, 0, true, false)
  }

  /** The update that is subtracted from the single parameter of the batch. */
  private updateOf(batch: Batch, group: ParamGroup & All): Tensor {
    const [grad, param] = [batch.grads[0]!, batch.params[0]!.detach().to(batch.grads[0]!.dtype)]
    const beta2 = 1 - batch.step ** group.decayRate
    const square = grad.square().add(group.eps[0])
    const scaled = param.ndim < 2 ? this.plain(batch, grad, square, beta2) : this.factored(batch, grad, square, beta2)
    const clipped = scaled.div(rms(scaled).div(group.clipThreshold).clampMin(1))
    const rate = stepSize(batch.step, group)
    const alpha = group.scaleParameter ? rms(param).clampMin(group.eps[1]).mul(rate) : ops.full([], rate, grad.dtype)
    let update = clipped.mul(alpha)
    if (group.beta1 !== null) {
      const average = this.moments(batch, 'exp_avg')[0]!
      update = blend(average, update, group.beta1)
    }
    return group.weightDecay === 0 ? update : update.add(param.mul(alpha).mul(group.weightDecay))
  }

  private plain(batch: Batch, grad: Tensor, square: Tensor, beta2: number): Tensor {
    const average = this.moments(batch, 'exp_avg_sq')[0]!
    return blend(average, square, beta2).rsqrt().mul(grad)
  }

  private factored(batch: Batch, grad: Tensor, square: Tensor, beta2: number): Tensor {
    const row = this.moments(batch, 'exp_avg_sq_row')[0]!
    const column = this.moments(batch, 'exp_avg_sq_col')[0]!
    blend(row, square.mean(-1), beta2)
    blend(column, square.mean(-2), beta2)
    const rowFactor = row.div(row.mean(-1, true)).rsqrt().unsqueeze(-1)
    return grad.mul(rowFactor).mul(column.unsqueeze(-2).rsqrt())
  }
}

function stepSize(step: number, group: ParamGroup & All): number {
  if (!group.relativeStep) return group.lr
  return Math.min(group.warmupInit ? 1e-6 * step : 1e-2, 1 / Math.sqrt(step))
}

/** `average ← β · average + (1 − β) · value`, in one write: if computing the value fails, the average stays unchanged. */
function blend(average: Tensor, value: Tensor, beta: number): Tensor {
  return average.copy_(average.mul(beta).add(value.mul(1 - beta)))
}

function rms(x: Tensor): Tensor {
  return x.square().mean().sqrt()
}

function twoRates(lr: number): OptionError {
  return new OptionError({
    what: 'optim.Adafactor: lr cannot be combined with the relative step',
    expected: 'lr, or relativeStep',
    received: `lr: ${lr}, relativeStep: true`,
    fix: 'set relativeStep: false to use lr, or leave lr out',
  })
}

function noRate(): OptionError {
  return new OptionError({
    what: 'optim.Adafactor: there is no learning rate',
    expected: 'lr, or relativeStep',
    received: 'relativeStep: false without lr',
    fix: 'set lr, e.g. 1e-3',
  })
}

function warmupAlone(): OptionError {
  return new OptionError({
    what: 'optim.Adafactor: warmupInit needs the relative step',
    expected: 'relativeStep: true',
    received: 'warmupInit: true, relativeStep: false',
    fix: 'leave warmupInit out, and warm up with a schedule',
  })
}
