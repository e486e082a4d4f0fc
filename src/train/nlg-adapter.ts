// The LoRA layers of the paper's NLG example.
import { injectLora } from '../lora/inject.js'
import { isLoraLayer } from '../lora/lora-layer.js'
import { markOnlyLoraAsTrainable } from '../lora/trainable.js'
import type { CausalLM } from '../models/shared/causal-lm.js'
import { checkOptions } from '../runtime/check-options.js'
import { bad } from '../runtime/options.js'
import { schemas } from '../runtime/tables.js'
import { noGrad } from '../tensor/scope.js'
import type { Tensor } from '../tensor/tensor.js'
import type { NlgLoraSettings } from './nlg-recipe.js'

/** Options of {@link adaptForNlg}. */
export interface NlgAdapterOptions extends NlgLoraSettings {
  /**
   * Let every layer start from the `lora_A` of the first one, as upstream does by copying blocks. @default false: each layer draws its own
   */
  sameStart?: boolean
}

const OWNER = 'train.adaptForNlg'

/**
 * Prepares a language model as the paper's NLG example does: LoRA on queries and values, everything else frozen. In a GPT-2 these are two blocks of
 * the fused `c_attn`, in other models `q_proj` and `v_proj`. With `loraDim: 0` all weights are trained instead; load the model with
 * `{ dtype: 'f32', mapped: false }` then.
 *
 * The update is never merged (`mergeWeights: false`), so switching between training and evaluation copies no weights.
 * @returns the paths of the adapted layers.
 * @throws {OptionError} for options out of range, and for a model without such layers.
 * @see microsoft/LoRA `examples/NLG/src/model.py`
 */
export function adaptForNlg(model: CausalLM, options: NlgAdapterOptions = {}): string[] {
  checkOptions(OWNER, options, schemas.NlgAdapterOptions)
  const { loraDim: r = 4, loraAlpha = 32, loraDropout = 0.1, sameStart = false } = options
  if (r === 0) {
    model.requiresGrad_(true)
    return []
  }
  const common = { r, loraAlpha, loraDropout, mergeWeights: false }
  const names = new Set([...model.namedModules()].map(([path]) => path.slice(path.lastIndexOf('.') + 1)))
  const isFused = names.has('c_attn')
  if (!isFused && !(names.has('q_proj') && names.has('v_proj'))) {
    throw bad(OWNER, 'model', 'a model with c_attn, or with q_proj and v_proj', model, 'adapt it with lora.injectLora')
  }
  const adapted = isFused
    ? injectLora(model, { targets: ['c_attn'], enableLora: [true, false, true], ...common })
    : injectLora(model, { targets: ['q_proj', 'v_proj'], ...common })
  markOnlyLoraAsTrainable(model)
  if (sameStart) copyFirstStart(model)
  return adapted
}

/** Layers of one shape get the `lora_A` of the first one. */
function copyFirstStart(model: CausalLM): void {
  const first = new Map<string, Tensor>()
  noGrad(() => {
    for (const [path, layer] of model.namedModules()) {
      if (!isLoraLayer(layer) || layer.loraA === null) continue
      const kind = `${path.slice(path.lastIndexOf('.'))} ${layer.loraA.shape.join()}`
      const start = first.get(kind)
      if (start === undefined) first.set(kind, layer.loraA)
      else layer.loraA.copy_(start)
    }
  })
}
