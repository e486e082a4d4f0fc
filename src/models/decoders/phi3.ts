import type { DecoderFamily } from '../shared/decoder-family.js'
import { RotaryCausalLM } from '../shared/rotary-causal-lm.js'
import { RotarySequenceClassifier, RotaryTokenClassifier } from '../shared/rotary-heads.js'
import type { RotaryDecoderConfig } from '../shared/rotary-config.js'
import { RotaryDecoder } from '../shared/rotary-decoder.js'
import type { RotaryConfig } from '../shared/rotary-frequencies.js'

/**
 * The configuration of a Phi-3, as in `config.json`. Defaults as in transformers: `vocab_size` 32064, `hidden_size` 3072, `intermediate_size` 8192,
 * 32 blocks and heads, `max_position_embeddings` 4096, `rms_norm_eps` 1e-5, `bos_token_id` 1, `eos_token_id` and `pad_token_id` 32000.
 */
export interface Phi3Config extends RotaryDecoderConfig {
  /** `silu`, or another of the activations that config files name. @default 'silu' */
  hidden_act: string
  /** Dropout on the outputs of attention and MLP, in training. @default 0 */
  resid_pdrop: number
  /** Present in the files; transformers applies no dropout to the embeddings, and neither does this model. @default 0 */
  embd_pdrop: number
  /** How many tokens each token attends to, itself included; null for all before it. @default null */
  sliding_window: number | null
  /** Share of the features of a head that are rotated (Phi-4-mini: 0.75). @default 1 */
  partial_rotary_factor?: number
}

const PHI3: DecoderFamily<Phi3Config> = {
  name: 'Phi3',
  defaults: {
    model_type: 'phi3',
    architectures: ['Phi3ForCausalLM'],
    vocab_size: 32064,
    hidden_size: 3072,
    intermediate_size: 8192,
    num_hidden_layers: 32,
    num_attention_heads: 32,
    hidden_act: 'silu',
    resid_pdrop: 0,
    embd_pdrop: 0,
    max_position_embeddings: 4096,
    original_max_position_embeddings: 4096,
    rms_norm_eps: 1e-5,
    sliding_window: null,
    tie_word_embeddings: false,
    bos_token_id: 1,
    eos_token_id: 32000,
    pad_token_id: 32000,
  },
  fields: { hidden_act: 'activation', resid_pdrop: 'probability', embd_pdrop: 'probability', sliding_window: 'window' },
  traits(config) {
    const { hidden_act: activation, sliding_window: window, resid_pdrop: residualDropout } = config
    const hasWindow = Array<boolean>(config.num_hidden_layers).fill(window !== null)
    const rotary = [longRopeOf(config)] as const
    return { activation, isFused: true, residualDropout, window, hasWindow, rotary, partialRotary: true, recomputesLong: true } // prettier-ignore
  },
}

/** Files of the first releases call `longrope` yarn. */
function longRopeOf(config: Phi3Config): RotaryConfig {
  const given = config.rope_scaling ?? config.rope_parameters
  if ((given?.rope_type ?? given?.type) !== 'yarn') return config
  return { ...config, rope_scaling: { ...given, rope_type: 'longrope' } }
}

/** Phi-3 without a head (Abdin et al. 2024): Llama with one projection for queries, keys and values, and one for the gate and the values of the MLP. @see {@link RotaryDecoder} */
export class Phi3Model extends RotaryDecoder<Phi3Config> {
  /** @internal */
  static override readonly family = PHI3
}

/**
 * Phi-3 with a language-model head, also Phi-4-mini: a Llama with fused projections. LoRA adapts `qkv_proj`, `o_proj`, `gate_up_proj` and
 * `down_proj`, each as a whole, as PEFT does.
 *
 * Shapes: `inputIds (B, T)` → `logits (B, T, V)`, `loss ()`. Parameter names as in Hugging Face checkpoints
 * (`model.layers.0.self_attn.qkv_proj.weight`, ((H + 2 Hkv) D, C), queries first).
 * @see {@link LlamaForCausalLM} for an example.
 */
export class Phi3ForCausalLM extends RotaryCausalLM<Phi3Model> {
  /** @internal */
  static override readonly Model = Phi3Model
}

/**
 * Phi-3 with a dense layer on the last token of each sequence, which labels the whole. @see {@link RotarySequenceClassifier}
 */
export class Phi3ForSequenceClassification extends RotarySequenceClassifier<Phi3Model> {
  /** @internal */
  static override readonly Model = Phi3Model
}

/** Phi-3 with a dense layer on each token, which labels it. @see {@link RotaryTokenClassifier} */
export class Phi3ForTokenClassification extends RotaryTokenClassifier<Phi3Model> {
  /** @internal */
  static override readonly Model = Phi3Model
}
