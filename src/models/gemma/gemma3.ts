import { bad, checkInteger } from '../../runtime/options.js'
import { checkGemma, gemmaTraits } from './config.js'
import type { GemmaFields } from './config.js'
import { within } from '../shared/parts.js'
import { freshWeights } from '../shared/pretrained.js'
import type { FreshOptions, PretrainedOptions } from '../shared/pretrained.js'
import { RotaryCausalLM, readRotaryCausalLM } from '../shared/rotary-causal-lm.js'
import { rotaryDecoderConfig, windowedLayers } from '../shared/rotary-config.js'
import type { RotaryDecoderConfig } from '../shared/rotary-config.js'
import { RotaryDecoder, readRotaryDecoder } from '../shared/rotary-decoder.js'
import type { Traits } from '../shared/rotary-decoder.js'
import { rotaryFrequencies } from '../shared/rotary.js'
import type { RopeParameters, RotaryConfig } from '../shared/rotary.js'

/**
 * The configuration of the text model of a Gemma 3, as in `config.json`. Defaults as in transformers: `vocab_size` 262208, `hidden_size` 2304,
 * `intermediate_size` 9216, 26 blocks, 8 heads of 256 features that share 4 of keys, `max_position_embeddings` 131072, `rms_norm_eps` 1e-6, no caps, a
 * tied head, `pad_token_id` 0, `eos_token_id` 1, `bos_token_id` 2.
 */
export interface Gemma3Config extends RotaryDecoderConfig, GemmaFields {
  /** Rotary positions of the two kinds of blocks, as transformers 5 writes them. @default `rope_theta`, `rope_scaling`, `rope_local_base_freq` */
  rope_parameters?: { full_attention: RopeParameters; sliding_attention: RopeParameters } | null
  /** Base of the rotary frequencies in blocks without a window, as earlier releases write it. @default 1000000 */
  rope_theta?: number
  /** Base of those in blocks with a window, as earlier releases write it. @default 10000 */
  rope_local_base_freq?: number
  /** Of so many blocks the last one has no window, where `layer_types` is missing. @default 6 */
  sliding_window_pattern?: number
}

const OWNER = 'Gemma3Config'

const DEFAULTS = {
  model_type: 'gemma3_text',
  architectures: ['Gemma3ForCausalLM'],
  vocab_size: 262208,
  hidden_size: 2304,
  intermediate_size: 9216,
  num_hidden_layers: 26,
  num_attention_heads: 8,
  num_key_value_heads: 4,
  head_dim: 256,
  hidden_activation: 'gelu_pytorch_tanh',
  max_position_embeddings: 131072,
  rms_norm_eps: 1e-6,
  attention_bias: false,
  query_pre_attn_scalar: 256,
  sliding_window: 4096,
  attn_logit_softcapping: null,
  final_logit_softcapping: null,
  tie_word_embeddings: true,
  bos_token_id: 2,
  eos_token_id: 1,
  pad_token_id: 0,
}

/**
 * Fills in the defaults and checks every field that decides what the model computes.
 * @throws {OptionError} naming the field. @throws {UnsupportedError} for what it cannot compute.
 */
export function gemma3Config(given: Partial<Gemma3Config>): Gemma3Config {
  const config = rotaryDecoderConfig<Gemma3Config>(OWNER, DEFAULTS, given)
  checkGemma(OWNER, config)
  windows(config)
  for (const each of rotaryOf(config)) rotaryFrequencies(OWNER, each)
  return config
}

function windows(config: Gemma3Config): boolean[] {
  const given = config.sliding_window_pattern ?? config['_sliding_window_pattern'] ?? 6
  const pattern = checkInteger(OWNER, 'sliding_window_pattern', given, 1)
  return windowedLayers(OWNER, config, config.sliding_window, (layer) => (layer + 1) % pattern !== 0)
}

/** The rotary positions of blocks without a window, and of those with one, which are never scaled in files of earlier releases. */
function rotaryOf(config: Gemma3Config): [whole: RotaryConfig, windowed: RotaryConfig] {
  const { rope_parameters: given, rope_scaling } = config
  const base = { head_dim: config.head_dim, partial_rotary_factor: config['partial_rotary_factor'] }
  if (given == null) {
    const whole = { ...base, rope_theta: config.rope_theta ?? 1e6, rope_scaling: rope_scaling ?? null }
    return [whole, { ...base, rope_theta: config.rope_local_base_freq ?? 1e4 }]
  }
  const { full_attention: whole, sliding_attention: windowed } = given
  if (typeof whole !== 'object' || typeof windowed !== 'object')
    throw bad(OWNER, 'rope_parameters', 'an object with full_attention and sliding_attention', given)
  return [
    { ...base, rope_theta: 1e6, rope_parameters: { ...whole, ...rope_scaling } },
    { ...base, rope_theta: 1e4, rope_parameters: windowed },
  ]
}

function traits(config: Gemma3Config): Traits {
  return { ...gemmaTraits(config), headNorms: true, hasWindow: windows(config), rotary: rotaryOf(config) }
}

/** The text model of Gemma 3 without a head (Gemma Team 2025): Gemma 2 with norms of each head in place of caps, and rotary positions of two kinds. @see {@link RotaryDecoder} */
export class Gemma3Model extends RotaryDecoder<Gemma3Config> {
  constructor(
    config: Partial<Gemma3Config> = {},
    options: FreshOptions = {},
    take = freshWeights('Gemma3Model', options),
  ) {
    const checked = gemma3Config(config)
    super('Gemma3Model', checked, traits(checked), take)
  }

  /** A model with fresh weights, in training mode. */
  static fromConfig(config: Partial<Gemma3Config>, options: FreshOptions = {}): Gemma3Model {
    return new Gemma3Model(config, options)
  }

  /** Reads a folder as {@link Gemma3ForCausalLM.fromPretrained} does, without its head. */
  static fromPretrained(dir: string, options: PretrainedOptions = {}): Promise<Gemma3Model> {
    return readRotaryDecoder(dir, options, 'gemma3_text', (config, take) => new Gemma3Model(config, {}, take))
  }
}

/**
 * The text model of Gemma 3 with a language-model head (`model_type` gemma3_text), whose weight is that of the token embedding unless
 * `tie_word_embeddings` is false.
 *
 * Shapes: `inputIds (B, T)` → `logits (B, T, V)`, `loss ()`. Parameter names as in Hugging Face checkpoints.
 * @see {@link LlamaForCausalLM} for an example.
 */
export class Gemma3ForCausalLM extends RotaryCausalLM<Gemma3Model> {
  constructor(
    config: Partial<Gemma3Config> = {},
    options: FreshOptions = {},
    take = freshWeights('Gemma3ForCausalLM', options),
  ) {
    super(new Gemma3Model(config, {}, within(take, 'model')), take)
  }

  /** A model with fresh weights, in training mode. */
  static fromConfig(config: Partial<Gemma3Config>, options: FreshOptions = {}): Gemma3ForCausalLM {
    return new Gemma3ForCausalLM(config, options)
  }

  /** Reads a folder with `config.json` and its weights; the model is in evaluation mode. @see {@link LlamaForCausalLM.fromPretrained} */
  static fromPretrained(dir: string, options: PretrainedOptions = {}): Promise<Gemma3ForCausalLM> {
    return readRotaryCausalLM(dir, options, 'gemma3_text', (config, take) => new Gemma3ForCausalLM(config, {}, take))
  }

  protected override get logitSoftcap(): number | null {
    return this.config.final_logit_softcapping
  }
}
