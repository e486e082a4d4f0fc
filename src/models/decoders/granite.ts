import type { DecoderFamily } from '../shared/decoder-family.js'
import { RotaryCausalLM } from '../shared/rotary-causal-lm.js'
import type { RotaryDecoderConfig } from '../shared/rotary-config.js'
import { RotaryDecoder } from '../shared/rotary-decoder.js'

/**
 * The configuration of a Granite, as in `config.json`. Defaults as in transformers: `vocab_size` 32000, `hidden_size` 4096, `intermediate_size` 11008,
 * 32 blocks and heads, `max_position_embeddings` 2048, `rms_norm_eps` 1e-6, `bos_token_id` 1, `eos_token_id` 2.
 */
export interface GraniteConfig extends RotaryDecoderConfig {
  /** `silu`, or another of the activations that config files name. @default 'silu' */
  hidden_act: string
  /** The projections of attention have a bias. @default false */
  attention_bias: boolean
  /** The layers of the MLP have a bias. @default false */
  mlp_bias: boolean
  /** Factor of the token embeddings. @default 1 */
  embedding_multiplier: number
  /** Factor of what attention and MLP add to the hidden states. @default 1 */
  residual_multiplier: number
  /** Factor of q·k, in place of 1/√head_dim. @default 1 */
  attention_multiplier: number
  /** Logits are divided by it. @default 1 */
  logits_scaling: number
}

const GRANITE: DecoderFamily<GraniteConfig> = {
  name: 'Granite',
  defaults: {
    model_type: 'granite',
    architectures: ['GraniteForCausalLM'],
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
    embedding_multiplier: 1,
    residual_multiplier: 1,
    attention_multiplier: 1,
    logits_scaling: 1,
    tie_word_embeddings: false,
    bos_token_id: 1,
    eos_token_id: 2,
    pad_token_id: null,
  },
  fields: {
    hidden_act: 'activation',
    attention_bias: 'boolean',
    mlp_bias: 'boolean',
    embedding_multiplier: 'positive',
    residual_multiplier: 'positive',
    attention_multiplier: 'positive',
    logits_scaling: 'positive',
  },
  traits({ hidden_act: activation, attention_bias: bias, mlp_bias: mlpBias, ...config }) {
    return {
      activation,
      queryBias: bias,
      outputBias: bias,
      mlpBias,
      scale: config.attention_multiplier,
      embeddingMultiplier: config.embedding_multiplier,
      residualMultiplier: config.residual_multiplier,
      logitsScaling: config.logits_scaling,
    }
  },
}

/** Granite without a head: Llama with a factor each for embeddings, residual branches and attention scores. @see {@link RotaryDecoder} */
export class GraniteModel extends RotaryDecoder<GraniteConfig> {
  /** @internal */
  static override readonly family = GRANITE
}

/** Granite 3 of IBM with a language-model head, whose logits are divided by `logits_scaling`. @see {@link RotaryCausalLM} */
export class GraniteForCausalLM extends RotaryCausalLM<GraniteModel> {
  /** @internal */
  static override readonly Model = GraniteModel
}
