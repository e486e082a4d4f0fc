// Generated from src/models/roberta/roberta.ts by `npm run api`. Do not edit.

import type { BertFields } from '../shared/encoder-config.js'
import type { EncoderModelOptions } from '../shared/encoder-model.js'
import { PooledEncoderModel } from '../shared/pooled-encoder.js'
import type { PooledEncoderOptions } from '../shared/pooled-encoder.js'
/** The configuration of a RoBERTa, as in `config.json`. */
export interface RobertaConfig extends BertFields {
  /** Number of tokens V. @default 50265 */
  vocab_size: number
  /** Rows of the position table; the first `pad_token_id + 1` of them belong to no token. @default 512 */
  max_position_embeddings: number
  /** The token that pads short rows: it has no position. @default 1 */
  pad_token_id: number
  /** The token that begins a sequence. @default 0 */
  bos_token_id: number | null
  /** The token that ends a sequence. @default 2 */
  eos_token_id: number | null
}
/** Options of {@link RobertaModel}. */
export type RobertaModelOptions = PooledEncoderOptions
/** Options of the forward of {@link RobertaModel}. */
export type RobertaOptions = EncoderModelOptions
/**
 * RoBERTa without a head (Liu et al. 2019): embeddings, the encoder of BERT, and a pooler unless `addPoolingLayer` is false.
 *
 * Shapes: `inputIds (B, T)` → `lastHiddenState (B, T, C)`, `poolerOutput (B, C)`. Parameter names as in Hugging Face checkpoints
 * (`encoder.layer.0.attention.self.query.weight`). Positions count from `pad_token_id + 1` and leave padding out, as in transformers.
 */
export declare class RobertaModel extends PooledEncoderModel<RobertaConfig> {}
