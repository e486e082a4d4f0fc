import { bad, checkInteger } from '../../runtime/options.js'
import type { DecoderFamily, Traits } from '../shared/decoder-family.js'
import { RotaryCausalLM } from '../shared/rotary-causal-lm.js'
import { RotarySequenceClassifier, RotaryTokenClassifier } from '../shared/rotary-heads.js'
import { unsupportedField, windowedLayers } from '../shared/rotary-config.js'
import type { RotaryDecoderConfig } from '../shared/rotary-config.js'
import { RotaryDecoder } from '../shared/rotary-decoder.js'
import type { RopeParameters, RotaryConfig } from '../shared/rotary-frequencies.js'

/**
 * The configuration of a Gemma 2, as in `config.json`. Defaults as in transformers: `vocab_size` 256000, `hidden_size` 2304, `intermediate_size` 9216,
 * 26 blocks, 8 heads of 256 features that share 4 key heads, `max_position_embeddings` 8192, `rms_norm_eps` 1e-6, a tied head, `pad_token_id` 0,
 * `eos_token_id` 1, `bos_token_id` 2.
 */
export interface Gemma2Config extends RotaryDecoderConfig {
  /** Activation of the MLP. @default 'gelu_pytorch_tanh' */
  hidden_activation: string
  /** The projections of attention have a bias. @default false */
  attention_bias: boolean
  /** Attention scores are divided by its square root. @default 256 */
  query_pre_attn_scalar: number
  /** How many tokens each token attends to in blocks with a sliding window, itself included. @default 4096 */
  sliding_window: number | null
  /** For each block `full_attention` or `sliding_attention`. @default Gemma 2: the first of two has a window; Gemma 3: five of six have one */
  layer_types?: string[] | null
  /** Attention scores s become `cap · tanh(s / cap)`; null for none. Gemma 3 ignores it, as in transformers. @default Gemma 2: 50; Gemma 3: null */
  attn_logit_softcapping: number | null
  /** Logits x become `cap · tanh(x / cap)`; null for none. @default Gemma 2: 30; Gemma 3: null */
  final_logit_softcapping: number | null
}

/**
 * The configuration of the text model of a Gemma 3, as in `config.json`. Defaults are those of {@link Gemma2Config}, but for `vocab_size` 262208,
 * `max_position_embeddings` 131072, no caps, and windows in five of six blocks.
 */
export interface Gemma3Config extends Gemma2Config {
  /** Rotary positions of the two kinds of blocks, as transformers 5 writes them. @default `rope_theta`, `rope_scaling`, `rope_local_base_freq` */
  rope_parameters?: { full_attention: RopeParameters; sliding_attention: RopeParameters } | null
  /** Base of the rotary frequencies in blocks without a window, as earlier releases write it. @default 1000000 */
  rope_theta?: number
  /** Base of those in blocks with a window, as earlier releases write it. @default 10000 */
  rope_local_base_freq?: number
  /** One block in this many, the last of them, has no window, where `layer_types` is missing. @default 6 */
  sliding_window_pattern?: number
}

const GEMMA2_DEFAULTS = {
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

const GEMMA2: DecoderFamily<Gemma2Config> = {
  name: 'Gemma2',
  defaults: GEMMA2_DEFAULTS,
  fields: {
    hidden_activation: 'activation',
    attention_bias: 'boolean',
    query_pre_attn_scalar: 'positive',
    sliding_window: 'window',
    attn_logit_softcapping: 'positiveOrNull',
    final_logit_softcapping: 'positiveOrNull',
  },
  traits(config, owner) {
    const hasWindow = windowedLayers(owner, config, config.sliding_window, (layer) => layer % 2 === 0)
    return { ...gemmaTraits(config, owner), hasWindow }
  },
}

const GEMMA3: DecoderFamily<Gemma3Config> = {
  name: 'Gemma3',
  defaults: {
    ...GEMMA2_DEFAULTS,
    model_type: 'gemma3_text',
    architectures: ['Gemma3ForCausalLM'],
    vocab_size: 262208,
    max_position_embeddings: 131072,
    attn_logit_softcapping: null,
    final_logit_softcapping: null,
  },
  fields: GEMMA2.fields,
  traits(config, owner) {
    const given = config.sliding_window_pattern ?? config['_sliding_window_pattern'] ?? 6
    const pattern = checkInteger(owner, 'sliding_window_pattern', given, 1)
    const hasWindow = windowedLayers(owner, config, config.sliding_window, (layer) => (layer + 1) % pattern !== 0)
    const rotary = rotaryOf(config, owner)
    // transformers reads the cap of the scores and does not pass it on to attention.
    return { ...gemmaTraits(config, owner), softcap: null, headNorms: true, hasWindow, rotary }
  },
}

/** What both families have in common. Attention in both directions, as in EmbeddingGemma, is not supported. */
function gemmaTraits(config: Gemma2Config, owner: string): Traits {
  const both = config['use_bidirectional_attention']
  if (both != null && typeof both !== 'boolean')
    throw bad(owner, 'use_bidirectional_attention', 'true, false or null', both)
  if (both) throw unsupportedField(owner, 'use_bidirectional_attention', 'false', both)
  return {
    activation: config.hidden_activation,
    scale: 1 / Math.sqrt(config.query_pre_attn_scalar),
    queryBias: config.attention_bias,
    outputBias: config.attention_bias,
    offsetNorms: true,
    postNorms: true,
    scalesEmbeddings: true,
    softcap: config.attn_logit_softcapping,
    logitSoftcap: config.final_logit_softcapping,
    window: config.sliding_window,
  }
}

/** The rotary positions of blocks without a window, and of those with one, which are never scaled in files of earlier releases. */
function rotaryOf(config: Gemma3Config, owner: string): [whole: RotaryConfig, windowed: RotaryConfig] {
  const { rope_parameters: given, rope_scaling } = config
  const { head_dim, max_position_embeddings } = config
  const base = { head_dim, max_position_embeddings, partial_rotary_factor: config['partial_rotary_factor'] }
  if (given == null) {
    const whole = { ...base, rope_theta: config.rope_theta ?? 1e6, rope_scaling: rope_scaling ?? null }
    return [whole, { ...base, rope_theta: config.rope_local_base_freq ?? 1e4 }]
  }
  const { full_attention: whole, sliding_attention: windowed } = given
  if (typeof whole !== 'object' || typeof windowed !== 'object')
    throw bad(owner, 'rope_parameters', 'an object with full_attention and sliding_attention', given)
  // transformers looks for `truncate` (yarn) beside the two, not in them.
  const { truncate } = given as { truncate?: boolean }
  return [
    { ...base, rope_theta: 1e6, rope_parameters: { ...whole, ...rope_scaling, truncate } },
    { ...base, rope_theta: 1e4, rope_parameters: { ...windowed, truncate } },
  ]
}

/**
 * Gemma 2 without a head (Gemma Team 2024): norms of 1 + weight before and after attention and MLP, scaled embeddings, capped scores, a window in every other
 * block. @see {@link RotaryDecoder}
 */
export class Gemma2Model extends RotaryDecoder<Gemma2Config> {
  /** @internal */
  static override readonly family = GEMMA2
}

/**
 * Gemma 2 with a language-model head, whose logits are capped and whose weight is that of the token embedding unless `tie_word_embeddings` is false.
 *
 * Shapes: `inputIds (B, T)` → `logits (B, T, V)`, `loss ()`. Parameter names as in Hugging Face checkpoints.
 * @see {@link LlamaForCausalLM} for an example.
 */
export class Gemma2ForCausalLM extends RotaryCausalLM<Gemma2Model> {
  /** @internal */
  static override readonly Model = Gemma2Model
}

/**
 * The text model of Gemma 3 without a head (Gemma Team 2025): Gemma 2 with norms on each head instead of caps, and rotary positions of two kinds.
 * @see {@link RotaryDecoder}
 */
export class Gemma3Model extends RotaryDecoder<Gemma3Config> {
  /** @internal */
  static override readonly family = GEMMA3

  // transformers' Gemma3Model sees images, too.
  protected override get architecture(): string {
    return 'Gemma3TextModel'
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
  /** @internal */
  static override readonly Model = Gemma3Model
}

/**
 * Gemma 2 with a dense layer on the last token of each sequence, which labels the whole. @see {@link RotarySequenceClassifier}
 */
export class Gemma2ForSequenceClassification extends RotarySequenceClassifier<Gemma2Model> {
  /** @internal */
  static override readonly Model = Gemma2Model
}

/** Gemma 2 with a dense layer on each token, which labels it. @see {@link RotaryTokenClassifier} */
export class Gemma2ForTokenClassification extends RotaryTokenClassifier<Gemma2Model> {
  /** @internal */
  static override readonly Model = Gemma2Model
}

/**
 * The text model of Gemma 3 with a dense layer on the last token of each sequence, which labels the whole. @see {@link RotarySequenceClassifier}
 */
export class Gemma3TextForSequenceClassification extends RotarySequenceClassifier<Gemma3Model> {
  /** @internal */
  static override readonly Model = Gemma3Model
}
