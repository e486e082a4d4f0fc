import { InstanceNorm1d, InstanceNorm2d, InstanceNorm3d } from '../nn/instance-norm.js'
import { BatchNorm1d, BatchNorm2d, BatchNorm3d } from '../nn/batch-norm.js'
import { GroupNorm } from '../nn/group-norm.js'
import { LayerNorm } from '../nn/layer-norm.js'
import type { Module } from '../nn/module.js'
import { checkNumber } from '../runtime/options.js'
import { RMSNorm } from '../nn/rms-norm.js'
import type { Tensor } from '../tensor/tensor.js'

const NORMS = [LayerNorm, RMSNorm, GroupNorm, BatchNorm1d, BatchNorm2d, BatchNorm3d, InstanceNorm1d, InstanceNorm2d, InstanceNorm3d] // prettier-ignore

/**
 * The trainable parameters of a model as groups for an optimizer: biases and the parameters of normalization layers without weight decay, all others
 * with it. A tied parameter is listed once; an empty group is left out.
 * @example
 * const optimizer = new optim.AdamW(optim.decayGroups(model, 0.1), { lr: 5e-4 })
 * @see transformers `Trainer.create_optimizer`: the same groups.
 */
export function decayGroups(model: Module, weightDecay: number): { params: Tensor[]; weightDecay: number }[] {
  checkNumber('optim.decayGroups', 'weightDecay', weightDecay, 0)
  const [decayed, undecayed] = [new Set<Tensor>(), new Set<Tensor>()]
  for (const [, tensor, kind, owner, key] of model.namedTensors()) {
    if (kind !== 'parameter' || !tensor.requiresGrad || decayed.has(tensor) || undecayed.has(tensor)) continue
    const isUndecayed = /(^|[._])bias$/.test(key) || NORMS.some((norm) => owner instanceof norm)
    ;(isUndecayed ? undecayed : decayed).add(tensor)
  }
  const groups = [
    { params: [...decayed], weightDecay },
    { params: [...undecayed], weightDecay: 0 },
  ]
  return groups.filter(({ params }) => params.length > 0)
}
