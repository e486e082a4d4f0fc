// What a Trainer trains of its model, with which optimizer and schedule.
import { OptionError } from '../errors.js'
import { isLoraLayer } from '../lora/lora-layer.js'
import type { Module } from '../nn/module.js'
import { Adafactor } from '../optim/adafactor.js'
import { Adam } from '../optim/adam.js'
import { AdamW } from '../optim/adamw.js'
import { decayGroups } from '../optim/decay-groups.js'
import { Constant, ConstantWithWarmup, CosineWarmup, CosineWithRestarts, InverseSqrt, LinearWarmup, Polynomial } from '../optim/schedule.js' // prettier-ignore
import type { LrScheduler } from '../optim/schedule.js'
import { SGD } from '../optim/sgd.js'
import { getPeftModel, PeftModel } from '../peft/peft-model.js'
import { stream } from '../runtime/stream.js'
import type { CompleteConfig, TrainingMethod } from './trainer-config.js'
import { warnOfWarmup } from './warm-up.js'

const LORA = { r: 16, loraAlpha: 32, targetModules: 'all-linear' }

/** The model below adapters. */
export function baseOf(model: Module): Module {
  return model instanceof PeftModel ? model.base_model : model
}

/** The model with what the method adds, and only what it trains marked. @throws {OptionError} when nothing would be trained. */
export function prepareModel(owner: string, model: Module, config: CompleteConfig): Module {
  const method = methodOf(model, config)
  const ready = method === 'lora' ? withAdapter(model, config) : model
  if (method === 'full') ready.requiresGrad_(true)
  if (!ready.parameters().some((tensor) => tensor.requiresGrad)) {
    throw new OptionError({
      what: `${owner}: no parameter of the model requires gradients`,
      expected: 'parameters to train',
      received: `method: '${method}'`,
      fix: "pass method: 'lora', or load the adapter with isTrainable: true",
    })
  }
  const base = baseOf(ready) as Module & Partial<Record<'gradientCheckpointingEnable' | 'gradientCheckpointingDisable', () => void>> // prettier-ignore
  if (config.gradientCheckpointing) {
    if (base.gradientCheckpointingEnable === undefined) throw noCheckpointing(owner, base)
    base.gradientCheckpointingEnable()
  }
  return ready
}

/** The method that is given, or that the model suggests. */
export function methodOf(model: Module, { method }: CompleteConfig): TrainingMethod {
  const hasAdapters = model instanceof PeftModel || [...model.namedModules()].some(([, module]) => isLoraLayer(module))
  return method ?? (hasAdapters ? 'marked' : 'lora')
}

/** In a stream of its own: the seed alone says how the adapter starts. */
function withAdapter(model: Module, { lora, seed }: CompleteConfig): Module {
  const own = stream({ seed })
  try {
    return own.run(() => getPeftModel(model, lora ?? LORA))
  } finally {
    own.close()
  }
}

type TrainerOptimizer = AdamW | Adam | SGD | Adafactor

export function optimizerOf(model: Module, config: CompleteConfig, method: TrainingMethod): TrainerOptimizer {
  const { weightDecay, betas, eps, momentum, optimizer } = config
  const lr = config.lr ?? (method === 'full' ? 2e-5 : 2e-4)
  const groups = decayGroups(model, weightDecay)
  switch (optimizer) {
    case 'adamw':
      return new AdamW(groups, { lr, betas, eps })
    case 'adam':
      return new Adam(groups, { lr, betas, eps })
    case 'sgd':
      return new SGD(groups, { lr, momentum })
    case 'adafactor':
      return new Adafactor(groups, { lr, relativeStep: false, scaleParameter: false, warmupInit: false })
  }
}

export function scheduleOf(
  owner: string,
  optimizer: TrainerOptimizer,
  config: CompleteConfig,
  total: number,
): LrScheduler {
  const { scheduler, warmupSteps, warmupRatio } = config
  const warmup = warmupSteps > 0 ? warmupSteps : Math.ceil(warmupRatio * total)
  if (warmupSteps > 0) warnOfWarmup(owner, warmup, total, 'updates')
  switch (scheduler) {
    case 'linear':
      return new LinearWarmup(optimizer, { warmup, total })
    case 'cosine':
      return new CosineWarmup(optimizer, { warmup, total })
    case 'cosine_with_restarts':
      return new CosineWithRestarts(optimizer, { warmup, total })
    case 'polynomial':
      return new Polynomial(optimizer, { warmup, total })
    case 'inverse_sqrt':
      return new InverseSqrt(optimizer, { warmup })
    case 'constant':
      return warmup > 0 ? new ConstantWithWarmup(optimizer, { warmup }) : new Constant(optimizer)
  }
}

function noCheckpointing(owner: string, { constructor }: Module): OptionError {
  return new OptionError({
    what: `${owner}: gradientCheckpointing is not usable`,
    expected: 'a model with gradientCheckpointingEnable()',
    received: constructor.name,
    fix: 'leave it out',
  })
}
