import { OptionError } from '../errors.js'
import * as ops from '../generated/ops.js'
import { bad, checkBoolean, checkKeys, checkNumber } from '../runtime/options.js'
import type { Tensor } from '../tensor/tensor.js'
import { Optimizer } from './optimizer.js'
import type { Batch, ParamGroup, Params } from './optimizer.js'

/** Options of {@link Adafactor}. */
export interface AdafactorOptions {
  /** Learning rate, for `relativeStep: false`. @default none: the step is relative */
  lr?: number
  /** Added to the squared gradient, and the least scale of a parameter. @default [1e-30, 1e-3] */
  eps?: readonly [number, number]
  /** The root mean square that an update has at most. @default 1 */
  clipThreshold?: number
  /** Decay of the second moment: `β₂ = 1 − stepᵈ`. @default -0.8 */
  decayRate?: number
  /** Decay of the first moment; null keeps none, and no memory for it. @default null */
  beta1?: number | null
  /** Share of a parameter taken off by each update, times its learning rate. @default 0 */
  weightDecay?: number
  /** Multiply the learning rate by the root mean square of the parameter. @default true */
  scaleParameter?: boolean
  /** Learning rate `min(0.01, 1/√step)` instead of `lr`. @default true */
  relativeStep?: boolean
  /** With `relativeStep`: `min(10⁻⁶ · step, 1/√step)`. @default false */
  warmupInit?: boolean
}

type All = Required<AdafactorOptions>

const KEYS = [
  'eps',
  'clipThreshold',
  'decayRate',
  'beta1',
  'weightDecay',
  'scaleParameter',
  'relativeStep',
  'warmupInit',
]

/**
 * Adafactor (Shazeer and Stern 2018): the second moment of a matrix is kept as the means of its rows and columns, (n) + (m) numbers instead of
 * n · m. This is the optimizer of Hugging Face transformers, with its names, defaults and state; `torch.optim.Adafactor` differs in names, in the
 * place of eps and in taking weight decay off by `lr` alone.
 *
 * `R ← β₂R + (1−β₂) mean_columns(g² + ε₁);  C ← β₂C + (1−β₂) mean_rows(g² + ε₁);  u = g / √(R Cᵀ / mean(R))` (vectors: `g / √V`)`;`
 * `u ← u / max(1, rms(u) / clipThreshold);  α = lr · max(ε₂, rms(p));  p ← p − α·wd·p − α·u`
 *
 * Tensors of more than two dimensions are factored over the last two. A schedule has nothing to move while the step is relative.
 * @throws {OptionError} for `lr` beside `relativeStep`, for neither, for `warmupInit` without it, and for options out of range.
 */
export class Adafactor extends Optimizer<All> {
  constructor(params: Params<AdafactorOptions>, options: AdafactorOptions = {}) {
    if (options.relativeStep === false && options.lr === undefined) throw noRate()
    super('optim.Adafactor', params as Params<All>, {
      // 0 stands for none: a relative step does not read it.
      lr: 0,
      eps: [1e-30, 1e-3],
      clipThreshold: 1,
      decayRate: -0.8,
      beta1: null,
      weightDecay: 0,
      scaleParameter: true,
      relativeStep: true,
      warmupInit: false,
      ...options,
    })
  }

  protected override check(given: All): All {
    const { owner } = this
    // transformers saves a rate that is not set as None.
    const options = { ...given, lr: given.lr ?? 0 }
    checkKeys(owner, options, ['lr', 'initialLr', ...KEYS])
    checkNumber(owner, 'lr', options.lr, 0)
    const pair = Array.isArray(options.eps) && options.eps.length === 2 && options.eps.every((eps) => eps >= 0)
    if (!pair) throw bad(owner, 'eps', 'two numbers, 0 or more', options.eps)
    checkNumber(owner, 'clipThreshold', options.clipThreshold, 0, true)
    if (!(checkNumber(owner, 'decayRate', options.decayRate) <= 0))
      throw bad(owner, 'decayRate', '0 or less', options.decayRate)
    if (options.beta1 !== null && !(options.beta1 >= 0 && options.beta1 < 1)) {
      throw bad(owner, 'beta1', 'null, or a number from 0 to below 1', options.beta1)
    }
    checkNumber(owner, 'weightDecay', options.weightDecay, 0)
    for (const name of ['scaleParameter', 'relativeStep', 'warmupInit'] as const)
      checkBoolean(owner, name, options[name])
    if (options.relativeStep && options.lr !== 0) throw twoRates(options.lr)
    if (options.warmupInit && !options.relativeStep) throw warmupAlone()
    return options
  }

  protected override stateShape(name: string, { shape }: Tensor): readonly number[] | null {
    if (name === 'exp_avg_sq_row') return shape.slice(0, -1)
    if (name === 'exp_avg_sq_col') return [...shape.slice(0, -2), shape.at(-1)!]
    // transformers keeps the scale of the parameter, which is computed anew at each step.
    return name === 'RMS' ? null : shape
  }

  protected override update(batch: Batch, group: ParamGroup & All): void {
    const updates = batch.params.map((param, i) => {
      const one: Batch = { ...batch, params: [param], grads: [batch.grads[i]!], states: [batch.states[i]!] }
      return this.direction(one, group)
    })
    // All parameters of the batch change in one queue entry, or none.
    ops.sgdStep(batch.params, updates, [], 1, 0, 0, false, 0, true, false)
  }

  /** What is taken off the one parameter of a batch. */
  private direction(batch: Batch, group: ParamGroup & All): Tensor {
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

/** `average ← β · average + (1 − β) · value`, in one write: a failed value leaves the average as it was. */
function blend(average: Tensor, value: Tensor, beta: number): Tensor {
  return average.copy_(average.mul(beta).add(value.mul(1 - beta)))
}

function rms(x: Tensor): Tensor {
  return x.square().mean().sqrt()
}

function twoRates(lr: number): OptionError {
  return new OptionError({
    what: 'optim.Adafactor: a learning rate beside the relative step',
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
