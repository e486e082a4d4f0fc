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
 * The configuration of a Qwen2, as in `config.json`. Defaults as in transformers: `vocab_size` 151936, `hidden_size` 4096, `intermediate_size` 22016,
 * 32 blocks and heads, `max_position_embeddings` 32768, `rms_norm_eps` 1e-6, no special tokens.
 */
export interface Qwen2Config extends RotaryDecoderConfig {
  /** `silu`, or another of the activations that config files name. @default 'silu' */
  hidden_act: string
  /** Some blocks have a sliding window. @default false */
  use_sliding_window: boolean
  /** How many tokens each one looks at in those blocks, itself included. Counts only with `use_sliding_window`. @default 4096 */
  sliding_window: number | null
  /** The first block with a window, where `layer_types` is missing. @default 28 */
  max_window_layers: number
  /** For each block `full_attention` or `sliding_attention`. @default by `max_window_layers` */
  layer_types?: string[] | null
}

const OWNER = 'Qwen2Config'

const DEFAULTS = {
  model_type: 'qwen2',
  architectures: ['Qwen2ForCausalLM'],
  vocab_size: 151936,
  hidden_size: 4096,
  intermediate_size: 22016,
  num_hidden_layers: 32,
  num_attention_heads: 32,
  hidden_act: 'silu',
  max_position_embeddings: 32768,
  rms_norm_eps: 1e-6,
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
export function qwen2Config(given: Partial<Qwen2Config>): Qwen2Config {
  const config = rotaryDecoderConfig<Qwen2Config>(OWNER, DEFAULTS, given)
  checkActivation(OWNER, 'hidden_act', config.hidden_act)
  qwenWindows(OWNER, config)
  rotaryFrequencies(OWNER, config)
  return config
}

function traits(config: Qwen2Config): Traits {
  return { activation: config.hidden_act, queryBias: true, ...qwenWindows(OWNER, config) }
}

/** Qwen2 without a head (Yang et al. 2024): Llama with biases on the projections of queries, keys and values. @see {@link RotaryDecoder} */
export class Qwen2Model extends RotaryDecoder<Qwen2Config> {
  constructor(
    config: Partial<Qwen2Config> = {},
    options: FreshOptions = {},
    take = freshWeights('Qwen2Model', options),
  ) {
    const checked = qwen2Config(config)
    super('Qwen2Model', checked, traits(checked), take)
  }

  /** A model with fresh weights, in training mode. */
  static fromConfig(config: Partial<Qwen2Config>, options: FreshOptions = {}): Qwen2Model {
    return new Qwen2Model(config, options)
  }

  /** Reads a folder as {@link Qwen2ForCausalLM.fromPretrained} does, without its head. */
  static fromPretrained(dir: string, options: PretrainedOptions = {}): Promise<Qwen2Model> {
    return readRotaryDecoder(dir, options, 'qwen2', (config, take) => new Qwen2Model(config, {}, take))
  }
}

/**
 * Qwen2 with a language-model head, also Qwen2.5: a Llama whose projections of queries, keys and values have biases.
 *
 * Shapes: `inputIds (B, T)` → `logits (B, T, V)`, `loss ()`. Parameter names as in Hugging Face checkpoints.
 * @see {@link LlamaForCausalLM} for an example.
 */
export class Qwen2ForCausalLM extends RotaryCausalLM<Qwen2Model> {
  constructor(
    config: Partial<Qwen2Config> = {},
    options: FreshOptions = {},
    take = freshWeights('Qwen2ForCausalLM', options),
  ) {
    super(new Qwen2Model(config, {}, within(take, 'model')), take)
  }

  /** A model with fresh weights, in training mode. */
  static fromConfig(config: Partial<Qwen2Config>, options: FreshOptions = {}): Qwen2ForCausalLM {
    return new Qwen2ForCausalLM(config, options)
  }

  /** Reads a folder with `config.json` and its weights; the model is in evaluation mode. @see {@link LlamaForCausalLM.fromPretrained} */
  static fromPretrained(dir: string, options: PretrainedOptions = {}): Promise<Qwen2ForCausalLM> {
    return readRotaryCausalLM(dir, options, 'qwen2', (config, take) => new Qwen2ForCausalLM(config, {}, take))
  }
}
