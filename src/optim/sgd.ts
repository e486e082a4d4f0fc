import { schemas } from '../runtime/tables.js'
import { OptionError } from '../errors.js'
import * as ops from '../generated/ops.js'
import type { AdamOptions } from './adam.js'
import { Optimizer, checkGroup, gradsOf, paramsOf, withDefaults } from './optimizer.js'
import type { Batch, Params } from './optimizer.js'

/** Options of {@link SGD}. */
export interface SGDOptions extends Pick<AdamOptions, 'lr' | 'weightDecay' | 'maximize'> {
  /** Momentum factor: the share of the previous step that is kept. @minimum 0 @default 0 */
  momentum?: number
  /** Dampening: the share of the gradient that is left out of the momentum. @default 0 */
  dampening?: number
  /** Use Nesterov momentum; needs `momentum` and no `dampening`. @default false */
  nesterov?: boolean
}

const DEFAULTS: Required<SGDOptions> = {
  lr: 1e-3,
  momentum: 0,
  dampening: 0,
  nesterov: false,
  weightDecay: 0,
  maximize: false,
}

/**
 * Stochastic gradient descent with momentum, as PyTorch computes it:
 *
 * `g ← g + wd·p;  b ← momentum·b + (1−dampening)·g` (the first time `b ← g`)`;  p ← p − lr·b`; with `nesterov`, `p ← p − lr·(g + momentum·b)`.
 * @throws {OptionError} for options out of range, and for `nesterov` without momentum or with dampening.
 * @see torch `SGD`: same defaults, same state-dict structure.
 */
export class SGD extends Optimizer<Required<SGDOptions>> {
  constructor(params: Params<SGDOptions>, options: SGDOptions = {}) {
    super('optim.SGD', params as Params<Required<SGDOptions>>, withDefaults(DEFAULTS, options))
  }

  protected override check(options: Required<SGDOptions>): Required<SGDOptions> {
    checkGroup(this.owner, options, schemas.SGDOptions)
    if (options.nesterov && (options.momentum === 0 || options.dampening !== 0)) throw nesterovAlone(options)
    return options
  }

  protected override update(batches: readonly Batch<Required<SGDOptions>>[]): void {
    const buffers = batches
      .filter(({ group }) => group.momentum > 0)
      .flatMap((batch) => this.moments(batch, 'momentum_buffer'))
    const groups = batches.flatMap(({ params, group, step }) => {
      const { lr, momentum, dampening, nesterov, weightDecay, maximize } = group
      return [params.length, lr, momentum, dampening, +nesterov, weightDecay, +(step === 1), +maximize]
    })
    ops.sgdStep(paramsOf(batches), gradsOf(batches), buffers, groups)
  }
}

function nesterovAlone({ momentum, dampening }: Required<SGDOptions>): OptionError {
  return new OptionError({
    what: 'optim.SGD: nesterov needs momentum and no dampening',
    expected: 'momentum above 0 and dampening 0',
    received: `momentum: ${momentum}, dampening: ${dampening}`,
    fix: 'set momentum, e.g. 0.9, and leave dampening out',
  })
}
