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

/**
 * The configuration of a Gemma 2, as in `config.json`. Defaults as in transformers: `vocab_size` 256000, `hidden_size` 2304, `intermediate_size` 9216,
 * 26 blocks, 8 heads of 256 features that share 4 of keys, `max_position_embeddings` 8192, `rms_norm_eps` 1e-6, a tied head, `pad_token_id` 0,
 * `eos_token_id` 1, `bos_token_id` 2.
 */
export type Gemma2Config = RotaryDecoderConfig & GemmaFields

const OWNER = 'Gemma2Config'

const DEFAULTS = {
  model_type: 'gemma2',
  architectures: ['Gemma2ForCausalLM'],
  vocab_size: 256000,
  hidden_size: 2304,
  intermediate_size: 9216,
  num_hidden_layers: 26,
  num_attention_heads: 8,
  num_key_value_heads: 4,
  head_dim: 256,
  hidden_activation: 'gelu_pytorch_tanh',
  max_position_embeddings: 8192,
  rms_norm_eps: 1e-6,
  attention_bias: false,
  query_pre_attn_scalar: 256,
  sliding_window: 4096,
  attn_logit_softcapping: 50,
  final_logit_softcapping: 30,
  tie_word_embeddings: true,
  bos_token_id: 2,
  eos_token_id: 1,
  pad_token_id: 0,
}

/**
 * Fills in the defaults and checks every field that decides what the model computes.
 * @throws {OptionError} naming the field. @throws {UnsupportedError} for what it cannot compute.
 */
export function gemma2Config(given: Partial<Gemma2Config>): Gemma2Config {
  const config = rotaryDecoderConfig<Gemma2Config>(OWNER, DEFAULTS, given)
  checkGemma(OWNER, config)
  windows(config)
  rotaryFrequencies(OWNER, config)
  return config
}

/** Every other block has a window, the first one does. */
function windows(config: Gemma2Config): boolean[] {
  return windowedLayers(OWNER, config, config.sliding_window, (layer) => layer % 2 === 0)
}

function traits(config: Gemma2Config): Traits {
  return { ...gemmaTraits(config), hasWindow: windows(config) }
}

/** Gemma 2 without a head (Gemma Team 2024): norms of 1 + weight around attention and MLP, scaled embeddings, capped scores, a window in every other block. @see {@link RotaryDecoder} */
export class Gemma2Model extends RotaryDecoder<Gemma2Config> {
  constructor(
    config: Partial<Gemma2Config> = {},
    options: FreshOptions = {},
    take = freshWeights('Gemma2Model', options),
  ) {
    const checked = gemma2Config(config)
    super('Gemma2Model', checked, traits(checked), take)
  }

  /** A model with fresh weights, in training mode. */
  static fromConfig(config: Partial<Gemma2Config>, options: FreshOptions = {}): Gemma2Model {
    return new Gemma2Model(config, options)
  }

  /** Reads a folder as {@link Gemma2ForCausalLM.fromPretrained} does, without its head. */
  static fromPretrained(dir: string, options: PretrainedOptions = {}): Promise<Gemma2Model> {
    return readRotaryDecoder(dir, options, 'gemma2', (config, take) => new Gemma2Model(config, {}, take))
  }
}

/**
 * Gemma 2 with a language-model head, whose logits are capped and whose weight is that of the token embedding unless `tie_word_embeddings` is false.
 *
 * Shapes: `inputIds (B, T)` → `logits (B, T, V)`, `loss ()`. Parameter names as in Hugging Face checkpoints.
 * @see {@link LlamaForCausalLM} for an example.
 */
export class Gemma2ForCausalLM extends RotaryCausalLM<Gemma2Model> {
  constructor(
    config: Partial<Gemma2Config> = {},
    options: FreshOptions = {},
    take = freshWeights('Gemma2ForCausalLM', options),
  ) {
    super(new Gemma2Model(config, {}, within(take, 'model')), take)
  }

  /** A model with fresh weights, in training mode. */
  static fromConfig(config: Partial<Gemma2Config>, options: FreshOptions = {}): Gemma2ForCausalLM {
    return new Gemma2ForCausalLM(config, options)
  }

  /** Reads a folder with `config.json` and its weights; the model is in evaluation mode. @see {@link LlamaForCausalLM.fromPretrained} */
  static fromPretrained(dir: string, options: PretrainedOptions = {}): Promise<Gemma2ForCausalLM> {
    return readRotaryCausalLM(dir, options, 'gemma2', (config, take) => new Gemma2ForCausalLM(config, {}, take))
  }

  protected override get logitSoftcap(): number | null {
    return this.config.final_logit_softcapping
  }
}
