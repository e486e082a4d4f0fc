// Generated from src/models/gpt2/gpt2.ts by `npm run api`. Do not edit.

import { Dropout } from '../../nn/dropout.js'
import type { LayerNorm } from '../../nn/layer-norm.js'
import { Module } from '../../nn/module.js'
import type { Tensor } from '../../tensor/tensor.js'
import { CausalLM } from '../shared/causal-lm.js'
import type { AttentionContext, DecoderOptions, TokenEmbedding } from '../shared/decoder.js'
import type { DecoderOutput } from '../shared/decoder-output.js'
import type { GPT2Config } from './config.js'
import type { Ids } from '../../generation/ids.js'
import type { Reads } from '../shared/packing.js'
import type { Layer } from '../shared/parts.js'
import type { FreshOptions, PretrainedOptions, WeightSource } from '../shared/pretrained.js'
/** Multi-head causal attention with one product for q, k and v. */
declare class GPT2Attention extends Module {
  c_attn: Layer
  c_proj: Layer
  attn_dropout: Dropout
  resid_dropout: Dropout
  private readonly heads
  private readonly index
  private readonly scale
  constructor(config: GPT2Config, index: number, take: WeightSource)
  forward(x: Tensor, context: AttentionContext): Tensor
}
/** Two dense layers with a non-linearity between them. */
declare class GPT2MLP extends Module {
  c_fc: Layer
  c_proj: Layer
  act: Layer
  dropout: Dropout
  constructor(config: GPT2Config, take: WeightSource)
  forward(x: Tensor): Tensor
}
/** `x ← x + attn(ln_1(x));  x ← x + mlp(ln_2(x))`. */
declare class GPT2Block extends Module {
  ln_1: LayerNorm
  attn: GPT2Attention
  ln_2: LayerNorm
  mlp: GPT2MLP
  constructor(config: GPT2Config, index: number, take: WeightSource)
  forward(x: Tensor, context: AttentionContext): Tensor
}
/**
 * GPT-2 without a head (Radford et al. 2019): token and position embeddings, blocks, a final norm.
 *
 * Shapes: `inputIds (B, T)` → `lastHiddenState (B, T, C)`. Parameter names as in Hugging Face checkpoints (`h.0.attn.c_attn.weight`).
 */
export declare class GPT2Model extends Module {
  readonly config: GPT2Config
  gradientCheckpointing: boolean
  wte: TokenEmbedding
  wpe: {
    forward(ids: Tensor): Tensor
  } & Module
  drop: Dropout
  h: GPT2Block[]
  ln_f: LayerNorm
  constructor(config?: Partial<GPT2Config>, options?: FreshOptions, take?: WeightSource)
  get inputEmbeddings(): TokenEmbedding
  checkpointKey(key: string): string | null
  /** `reads`: which outputs will be read. */
  forward(inputIds: Ids, options?: DecoderOptions, reads?: Reads): DecoderOutput
  private checkLength
}
/**
 * GPT-2 with a language-model head, whose weight is that of the token embedding unless `tie_word_embeddings` is false.
 *
 * Shapes: `inputIds (B, T)` → `logits (B, T, V)`, `loss ()`. Parameter names as in Hugging Face checkpoints
 * (`transformer.h.0.attn.c_attn.weight`, (in, out)). Fresh weights: N(0, initializer_range²), smaller by √(2·n_layer) in the output projections
 * of attention and MLP; biases 0.
 *
 * @example
 * const model = await models.GPT2LMHeadModel.fromPretrained('gpt2')
 * lora.injectLora(model, { targets: ['c_attn'], r: 4, loraAlpha: 32, enableLora: [true, false, true] })
 * lora.markOnlyLoraAsTrainable(model)
 * model.train()
 * const { loss } = model.forward(batch.inputIds, { labels: batch.labels })
 * await loss.backward()
 */
export declare class GPT2LMHeadModel extends CausalLM {
  readonly config: GPT2Config
  transformer: GPT2Model
  lm_head: Layer
  constructor(config?: Partial<GPT2Config>, options?: FreshOptions, take?: WeightSource)
  /**
   * Reads a folder with `config.json` and `model.safetensors` (or its shards); the model is in evaluation mode, as in transformers.
   *
   * Weights keep the type of the file (bf16 and f16 are computed in f32) and stay in the file's pages; biases and norms are widened.
   * Names with and without the prefix `transformer.` and those of the first releases (`ln_1.g`, `c_attn.w`) are accepted, by `loadStateDict` too; the mask buffers
   * of old files are ignored.
   * @throws {KeyError} listing every missing, unexpected and misshapen tensor at once.
   */
  static fromPretrained(dir: string, options?: PretrainedOptions): Promise<GPT2LMHeadModel>
  checkpointKey(key: string): string | null
  protected get decoder(): GPT2Model
  /** Longest sequence that the model supports. */
  get maxPositions(): number
}
export {}
