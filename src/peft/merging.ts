// What merging costs, measured on the copy that it makes.
import { NonFiniteError, OptionError } from '../errors.js'
import { withAdapters } from '../lora/active.js'
import { isLoraLayer } from '../lora/lora-layer.js'
import type { LoraLayer } from '../lora/lora-layer.js'
import type { Module } from '../nn/module.js'
import { stack } from '../tensor/make.js'
import { isBlocks } from '../tensor/dtype.js'
import { keep, noGrad } from '../tensor/scope.js'
import { Tensor } from '../tensor/tensor.js'
import { parts } from './apply.js'

/** Options of {@link PeftModel.mergeAdapter}. */
export interface MergeOptions {
  /** The adapters to merge. @default the active ones */
  adapterNames?: string | readonly string[]
  /** Refuse merged weights with NaN or infinity, and then change nothing. @default true */
  safeMerge?: boolean
  /**
   * The first argument of a call of the model, such as rows of token ids. The model is called with it before and after merging, in evaluation mode.
   * @expected what `forward` takes first @default none: `maxLogitChange` is null
   */
  probe?: readonly (readonly number[])[] | Tensor
}

/** What {@link PeftModel.mergeAdapter} has measured. */
export interface MergeReport {
  /** Layers that were merged. */
  layers: number
  /** The largest difference of an output for the probe, merged and not; null without a probe. */
  maxLogitChange: number | null
  /** What was lost by rounding merged weights to the dtype of the base, blocks too; 0 for an f32 base. */
  rounding: {
    /** The largest error of a weight. */
    maxAbs: number
    /** The norm of all errors, as a share of that of all updates. 1: nothing of the update is left. */
    relative: number
  }
}

const OWNER = 'PeftModel.mergeAdapter'

/** Merges adapters, checks and measures. The copies are made, and calls use them, before this returns; if the check fails, what was merged before is merged again. */
export async function mergeChecked(
  model: Module,
  names: readonly string[],
  { safeMerge = true, probe }: MergeOptions,
): Promise<MergeReport> {
  if (probe !== undefined && model.training) throw inTraining()
  const outputs = (): Tensor | null =>
    probe === undefined ? null : noGrad(() => keep(withAdapters(names, () => tensorOf(model.forward(probe)))).detach())
  const layers = [...parts(model)].flatMap(([path, part]) =>
    isLoraLayer(part) && names.some((name) => part.adapters.has(name)) ? [[path, part] as const] : [],
  )
  const all = [...parts(model)].flatMap(([, part]) => (isLoraLayer(part) ? [part] : []))
  const before = all.map((layer) => layer.mergedAdapters)
  for (const layer of all) layer.unmerge()
  const apart = outputs()
  withAdapters(names, () => {
    for (const [, layer] of layers) layer.merge()
  })
  try {
    if (safeMerge) await checkFinite(layers, names)
    const rounding = await roundingOf(layers.map(([, layer]) => layer))
    const together = outputs()
    const change = apart && together ? await noGrad(() => together.sub(apart).abs().max()).item() : null
    return { layers: layers.length, maxLogitChange: change, rounding }
  } catch (error) {
    for (const [i, layer] of all.entries()) {
      layer.unmerge()
      if (before[i]!.length > 0) withAdapters(before[i]!, () => layer.merge())
    }
    throw error
  } finally {
    apart?.dispose()
  }
}

async function checkFinite(
  layers: readonly (readonly [path: string, layer: LoraLayer])[],
  names: readonly string[],
): Promise<void> {
  if (layers.length === 0) return
  const sound = noGrad(() => stack(layers.map(([, layer]) => isSound(layer))))
  const values = (await sound.tolist()) as number[]
  const broken = layers.filter((_, i) => values[i] === 0).map(([path]) => path)
  if (broken.length === 0) return
  throw new NonFiniteError({
    what: `${OWNER}: the merged weights would have NaN or infinity`,
    expected: 'finite numbers; nothing was merged',
    received: `${names.join(', ')}: ${broken.slice(0, 3).join(', ')}${broken.length > 3 ? ` and ${broken.length - 3} more` : ''}`,
    fix: 'the adapter is broken, or too large for the dtype of the base: take an earlier checkpoint, or convert the base to f32',
  })
}

function isSound(layer: LoraLayer): Tensor {
  // Rounding to blocks makes numbers of what is none.
  const merged = isBlocks(layer.baseWeight.dtype) ? layer.exactMerged() : layer.forwardWeight()
  const weight = merged.isfinite().all().to('f32')
  const bias = layer.mergedBiasInUse()
  return bias === null ? weight : weight.mul(bias.isfinite().all().to('f32'))
}

/** Compared with the weights merged in f32. Those of a base in f32 or f64 are the same. */
async function roundingOf(layers: readonly LoraLayer[]): Promise<MergeReport['rounding']> {
  const rounded = layers.filter(({ baseWeight: { dtype } }) => dtype !== 'f32' && dtype !== 'f64')
  let [maxAbs, lost, all] = [0, 0, 0]
  for (const layer of rounded) {
    const found = noGrad(() => {
      const exact = layer.exactMerged()
      const error = layer.forwardWeight().to(exact.dtype).sub(exact)
      const update = exact.sub(layer.baseWeight.detach().to(exact.dtype))
      return stack([error.abs().max(), error.square().sum(), update.square().sum()])
    })
    const [most, errors, updates] = (await found.tolist()) as [number, number, number]
    maxAbs = Math.max(maxAbs, most)
    lost += errors
    all += updates
  }
  return { maxAbs, relative: all === 0 ? 0 : Math.sqrt(lost / all) }
}

function tensorOf(output: unknown): Tensor {
  if (output instanceof Tensor) return output
  const { logits, lastHiddenState } = output as { logits?: Tensor; lastHiddenState?: Tensor }
  const found = logits ?? lastHiddenState
  if (found instanceof Tensor) return found
  throw new OptionError({
    what: `${OWNER}: the model gives no tensor for the probe`,
    expected: 'a tensor, or an output with logits or lastHiddenState',
    received: typeof output,
    fix: 'leave the probe out, and compare the outputs before and after yourself',
  })
}

function inTraining(): OptionError {
  return new OptionError({
    what: `${OWNER}: a probe in training mode would be compared with other dropout`,
    expected: 'a model in evaluation mode',
    received: 'a model in training mode',
    fix: 'call model.eval() first',
  })
}
