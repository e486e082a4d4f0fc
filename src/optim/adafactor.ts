import { schemas } from '../runtime/tables.js'
import { OptionError } from '../errors.js'
import * as ops from '../generated/ops.js'
import type { Tensor } from '../tensor/tensor.js'
import { copyAll } from '../tensor/copy.js'
import { scope } from '../tensor/scope.js'
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

  protected override update(batches: readonly Batch<All>[]): void {
    // Parameters and moments of the step change in one queue entry, or none does.
    scope(() =>
      copyAll(
        batches.flatMap((batch) => batch.params.flatMap((_, i) => scope(() => this.changesOf(single(batch, i))))),
      ),
    )
  }

  /** The single parameter of the batch and its moments, each with its next value. */
  private changesOf(batch: Batch<All>): Change[] {
    const { group } = batch
    const [grad, param] = [batch.grads[0]!, batch.params[0]!.detach().to(batch.grads[0]!.dtype)]
    const changes: Change[] = []
    const blend: Blend = (name, value, beta) => {
      const average = this.moments(batch, name)[0]!
      const next = average.mul(beta).add(value.mul(1 - beta))
      changes.push([average, next])
      return next
    }
    const beta2 = 1 - batch.step ** group.decayRate
    const square = grad.square().add(group.eps[0])
    const scaled = param.ndim < 2 ? plain(blend, grad, square, beta2) : factored(blend, grad, square, beta2)
    const clipped = scaled.div(rms(scaled).div(group.clipThreshold).clampMin(1))
    const rate = stepSize(batch.step, group)
    const alpha = group.scaleParameter ? rms(param).clampMin(group.eps[1]).mul(rate) : ops.full([], rate, grad.dtype)
    let update = clipped.mul(alpha)
    if (group.beta1 !== null) update = blend('exp_avg', update, group.beta1)
    if (group.weightDecay !== 0) update = update.add(param.mul(alpha).mul(group.weightDecay))
    return [[batch.params[0]!, param.sub(update)], ...changes]
  }
}

type Change = readonly [target: Tensor, next: Tensor]
/** The next value of the moment `name`: `β · moment + (1 − β) · value`. */
type Blend = (name: string, value: Tensor, beta: number) => Tensor

/** The batch of one of its parameters. */
function single(batch: Batch<All>, i: number): Batch<All> {
  return { ...batch, params: [batch.params[i]!], grads: [batch.grads[i]!], states: [batch.states[i]!] }
}

function plain(blend: Blend, grad: Tensor, square: Tensor, beta2: number): Tensor {
  return blend('exp_avg_sq', square, beta2).rsqrt().mul(grad)
}

function factored(blend: Blend, grad: Tensor, square: Tensor, beta2: number): Tensor {
  const row = blend('exp_avg_sq_row', square.mean(-1), beta2)
  const column = blend('exp_avg_sq_col', square.mean(-2), beta2)
  const rowFactor = row.div(row.mean(-1, true)).rsqrt().unsqueeze(-1)
  return grad.mul(rowFactor).mul(column.unsqueeze(-2).rsqrt())
}

function stepSize(step: number, group: ParamGroup & All): number {
  if (!group.relativeStep) return group.lr
  return Math.min(group.warmupInit ? 1e-6 * step : 1e-2, 1 / Math.sqrt(step))
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
