// Generated from src/models/shared/rotary-decoder.ts by `npm run api`. Do not edit.

import { Dropout } from '../../nn/dropout.js'
import { Module } from '../../nn/module.js'
import type { RMSNorm } from '../../nn/rms-norm.js'
import type { Tensor } from '../../tensor/tensor.js'
import type { Decoder, DecoderOptions, TokenEmbedding } from './decoder.js'
import type { DecoderOutput } from './decoder-output.js'
import { FusedGatedMLP, GatedMLP } from './gated-mlp.js'
import type { Ids } from '../../generation/ids.js'
import type { Reads } from './packing.js'
import type { SaveOptions, WeightSource } from './pretrained.js'
import { FusedAttention, RotaryAttention } from './rotary-attention.js'
import type { RotaryContext } from './rotary-attention.js'
import type { RotaryDecoderConfig } from './rotary-config.js'
import type { RotaryConfig } from './rotary.js'
/** In what an architecture differs from Llama. */
export interface Traits {
  /** Name of the MLP's activation. */
  activation: string
  /** Factor of q·k. @default 1/√head_dim */
  scale?: number
  /** The projections of q, k and v have a bias. @default false */
  queryBias?: boolean
  /** The projection behind attention has a bias. @default false */
  outputBias?: boolean
  /** The layers of the MLP have a bias. @default false */
  mlpBias?: boolean
  /** One projection for q, k and v, and one for gate and values (Phi-3). @default false */
  isFused?: boolean
  /** Norms of each head of q and k (Qwen3, Gemma 3). @default false */
  headNorms?: boolean
  /** Norms multiply by 1 + weight (Gemma). @default false */
  offsetNorms?: boolean
  /** Norms behind attention and MLP, before their results are added, too (Gemma 2 and 3). @default false */
  normsBehind?: boolean
  /** Embeddings are multiplied by √C (Gemma). @default false */
  scalesEmbeddings?: boolean
  /** Attention scores s become `softcap · tanh(s / softcap)` (Gemma 2). @default not */
  softcap?: number | null
  /** Dropout of what attention and MLP add (Phi-3). @default 0 */
  residualDropout?: number
  /** How many tokens blocks with a window look at. @default there are no such blocks */
  window?: number | null
  /** Which blocks have a window. @default none */
  hasWindow?: readonly boolean[]
  /** Rotary positions: of all blocks, or of those without a window and those with one (Gemma 3). @default the configuration's */
  rotary?: readonly [RotaryConfig] | readonly [whole: RotaryConfig, windowed: RotaryConfig]
  /** Only the first features of a head may turn (Phi-3). @default false */
  partialRotary?: boolean
}
/** `x ← x + attention(norm(x));  x ← x + mlp(norm(x))`. */
declare class RotaryBlock extends Module {
  self_attn: RotaryAttention | FusedAttention
  mlp: GatedMLP | FusedGatedMLP
  input_layernorm: RMSNorm
  post_attention_layernorm: RMSNorm
  dropout: Dropout | null
  constructor(config: RotaryDecoderConfig, traits: Traits, index: number, take: WeightSource)
  forward(x: Tensor, context: RotaryContext): Tensor
  private dropped
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
 * A decoder with rotary positions and without a head: token embeddings, blocks with root mean square norms, a final norm. Llama, Mistral, Qwen2, Qwen3,
 * Phi-3, Gemma 2 and Gemma 3 are such decoders.
 *
 * Shapes: `inputIds (B, T)` → `lastHiddenState (B, T, C)`. Parameter names as in Hugging Face checkpoints (`layers.0.self_attn.q_proj.weight`).
 */
export declare abstract class RotaryDecoder<Config extends RotaryDecoderConfig = RotaryDecoderConfig>
  extends Module
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
  protected constructor(owner: string, config: Config, traits: Traits, take: WeightSource)
  get inputEmbeddings(): TokenEmbedding
  /** `reads`: which outputs will be read. */
  forward(inputIds: Ids, options?: DecoderOptions, reads?: Reads): DecoderOutput
  private embed
  /** Writes `config.json` and `model.safetensors`, as transformers does. */
  savePretrained(dir: string, options?: SaveOptions): Promise<void>
}
export {}
