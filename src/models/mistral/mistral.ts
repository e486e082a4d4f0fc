import { checkActivation } from '../shared/config.js'
import { within } from '../shared/parts.js'
import { freshWeights } from '../shared/pretrained.js'
import type { FreshOptions, PretrainedOptions } from '../shared/pretrained.js'
import { RotaryCausalLM, readRotaryCausalLM } from '../shared/rotary-causal-lm.js'
import { checkWindow, rotaryDecoderConfig } from '../shared/rotary-config.js'
import type { RotaryDecoderConfig } from '../shared/rotary-config.js'
import { RotaryDecoder, readRotaryDecoder } from '../shared/rotary-decoder.js'
import type { Traits } from '../shared/rotary-decoder.js'
import { rotaryFrequencies } from '../shared/rotary.js'

/**
 * The configuration of a Mistral, as in `config.json`. Defaults as in transformers: `vocab_size` 32000, `hidden_size` 4096, `intermediate_size` 14336,
 * 32 blocks, 32 heads that share 8 of keys, `max_position_embeddings` 131072, `rms_norm_eps` 1e-6.
 */
export interface MistralConfig extends RotaryDecoderConfig {
  /** `silu`, or another of the activations that config files name. @default 'silu' */
  hidden_act: string
  /** How many tokens each one looks at, itself included; null for all before it. @default 4096 */
  sliding_window: number | null
}

const OWNER = 'MistralConfig'

const DEFAULTS = {
  model_type: 'mistral',
  architectures: ['MistralForCausalLM'],
  vocab_size: 32000,
  hidden_size: 4096,
  intermediate_size: 14336,
  num_hidden_layers: 32,
  num_attention_heads: 32,
  num_key_value_heads: 8,
  hidden_act: 'silu',
  max_position_embeddings: 4096 * 32,
  rms_norm_eps: 1e-6,
  sliding_window: 4096,
  tie_word_embeddings: false,
  bos_token_id: 1,
  eos_token_id: 2,
  pad_token_id: null,
}

/**
 * Fills in the defaults and checks every field that decides what the model computes.
 * @throws {OptionError} naming the field. @throws {UnsupportedError} for what it cannot compute.
 */
export function mistralConfig(given: Partial<MistralConfig>): MistralConfig {
  const config = rotaryDecoderConfig<MistralConfig>(OWNER, DEFAULTS, given)
  checkActivation(OWNER, 'hidden_act', config.hidden_act)
  checkWindow(OWNER, config.sliding_window)
  rotaryFrequencies(OWNER, config)
  return config
}

function traits({ hidden_act: activation, sliding_window: window, num_hidden_layers: count }: MistralConfig): Traits {
  return { activation, window, hasWindow: Array<boolean>(count).fill(window !== null) }
}

/** Mistral without a head (Jiang et al. 2023): Llama with a sliding window in every block. @see {@link RotaryDecoder} */
export class MistralModel extends RotaryDecoder<MistralConfig> {
  constructor(
    config: Partial<MistralConfig> = {},
    options: FreshOptions = {},
    take = freshWeights('MistralModel', options),
  ) {
    const checked = mistralConfig(config)
    super('MistralModel', checked, traits(checked), take)
  }

  /** A model with fresh weights, in training mode. */
  static fromConfig(config: Partial<MistralConfig>, options: FreshOptions = {}): MistralModel {
    return new MistralModel(config, options)
  }

  /** Reads a folder as {@link MistralForCausalLM.fromPretrained} does, without its head. */
  static fromPretrained(dir: string, options: PretrainedOptions = {}): Promise<MistralModel> {
    return readRotaryDecoder(dir, options, 'mistral', (config, take) => new MistralModel(config, {}, take))
  }
}

/**
 * Mistral with a language-model head: a Llama in which each token looks at the last `sliding_window` tokens only.
 *
 * Shapes: `inputIds (B, T)` → `logits (B, T, V)`, `loss ()`. Parameter names as in Hugging Face checkpoints.
 * @see {@link LlamaForCausalLM} for an example.
 */
export class MistralForCausalLM extends RotaryCausalLM<MistralModel> {
  constructor(
    config: Partial<MistralConfig> = {},
    options: FreshOptions = {},
    take = freshWeights('MistralForCausalLM', options),
  ) {
    super(new MistralModel(config, {}, within(take, 'model')), take)
  }

  /** A model with fresh weights, in training mode. */
  static fromConfig(config: Partial<MistralConfig>, options: FreshOptions = {}): MistralForCausalLM {
    return new MistralForCausalLM(config, options)
  }

  /** Reads a folder with `config.json` and its weights; the model is in evaluation mode. @see {@link LlamaForCausalLM.fromPretrained} */
  static fromPretrained(dir: string, options: PretrainedOptions = {}): Promise<MistralForCausalLM> {
    return readRotaryCausalLM(dir, options, 'mistral', (config, take) => new MistralForCausalLM(config, {}, take))
  }
}
