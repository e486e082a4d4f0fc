import { checkInteger } from '../../runtime/options.js'
import type { DecoderFamily } from '../shared/decoder-family.js'
import { RotaryCausalLM } from '../shared/rotary-causal-lm.js'
import { RotarySequenceClassifier, RotaryTokenClassifier } from '../shared/rotary-heads.js'
import { checkWindow, windowedLayers } from '../shared/rotary-config.js'
import type { RotaryDecoderConfig } from '../shared/rotary-config.js'
import { RotaryDecoder } from '../shared/rotary-decoder.js'

/**
 * The configuration of a Qwen2, as in `config.json`. Defaults as in transformers: `vocab_size` 151936, `hidden_size` 4096, `intermediate_size` 22016,
 * 32 blocks and heads, `max_position_embeddings` 32768, `rms_norm_eps` 1e-6, no special tokens.
 */
export interface Qwen2Config extends RotaryDecoderConfig {
  /** `silu`, or another of the activations that config files name. @default 'silu' */
  hidden_act: string
  /** Some blocks have a sliding window. @default false */
  use_sliding_window: boolean
  /** How many tokens each token attends to in those blocks, itself included. Ignored without `use_sliding_window`. @default 4096 */
  sliding_window: number | null
  /** The first block with a window, where `layer_types` is missing. @default 28 */
  max_window_layers: number
  /** For each block `full_attention` or `sliding_attention`. @default by `max_window_layers` */
  layer_types?: string[] | null
}

/** The configuration of a Qwen3, as in `config.json`. Defaults are those of {@link Qwen2Config}, with `head_dim` 128. */
export interface Qwen3Config extends Qwen2Config {
  /** The projections of attention have a bias. @default false */
  attention_bias: boolean
}

const QWEN2: DecoderFamily<Qwen2Config> = {
  name: 'Qwen2',
  defaults: {
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
  },
  fields: { hidden_act: 'activation', use_sliding_window: 'boolean' },
  traits(config, owner) {
    return { activation: config.hidden_act, queryBias: true, ...windows(config, owner) }
  },
}

const QWEN3: DecoderFamily<Qwen3Config> = {
  name: 'Qwen3',
  defaults: {
    ...QWEN2.defaults,
    model_type: 'qwen3',
    architectures: ['Qwen3ForCausalLM'],
    head_dim: 128,
    attention_bias: false,
  },
  fields: { ...QWEN2.fields, attention_bias: 'boolean' },
  traits(config, owner) {
    const { hidden_act: activation, attention_bias: bias } = config
    return { activation, queryBias: bias, outputBias: bias, headNorms: true, ...windows(config, owner) }
  },
}

/** The window and the blocks that have it: those that `layer_types` names, or those from `max_window_layers` on. */
function windows(config: Qwen2Config, owner: string): { window: number | null; hasWindow: boolean[] } {
  const first = checkInteger(owner, 'max_window_layers', config.max_window_layers, 0)
  const window = config.use_sliding_window ? checkWindow(owner, 'sliding_window', config.sliding_window) : null
  return { window, hasWindow: windowedLayers(owner, config, window, (layer) => layer >= first) }
}

/** Qwen2 without a head (Yang et al. 2024): Llama with biases on the projections of queries, keys and values. @see {@link RotaryDecoder} */
export class Qwen2Model extends RotaryDecoder<Qwen2Config> {
  /** @internal */
  static override readonly family = QWEN2
}

/**
 * Qwen2 with a language-model head, also Qwen2.5: a Llama whose projections of queries, keys and values have biases.
 *
 * Shapes: `inputIds (B, T)` → `logits (B, T, V)`, `loss ()`. Parameter names as in Hugging Face checkpoints.
 * @see {@link LlamaForCausalLM} for an example.
 */
export class Qwen2ForCausalLM extends RotaryCausalLM<Qwen2Model> {
  /** @internal */
  static override readonly Model = Qwen2Model
}

/** Qwen3 without a head (Yang et al. 2025): Llama with a norm on each head of queries and keys. @see {@link RotaryDecoder} */
export class Qwen3Model extends RotaryDecoder<Qwen3Config> {
  /** @internal */
  static override readonly family = QWEN3
}

/**
 * Qwen3 with a language-model head: a Llama that normalises each head of queries and keys before it is rotated.
 *
 * Shapes: `inputIds (B, T)` → `logits (B, T, V)`, `loss ()`. Parameter names as in Hugging Face checkpoints.
 * @see {@link LlamaForCausalLM} for an example.
 */
export class Qwen3ForCausalLM extends RotaryCausalLM<Qwen3Model> {
  /** @internal */
  static override readonly Model = Qwen3Model
}

/**
 * Qwen2 with a dense layer on the last token of each sequence, which labels the whole. @see {@link RotarySequenceClassifier}
 */
export class Qwen2ForSequenceClassification extends RotarySequenceClassifier<Qwen2Model> {
  /** @internal */
  static override readonly Model = Qwen2Model
}

/** Qwen2 with a dense layer on each token, which labels it. @see {@link RotaryTokenClassifier} */
export class Qwen2ForTokenClassification extends RotaryTokenClassifier<Qwen2Model> {
  /** @internal */
  static override readonly Model = Qwen2Model
}

/**
 * Qwen3 with a dense layer on the last token of each sequence, which labels the whole. @see {@link RotarySequenceClassifier}
 */
export class Qwen3ForSequenceClassification extends RotarySequenceClassifier<Qwen3Model> {
  /** @internal */
  static override readonly Model = Qwen3Model
}

/** Qwen3 with a dense layer on each token, which labels it. @see {@link RotaryTokenClassifier} */
export class Qwen3ForTokenClassification extends RotaryTokenClassifier<Qwen3Model> {
  /** @internal */
  static override readonly Model = Qwen3Model
}
