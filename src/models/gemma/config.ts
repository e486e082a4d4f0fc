// What the configurations of Gemma 2 and Gemma 3 have in common.
import { bad, checkBoolean, checkNumber } from '../../runtime/options.js'
import { checkActivation } from '../shared/config.js'
import { checkSoftcap, checkWindow, unsupportedField } from '../shared/rotary-config.js'
import type { Traits } from '../shared/rotary-decoder.js'

/** Fields of `config.json` that both have. */
export interface GemmaFields {
  /** Activation of the MLP. @default 'gelu_pytorch_tanh' */
  hidden_activation: string
  /** The projections of attention have a bias. @default false */
  attention_bias: boolean
  /** Attention scores are divided by its root. @default 256 */
  query_pre_attn_scalar: number
  /** How many tokens each one looks at in blocks with a sliding window, itself included. @default 4096 */
  sliding_window: number | null
  /** For each block `full_attention` or `sliding_attention`. @default Gemma 2: the first of two has a window; Gemma 3: five of six have one */
  layer_types?: string[] | null
  /** Attention scores s become `cap · tanh(s / cap)`; null for none. @default Gemma 2: 50; Gemma 3: null */
  attn_logit_softcapping: number | null
  /** Logits x become `cap · tanh(x / cap)`; null for none. @default Gemma 2: 30; Gemma 3: null */
  final_logit_softcapping: number | null
}

/** @throws {OptionError} naming the field. @throws {UnsupportedError} for attention in both directions, as EmbeddingGemma has it. */
export function checkGemma(owner: string, config: GemmaFields & { [other: string]: unknown }): void {
  checkActivation(owner, 'hidden_activation', config.hidden_activation)
  checkBoolean(owner, 'attention_bias', config.attention_bias)
  checkNumber(owner, 'query_pre_attn_scalar', config.query_pre_attn_scalar, 0, true)
  checkWindow(owner, config.sliding_window)
  for (const field of ['attn_logit_softcapping', 'final_logit_softcapping'] as const) checkSoftcap(owner, field, config[field])
  const both = config['use_bidirectional_attention']
  if (both != null && typeof both !== 'boolean') throw bad(owner, 'use_bidirectional_attention', 'true, false or null', both)
  if (both) throw unsupportedField(owner, 'use_bidirectional_attention', 'false', both)
}

/** What makes a Gemma of a decoder; which blocks have the window is for each to say. */
export function gemmaTraits(config: GemmaFields): Traits {
  return {
    activation: config.hidden_activation,
    scale: 1 / Math.sqrt(config.query_pre_attn_scalar),
    queryBias: config.attention_bias,
    outputBias: config.attention_bias,
    offsetNorms: true,
    normsBehind: true,
    scalesEmbeddings: true,
    softcap: config.attn_logit_softcapping,
    window: config.sliding_window,
  }
}
