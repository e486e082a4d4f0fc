import { checkBoolean } from '../../runtime/options.js'
import { checkActivation } from '../shared/config.js'
import { rotaryDecoderConfig } from '../shared/rotary-config.js'
import type { RotaryDecoderConfig } from '../shared/rotary-config.js'
import { rotaryFrequencies } from '../shared/rotary.js'

/**
 * The configuration of a Llama, as in `config.json`. Defaults are those of Llama 1 with 7 billion weights: `vocab_size` 32000, `hidden_size` 4096,
 * `intermediate_size` 11008, 32 blocks and heads, `max_position_embeddings` 2048, `rms_norm_eps` 1e-6, `bos_token_id` 1, `eos_token_id` 2.
 */
export interface LlamaConfig extends RotaryDecoderConfig {
  /** `silu`, or another of the activations that config files name. @default 'silu' */
  hidden_act: string
  /** The projections of attention have a bias. @default false */
  attention_bias: boolean
  /** The layers of the MLP have a bias. @default false */
  mlp_bias: boolean
}

const DEFAULTS = {
  model_type: 'llama',
  architectures: ['LlamaForCausalLM'],
  vocab_size: 32000,
  hidden_size: 4096,
  intermediate_size: 11008,
  num_hidden_layers: 32,
  num_attention_heads: 32,
  hidden_act: 'silu',
  max_position_embeddings: 2048,
  rms_norm_eps: 1e-6,
  attention_bias: false,
  mlp_bias: false,
  tie_word_embeddings: false,
  bos_token_id: 1,
  eos_token_id: 2,
  pad_token_id: null,
}

/**
 * Fills in the defaults and checks every field that decides what the model computes.
 * @throws {OptionError} naming the field. @throws {UnsupportedError} for a kind of rotary scaling that there is not.
 */
export function llamaConfig(given: Partial<LlamaConfig>): LlamaConfig {
  const owner = 'LlamaConfig'
  const config = rotaryDecoderConfig<LlamaConfig>(owner, DEFAULTS, given)
  for (const field of ['attention_bias', 'mlp_bias'] as const) checkBoolean(owner, field, config[field])
  checkActivation(owner, 'hidden_act', config.hidden_act)
  rotaryFrequencies(owner, config)
  return config
}
