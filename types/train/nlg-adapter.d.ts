// Generated from src/train/nlg-adapter.ts by `npm run api`. Do not edit.

import type { CausalLM } from '../models/shared/causal-lm.js'
import type { NlgLoraSettings } from './nlg-recipe.js'
/** Options of {@link adaptForNlg}. */
export interface NlgAdapterOptions extends NlgLoraSettings {
  /**
   * Let every layer start from the `lora_A` of the first one, as upstream does by copying blocks. @default false: each layer draws its own
   */
  sameStart?: boolean
}
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
export declare function adaptForNlg(model: CausalLM, options?: NlgAdapterOptions): string[]
