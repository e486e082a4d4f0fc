// Generated from src/models/shared/rotary-decoder.ts by `npm run api`. Do not edit.

import { Dropout } from '../../nn/dropout.js'
import { Module } from '../../nn/module.js'
import type { RMSNorm } from '../../nn/rms-norm.js'
import type { Tensor } from '../../tensor/tensor.js'
import type { Decoder, DecoderOptions, TokenEmbedding } from './decoder.js'
import type { Traits } from './decoder-family.js'
import type { DecoderOutput } from './decoder-output.js'
import { FusedGatedMLP, GatedMLP } from './gated-mlp.js'
import type { Ids } from '../../generation/ids.js'
import type { Reads } from './packing.js'
import { PretrainedModel } from './pretrained-model.js'
import type { ModelClass } from './pretrained-model.js'
import type { FreshOptions, PretrainedOptions, SaveOptions, WeightSource } from './pretrained.js'
import { FusedAttention, RotaryAttention } from './rotary-attention.js'
import type { RotaryContext } from './rotary-attention.js'
import type { RotaryDecoderConfig } from './rotary-config.js'
/** `x ← x + attention(norm(x));  x ← x + mlp(norm(x))`. */
declare class RotaryBlock extends Module {
  self_attn: RotaryAttention | FusedAttention
  mlp: GatedMLP | FusedGatedMLP
  input_layernorm: RMSNorm
  post_attention_layernorm: RMSNorm
  dropout: Dropout | null
  private readonly multiplier
  constructor(config: RotaryDecoderConfig, traits: Traits, index: number, take: WeightSource)
  forward(x: Tensor, context: RotaryContext): Tensor
  /** What an output of attention or MLP adds to the hidden states. */
  private branch
}
/** `x ← x + norm(attention(norm(x)));  x ← x + norm(mlp(norm(x)))`, four norms in all. */
declare class SandwichBlock extends Module {
  self_attn: RotaryAttention | FusedAttention
  mlp: GatedMLP | FusedGatedMLP
  input_layernorm: RMSNorm
  post_attention_layernorm: RMSNorm
  pre_feedforward_layernorm: RMSNorm
  post_feedforward_layernorm: RMSNorm
  constructor(config: RotaryDecoderConfig, traits: Traits, index: number, take: WeightSource)
  forward(x: Tensor, context: RotaryContext): Tensor
}
/**
 * A decoder with rotary positions and without a head: token embeddings, blocks with root mean square norms, a final norm. Llama and the families
 * that came after it are such decoders.
 *
 * Shapes: `inputIds (B, T)` → `lastHiddenState (B, T, C)`. Parameter names as in Hugging Face checkpoints (`layers.0.self_attn.q_proj.weight`).
 */
export declare abstract class RotaryDecoder<Config extends RotaryDecoderConfig = RotaryDecoderConfig>
  extends PretrainedModel
  implements Decoder
{
  readonly config: Config
  gradientCheckpointing: boolean
  embed_tokens: TokenEmbedding
  layers: (RotaryBlock | SandwichBlock)[]
  norm: RMSNorm
  private readonly rotary
  private readonly window
  private readonly scalesEmbeddings
  private readonly embeddingMultiplier
  constructor(config?: Partial<Config>, options?: FreshOptions, take?: WeightSource)
  /**
   * Reads a folder with `config.json` and its weights, which may include a head; the head is left out. The model is in evaluation mode.
   * @see {@link RotaryCausalLM.fromPretrained}
   */
  static fromPretrained<M extends RotaryDecoder>(
    this: ModelClass<M, FreshOptions>,
    dir: string,
    options?: PretrainedOptions,
  ): Promise<M>
  get inputEmbeddings(): TokenEmbedding
  /** `reads`: which outputs will be read. */
  forward(inputIds: Ids, options?: DecoderOptions, reads?: Reads): DecoderOutput
  private embed
  /** Writes `config.json` and `model.safetensors`, as transformers does. */
  savePretrained(dir: string, options?: SaveOptions): Promise<void>
  /** The name of the class in `config.json`. */
  protected get architecture(): string
}
export {}
