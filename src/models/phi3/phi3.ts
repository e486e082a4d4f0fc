import { checkProbability } from '../../runtime/options.js'
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
 * The configuration of a Phi-3, as in `config.json`. Defaults as in transformers: `vocab_size` 32064, `hidden_size` 3072, `intermediate_size` 8192,
 * 32 blocks and heads, `max_position_embeddings` 4096, `rms_norm_eps` 1e-5, `bos_token_id` 1, `eos_token_id` and `pad_token_id` 32000.
 */
export interface Phi3Config extends RotaryDecoderConfig {
  /** `silu`, or another of the activations that config files name. @default 'silu' */
  hidden_act: string
  /** Dropout of what attention and MLP add, in training. @default 0 */
  resid_pdrop: number
  /** Part of the files; transformers drops nothing of the embeddings, and neither does this model. @default 0 */
  embd_pdrop: number
  /** How many tokens each one looks at, itself included; null for all before it. @default null */
  sliding_window: number | null
  /** Share of the features of a head that turn (Phi-4-mini: 0.75). @default 1 */
  partial_rotary_factor?: number
}

const OWNER = 'Phi3Config'

const DEFAULTS = {
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
}

/**
 * Fills in the defaults and checks every field that decides what the model computes.
 * @throws {OptionError} naming the field. @throws {UnsupportedError} for what it cannot compute.
 */
export function phi3Config(given: Partial<Phi3Config>): Phi3Config {
  const config = rotaryDecoderConfig<Phi3Config>(OWNER, DEFAULTS, given)
  checkActivation(OWNER, 'hidden_act', config.hidden_act)
  for (const field of ['resid_pdrop', 'embd_pdrop'] as const) checkProbability(OWNER, field, config[field])
  checkWindow(OWNER, config.sliding_window)
  rotaryFrequencies(OWNER, config, true)
  return config
}

function traits(config: Phi3Config): Traits {
  const { hidden_act: activation, sliding_window: window, resid_pdrop: residualDropout } = config
  const hasWindow = Array<boolean>(config.num_hidden_layers).fill(window !== null)
  return { activation, isFused: true, residualDropout, window, hasWindow, partialRotary: true }
}

/** Phi-3 without a head (Abdin et al. 2024): Llama with one projection for queries, keys and values, and one for gate and values of the MLP. @see {@link RotaryDecoder} */
export class Phi3Model extends RotaryDecoder<Phi3Config> {
  constructor(
    config: Partial<Phi3Config> = {},
    options: FreshOptions = {},
    take = freshWeights('Phi3Model', options),
  ) {
    const checked = phi3Config(config)
    super('Phi3Model', checked, traits(checked), take)
  }

  /** A model with fresh weights, in training mode. */
  static fromConfig(config: Partial<Phi3Config>, options: FreshOptions = {}): Phi3Model {
    return new Phi3Model(config, options)
  }

  /** Reads a folder as {@link Phi3ForCausalLM.fromPretrained} does, without its head. */
  static fromPretrained(dir: string, options: PretrainedOptions = {}): Promise<Phi3Model> {
    return readRotaryDecoder(dir, options, 'phi3', (config, take) => new Phi3Model(config, {}, take))
  }
}

/**
 * Phi-3 with a language-model head, also Phi-4-mini: a Llama with fused projections. LoRA goes around `qkv_proj`, `o_proj`, `gate_up_proj` and
 * `down_proj`, each as a whole, as PEFT does it.
 *
 * Shapes: `inputIds (B, T)` → `logits (B, T, V)`, `loss ()`. Parameter names as in Hugging Face checkpoints
 * (`model.layers.0.self_attn.qkv_proj.weight`, ((H + 2 Hkv) D, C), queries first).
 * @see {@link LlamaForCausalLM} for an example.
 */
export class Phi3ForCausalLM extends RotaryCausalLM<Phi3Model> {
  constructor(
    config: Partial<Phi3Config> = {},
    options: FreshOptions = {},
    take = freshWeights('Phi3ForCausalLM', options),
  ) {
    super(new Phi3Model(config, {}, within(take, 'model')), take)
  }

  /** A model with fresh weights, in training mode. */
  static fromConfig(config: Partial<Phi3Config>, options: FreshOptions = {}): Phi3ForCausalLM {
    return new Phi3ForCausalLM(config, options)
  }

  /** Reads a folder with `config.json` and its weights; the model is in evaluation mode. @see {@link LlamaForCausalLM.fromPretrained} */
  static fromPretrained(dir: string, options: PretrainedOptions = {}): Promise<Phi3ForCausalLM> {
    return readRotaryCausalLM(dir, options, 'phi3', (config, take) => new Phi3ForCausalLM(config, {}, take))
  }
}
