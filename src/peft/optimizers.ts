// Parameter groups of LoRA+, and the optimizer of LoRA-FA, as PEFT makes them.
import { UnsupportedError } from '../errors.js'
import * as ops from '../generated/ops.js'
import { asMatrix } from '../lora/dora.js'
import { Embedding } from '../lora/embedding.js'
import { isLoraLayer } from '../lora/lora-layer.js'
import type { NamedAdapter } from '../lora/named-adapter.js'
import type { Module } from '../nn/module.js'
import { decayGroups } from '../optim/decay-groups.js'
import { NlgAdamW } from '../optim/nlg-adamw.js'
import type { Batch } from '../optim/optimizer.js'
import { checkOptions } from '../runtime/check-options.js'
import { bad, checkNumber } from '../runtime/options.js'
import { schemas } from '../runtime/tables.js'
import { eye } from '../tensor/functions.js'
import { keep, noGrad } from '../tensor/scope.js'
import type { Tensor } from '../tensor/tensor.js'
import { parts } from './apply.js'

/** Options of {@link loraPlusParamGroups}. */
export interface LoraPlusOptions {
  /** The learning rate of A, and of all that is no factor. @default none: it is needed */
  lr: number
  /** How much larger the rate of B is, 1 or more. @default none: it is needed */
  loraplusLrRatio: number
  /** The rate of the factors of embeddings. @minimum 0 @default 1e-6 */
  loraplusLrEmbedding?: number
  /** The weight decay of all but biases and norms. @minimum 0 @default 0 */
  loraplusWeightDecay?: number
}

/** A group of LoRA+, for any optimizer. */
export interface LoraPlusGroup {
  params: Tensor[]
  lr: number
  weightDecay: number
}

/**
 * The parameters that train, in the groups of LoRA+ (Hayou et al. 2024): B learns at a larger rate than A. Empty groups are left out.
 * @example
 * const groups = lora.peft.loraPlusParamGroups(model, { lr: 1e-4, loraplusLrRatio: 16 })
 * const optimizer = new lora.optim.AdamW(groups, { lr: 1e-4 })
 * @see peft `create_loraplus_optimizer`: the same groups, rates and decay
 */
export function loraPlusParamGroups(model: Module, options: LoraPlusOptions): LoraPlusGroup[] {
  const owner = 'peft.loraPlusParamGroups'
  checkOptions(owner, options, schemas.LoraPlusOptions)
  const lr = checkNumber(owner, 'lr', options.lr, 0)
  const ratio = checkNumber(owner, 'loraplusLrRatio', options.loraplusLrRatio, 1)
  const { loraplusLrEmbedding: rows = 1e-6, loraplusWeightDecay: decay = 0 } = options
  const undecayed = new Set(
    decayGroups(model, 1).flatMap(({ params, weightDecay }) => (weightDecay === 0 ? params : [])),
  )
  const ofTables = new Set<Tensor>()
  for (const [, part] of parts(model)) {
    if (part instanceof Embedding)
      for (const each of part.adapters.values()) for (const p of each.parameters()) ofTables.add(p)
  }
  const groups: [LoraPlusGroup, LoraPlusGroup, LoraPlusGroup, LoraPlusGroup] = [
    { params: [], lr, weightDecay: decay },
    { params: [], lr: rows, weightDecay: decay },
    { params: [], lr: lr * ratio, weightDecay: decay },
    { params: [], lr: lr * ratio, weightDecay: 0 },
  ]
  const seen = new Set<Tensor>()
  for (const [, tensor, kind, , key] of model.namedTensors()) {
    if (kind !== 'parameter' || !tensor.requiresGrad || seen.has(tensor)) continue
    seen.add(tensor)
    const isFast = key === 'lora_B' || tensor.ndim === 1
    const group = ofTables.has(tensor) ? 1 : !isFast ? 0 : undecayed.has(tensor) ? 3 : 2
    groups[group].params.push(tensor)
  }
  const filled = groups.filter(({ params }) => params.length > 0)
  if (filled.length === 0)
    throw bad(owner, 'model', 'a model with parameters that train: call setAdapter first', model.constructor.name)
  return filled
}

/** Options of {@link createLoraFaOptimizer}. */
export interface LoraFaOptions {
  /** Learning rate. @minimum 0 @default 1e-3 */
  lr?: number
  /** Decay rates of the moments. @default [0.9, 0.999] */
  betas?: readonly [number, number]
  /** Added to the root of the second moment. @minimum 0 @default 1e-6 */
  eps?: number
  /** Share of a parameter that each update takes off it, times `lr`. @minimum 0 @default 0 */
  weightDecay?: number
  /** Correct the moments of the first steps. @default true */
  correctBias?: boolean
}

/**
 * The optimizer of LoRA-FA (Zhang et al. 2023): A is frozen, and the gradient of B becomes `g (A Aᵀ)⁻¹ / s²`, whose step is the nearest to that of the full weight. The rest is AdamW with
 * decay after the step, as in PEFT. A frozen A needs no gradient, so its layer keeps only `x Aᵀ` for backward.
 * @example
 * const optimizer = lora.peft.createLoraFaOptimizer(model, { lr: 2e-4 })
 * @throws {UnsupportedError} for an adapter of an embedding, whose A starts at zero: frozen, it would learn nothing.
 * @see peft `create_lorafa_optimizer`: rank, alpha and rsLoRA are those of each layer
 */
export function createLoraFaOptimizer(model: Module, options: LoraFaOptions = {}): LoraFa {
  const owner = 'peft.createLoraFaOptimizer'
  checkOptions(owner, options, schemas.LoraFaOptions)
  const pairs = new Map<Tensor, NamedAdapter>()
  for (const [path, part] of parts(model)) {
    if (!isLoraLayer(part)) continue
    for (const adapter of part.adapters.values()) {
      if (!adapter.lora_B.requiresGrad) continue
      if (part instanceof Embedding) throw zeroForEver(owner, path)
      pairs.set(adapter.lora_B, adapter)
    }
  }
  if (pairs.size === 0)
    throw bad(owner, 'model', 'a model with an adapter that trains: call setAdapter first', model.constructor.name)
  for (const { lora_A } of pairs.values()) lora_A.requiresGrad = false
  return new LoraFa(
    model.parameters().filter((tensor) => tensor.requiresGrad),
    { betas: [0.9, 0.999], eps: 1e-6, weightDecay: 0, ...options },
    pairs,
  )
}

/** {@link createLoraFaOptimizer} makes it. */
export class LoraFa extends NlgAdamW {
  /** (A Aᵀ)⁻¹ / s² by B, and what it was computed from. */
  private readonly inverses = new Map<Tensor, { version: number; scaling: number; value: Tensor }>()

  constructor(
    params: Tensor[],
    options: LoraFaOptions,
    private readonly pairs: ReadonlyMap<Tensor, NamedAdapter>,
  ) {
    super(params, options as ConstructorParameters<typeof NlgAdamW>[1])
  }

  protected override update(batches: readonly Batch<never>[]): void {
    const projected = batches.map((batch) => ({
      ...batch,
      grads: batch.grads.map((grad, i) => this.projected(batch.params[i]!, grad)),
    }))
    super.update(projected)
  }

  private projected(parameter: Tensor, grad: Tensor): Tensor {
    const adapter = this.pairs.get(parameter)
    if (adapter === undefined) return grad
    return asMatrix(grad).matmul(this.inverse(parameter, adapter)).reshape(grad.shape)
  }

  private inverse(b: Tensor, { lora_A, scaling }: NamedAdapter): Tensor {
    const known = this.inverses.get(b)
    if (known?.version === lora_A.version && known.scaling === scaling) return known.value
    known?.value.dispose()
    const value = noGrad(() => {
      const a = asMatrix(lora_A.detach())
      const gram = a.matmul(a.transpose(0, 1))
      const [u, s, v] = ops.svd(gram.add(eye(gram.shape[0]!, gram.shape[0]!, { dtype: gram.dtype as 'f32' }).mul(1e-8)))
      return keep(
        v
          .div(s)
          .matmul(u.transpose(0, 1))
          .div(scaling * scaling),
      )
    })
    this.inverses.set(b, { version: lora_A.version, scaling, value })
    return value
  }
}

function zeroForEver(owner: string, path: string): UnsupportedError {
  return new UnsupportedError({
    what: `${owner}: the adapter of the embedding ${path} starts with A zero`,
    expected: 'adapters of dense layers and convolutions',
    received: 'an embedding, which would learn nothing with A frozen',
    fix: 'leave the embedding out of the targets, or use another optimizer',
  })
}
