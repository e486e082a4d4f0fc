import { Dropout } from '../nn/dropout.js'
import { Embedding } from '../nn/embedding.js'
import { Module } from '../nn/module.js'
import { resolvePadding } from '../nn/options.js'
import type { RMSNorm } from '../nn/rms-norm.js'
import type { Tensor } from '../tensor.js'
import { CausalLM, languageModelHead, readCausalLM } from './causal-lm.js'
import { causalAttention, lastTokens, runDecoder } from './decoder.js'
import type { AttentionContext, DecoderOptions, TokenEmbedding } from './decoder.js'
import type { DecoderOutput } from './decoder-output.js'
import type { Ids } from './ids.js'
import { llamaConfig } from './llama-config.js'
import type { LlamaConfig } from './llama-config.js'
import type { Reads } from './packing.js'
import { activation, gated, linear, projection, rmsNorm, within } from './parts.js'
import type { Layer } from './parts.js'
import { freshWeights } from './pretrained.js'
import type { FreshOptions, PretrainedOptions, WeightSource } from './pretrained.js'
import { RotaryTables, lastRotation, rotate } from './rotary.js'
import type { Rotation } from './rotary.js'

interface LlamaContext extends AttentionContext {
  rotation: Rotation
}

/** Causal attention with rotary positions, in which groups of query heads share a head of keys and values. */
class LlamaAttention extends Module {
  q_proj: Layer
  k_proj: Layer
  v_proj: Layer
  o_proj: Layer
  dropout: Dropout
  private readonly headDim: number
  private readonly index: number

  constructor(config: LlamaConfig, index: number, take: WeightSource) {
    super()
    const { hidden_size: C, num_attention_heads: H, num_key_value_heads: Hkv, head_dim: D } = config
    const layer = config.attention_bias ? linear : projection
    const std = config.initializer_range
    this.headDim = D
    this.index = index
    this.q_proj = layer(take, 'q_proj', C, H * D, std)
    this.k_proj = layer(take, 'k_proj', C, Hkv * D, std)
    this.v_proj = layer(take, 'v_proj', C, Hkv * D, std)
    this.o_proj = layer(take, 'o_proj', H * D, C, std)
    this.dropout = new Dropout(config.attention_dropout)
  }

  override forward(x: Tensor, context: LlamaContext): Tensor {
    const { rotation, last } = context
    const q = rotate(this.heads(this.q_proj.forward(lastTokens(x, last))), lastRotation(rotation, x.shape[1]!, last)) // (B, T, H, D)
    const k = rotate(this.heads(this.k_proj.forward(x)), rotation) // (B, T, Hkv, D)
    const v = this.heads(this.v_proj.forward(x))
    const dropoutP = this.dropout.training ? this.dropout.p : 0
    const y = causalAttention(q, k, v, context, { layer: this.index, scale: 1 / Math.sqrt(this.headDim), dropoutP })
    return this.o_proj.forward(y)
  }

  private heads(x: Tensor): Tensor {
    const [B = 0, T = 0, width = 0] = x.shape
    return x.reshape([B, T, width / this.headDim, this.headDim])
  }
}

/** `down(act(gate(x)) · up(x))`: SwiGLU (Shazeer 2020) when `act` is `silu`. */
class LlamaMLP extends Module {
  gate_proj: Layer
  up_proj: Layer
  down_proj: Layer
  act_fn: Layer

  constructor(config: LlamaConfig, take: WeightSource) {
    super()
    const { hidden_size: C, intermediate_size: inner, initializer_range: std } = config
    const layer = config.mlp_bias ? linear : projection
    this.gate_proj = layer(take, 'gate_proj', C, inner, std)
    this.up_proj = layer(take, 'up_proj', C, inner, std)
    this.down_proj = layer(take, 'down_proj', inner, C, std)
    this.act_fn = activation(config.hidden_act)
  }

  override forward(x: Tensor): Tensor {
    const [gate, up] = [this.gate_proj.forward(x), this.up_proj.forward(x)] // 2 of (B, T, inner)
    return this.down_proj.forward(gated(this.act_fn, gate, up))
  }
}

/** `x ← x + self_attn(input_layernorm(x));  x ← x + mlp(post_attention_layernorm(x))`. */
class LlamaDecoderLayer extends Module {
  self_attn: LlamaAttention
  mlp: LlamaMLP
  input_layernorm: RMSNorm
  post_attention_layernorm: RMSNorm

  constructor(config: LlamaConfig, index: number, take: WeightSource) {
    super()
    const { hidden_size: C, rms_norm_eps: eps } = config
    this.self_attn = new LlamaAttention(config, index, within(take, 'self_attn'))
    this.mlp = new LlamaMLP(config, within(take, 'mlp'))
    this.input_layernorm = rmsNorm(take, 'input_layernorm', C, eps)
    this.post_attention_layernorm = rmsNorm(take, 'post_attention_layernorm', C, eps)
  }

  override forward(x: Tensor, context: LlamaContext): Tensor {
    const attended = lastTokens(x, context.last).add(this.self_attn.forward(this.input_layernorm.forward(x), context))
    return attended.add(this.mlp.forward(this.post_attention_layernorm.forward(attended)))
  }
}

/**
 * Llama without a head (Touvron et al. 2023): token embeddings, blocks with rotary positions and root mean square norms, a final norm.
 *
 * Shapes: `inputIds (B, T)` → `lastHiddenState (B, T, C)`. Parameter names as in Hugging Face checkpoints
 * (`layers.0.self_attn.q_proj.weight`).
 */
export class LlamaModel extends Module {
  readonly config: LlamaConfig
  gradientCheckpointing = false
  embed_tokens: TokenEmbedding
  layers: LlamaDecoderLayer[]
  norm: RMSNorm
  private readonly rotary: RotaryTables

  constructor(
    config: Partial<LlamaConfig> = {},
    options: FreshOptions = {},
    take = freshWeights('LlamaModel', options),
  ) {
    super()
    this.config = llamaConfig(config)
    const { vocab_size: V, hidden_size: C, initializer_range: std, pad_token_id: paddingIdx } = this.config
    const init = paddingIdx === null ? { std } : { std, zeroRow: resolvePadding('LlamaConfig', paddingIdx, V) }
    this.embed_tokens = new Embedding(V, C, { weight: take('embed_tokens.weight', [V, C], init), paddingIdx })
    const block = (_: unknown, i: number) => new LlamaDecoderLayer(this.config, i, within(take, `layers.${i}`))
    this.layers = Array.from({ length: this.config.num_hidden_layers }, block)
    this.norm = rmsNorm(take, 'norm', C, this.config.rms_norm_eps)
    this.rotary = new RotaryTables('LlamaModel', this.config)
  }

  get inputEmbeddings(): TokenEmbedding {
    return this.embed_tokens
  }

  /** `reads`: which outputs will be read. */
  override forward(inputIds: Ids, options: DecoderOptions = {}, reads: Reads = 'unmasked'): DecoderOutput {
    const owner = 'LlamaModel.forward'
    return runDecoder<LlamaContext>(owner, inputIds, options, reads, {
      model: this,
      blocks: this.layers,
      norm: this.norm,
      begin: (ids, place) => {
        const x = this.embed_tokens.forward(ids) // (B, T, C)
        const rotation = this.rotary.rotation(owner, { ...place, dtype: x.dtype })
        return { x, beside: { rotation } }
      },
    })
  }
}

/**
 * Llama with a language-model head, which has a weight of its own unless `tie_word_embeddings` is true (SmolLM2, small Llama 3.2). All models
 * with `model_type` llama: Llama 1 to 3, SmolLM, TinyLlama and others.
 *
 * Shapes: `inputIds (B, T)` → `logits (B, T, V)`, `loss ()`. Parameter names as in Hugging Face checkpoints
 * (`model.layers.0.self_attn.q_proj.weight`, (out, in)). Fresh weights: N(0, initializer_range²), biases 0.
 *
 * @example
 * const model = await models.LlamaForCausalLM.fromPretrained('SmolLM2-135M')
 * lora.injectLora(model, { targets: ['q_proj', 'k_proj', 'v_proj', 'o_proj', 'gate_proj', 'up_proj', 'down_proj'], r: 8, loraAlpha: 16 })
 * lora.markOnlyLoraAsTrainable(model)
 * model.train()
 * const { loss } = model.forward(batch.inputIds, { labels: batch.labels })
 * await loss.backward()
 */
export class LlamaForCausalLM extends CausalLM {
  readonly config: LlamaConfig
  model: LlamaModel
  lm_head: Layer

  constructor(
    config: Partial<LlamaConfig> = {},
    options: FreshOptions = {},
    take = freshWeights('LlamaForCausalLM', options),
  ) {
    super()
    this.model = new LlamaModel(config, {}, within(take, 'model'))
    this.config = this.model.config
    const { tie_word_embeddings: tied, initializer_range: std } = this.config
    this.lm_head = languageModelHead(this.model.inputEmbeddings, tied, take, std)
  }

  /** A model with fresh weights, in training mode. */
  static fromConfig(config: Partial<LlamaConfig>, options: FreshOptions = {}): LlamaForCausalLM {
    return new LlamaForCausalLM(config, options)
  }

  /**
   * Reads a folder with `config.json` and `model.safetensors` (or its shards); the model is in evaluation mode, as in transformers.
   *
   * Weights keep the type of the file (bf16 and f16 are computed in f32) and lie in the file's pages; norms and biases are widened. The
   * frequencies that files of old releases hold are passed over.
   * @throws {KeyError} listing every missing, unexpected and misshapen tensor at once.
   */
  static fromPretrained(dir: string, options: PretrainedOptions = {}): Promise<LlamaForCausalLM> {
    return readCausalLM(dir, options, 'llama', checkpointName, (config, take) => new LlamaForCausalLM(config, {}, take))
  }

  protected override get decoder(): LlamaModel {
    return this.model
  }

  override get maxPositions(): number {
    return this.config.max_position_embeddings
  }
}

// A file of the model without its head has no prefix.
function checkpointName(name: string): string | null {
  if (name.endsWith('rotary_emb.inv_freq')) return null
  return name.startsWith('model.') || name.startsWith('lm_head.') ? name : `model.${name}`
}
