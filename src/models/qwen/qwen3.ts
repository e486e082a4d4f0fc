import { checkBoolean } from '../../runtime/options.js'
import { checkActivation } from '../shared/config.js'
import { within } from '../shared/parts.js'
import { freshWeights } from '../shared/pretrained.js'
import type { FreshOptions, PretrainedOptions } from '../shared/pretrained.js'
import { qwenWindows } from './windows.js'
import { RotaryCausalLM, readRotaryCausalLM } from '../shared/rotary-causal-lm.js'
import { rotaryDecoderConfig } from '../shared/rotary-config.js'
import type { RotaryDecoderConfig } from '../shared/rotary-config.js'
import { RotaryDecoder, readRotaryDecoder } from '../shared/rotary-decoder.js'
import type { Traits } from '../shared/rotary-decoder.js'
import { rotaryFrequencies } from '../shared/rotary.js'

/**
 * The configuration of a Qwen3, as in `config.json`. Defaults as in transformers: `vocab_size` 151936, `hidden_size` 4096, `intermediate_size` 22016,
 * 32 blocks and heads, `head_dim` 128, `max_position_embeddings` 32768, `rms_norm_eps` 1e-6, no special tokens.
 */
export interface Qwen3Config extends RotaryDecoderConfig {
  /** `silu`, or another of the activations that config files name. @default 'silu' */
  hidden_act: string
  /** The projections of attention have a bias. @default false */
  attention_bias: boolean
  /** Some blocks have a sliding window. @default false */
  use_sliding_window: boolean
  /** How many tokens each one looks at in those blocks, itself included. Counts only with `use_sliding_window`. @default 4096 */
  sliding_window: number | null
  /** The first block with a window, where `layer_types` is missing. @default 28 */
  max_window_layers: number
  /** For each block `full_attention` or `sliding_attention`. @default by `max_window_layers` */
  layer_types?: string[] | null
}

const OWNER = 'Qwen3Config'

const DEFAULTS = {
  model_type: 'qwen3',
  architectures: ['Qwen3ForCausalLM'],
  vocab_size: 151936,
  hidden_size: 4096,
  intermediate_size: 22016,
  num_hidden_layers: 32,
  num_attention_heads: 32,
  head_dim: 128,
  hidden_act: 'silu',
  max_position_embeddings: 32768,
  rms_norm_eps: 1e-6,
  attention_bias: false,
  use_sliding_window: false,
  sliding_window: 4096,
  max_window_layers: 28,
  tie_word_embeddings: false,
  bos_token_id: null,
  eos_token_id: null,
  pad_token_id: null,
}

/**
 * Fills in the defaults and checks every field that decides what the model computes.
 * @throws {OptionError} naming the field. @throws {UnsupportedError} for what it cannot compute.
 */
export function qwen3Config(given: Partial<Qwen3Config>): Qwen3Config {
  const config = rotaryDecoderConfig<Qwen3Config>(OWNER, DEFAULTS, given)
  checkActivation(OWNER, 'hidden_act', config.hidden_act)
  checkBoolean(OWNER, 'attention_bias', config.attention_bias)
  qwenWindows(OWNER, config)
  rotaryFrequencies(OWNER, config)
  return config
}

function traits(config: Qwen3Config): Traits {
  const { hidden_act: activation, attention_bias: bias } = config
  return { activation, queryBias: bias, outputBias: bias, headNorms: true, ...qwenWindows(OWNER, config) }
}

/** Qwen3 without a head (Yang et al. 2025): Llama with a norm of each head of queries and keys. @see {@link RotaryDecoder} */
export class Qwen3Model extends RotaryDecoder<Qwen3Config> {
  constructor(
    config: Partial<Qwen3Config> = {},
    options: FreshOptions = {},
    take = freshWeights('Qwen3Model', options),
  ) {
    const checked = qwen3Config(config)
    super('Qwen3Model', checked, traits(checked), take)
  }

  /** A model with fresh weights, in training mode. */
  static fromConfig(config: Partial<Qwen3Config>, options: FreshOptions = {}): Qwen3Model {
    return new Qwen3Model(config, options)
  }

  /** Reads a folder as {@link Qwen3ForCausalLM.fromPretrained} does, without its head. */
  static fromPretrained(dir: string, options: PretrainedOptions = {}): Promise<Qwen3Model> {
    return readRotaryDecoder(dir, options, 'qwen3', (config, take) => new Qwen3Model(config, {}, take))
  }
}

/**
 * Qwen3 with a language-model head: a Llama that norms each head of queries and keys before it turns.
 *
 * Shapes: `inputIds (B, T)` → `logits (B, T, V)`, `loss ()`. Parameter names as in Hugging Face checkpoints.
 * @see {@link LlamaForCausalLM} for an example.
 */
export class Qwen3ForCausalLM extends RotaryCausalLM<Qwen3Model> {
  constructor(
    config: Partial<Qwen3Config> = {},
    options: FreshOptions = {},
    take = freshWeights('Qwen3ForCausalLM', options),
  ) {
    super(new Qwen3Model(config, {}, within(take, 'model')), take)
  }

  /** A model with fresh weights, in training mode. */
  static fromConfig(config: Partial<Qwen3Config>, options: FreshOptions = {}): Qwen3ForCausalLM {
    return new Qwen3ForCausalLM(config, options)
  }

  /** Reads a folder with `config.json` and its weights; the model is in evaluation mode. @see {@link LlamaForCausalLM.fromPretrained} */
  static fromPretrained(dir: string, options: PretrainedOptions = {}): Promise<Qwen3ForCausalLM> {
    return readRotaryCausalLM(dir, options, 'qwen3', (config, take) => new Qwen3ForCausalLM(config, {}, take))
  }
}
