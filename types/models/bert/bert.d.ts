// Generated from src/models/bert/bert.ts by `npm run api`. Do not edit.

import type { BertFields } from '../shared/encoder-config.js'
import { PooledEncoderModel } from '../shared/pooled-encoder.js'
import type { PooledEncoderOptions } from '../shared/pooled-encoder.js'
/** The configuration of a BERT, as in `config.json`. */
export interface BertConfig extends BertFields {
  /** Number of tokens V. @default 30522 */
  vocab_size: number
  /** The token that pads short rows; its row of the embedding starts at 0. @default 0 */
  pad_token_id: number | null
}
/** Options of {@link BertModel}. */
export type BertModelOptions = PooledEncoderOptions
/**
 * BERT without a head (Devlin et al. 2018): embeddings, encoder, and a pooler unless `addPoolingLayer` is false.
 *
 * Shapes: `inputIds (B, T)` → `lastHiddenState (B, T, C)`, `poolerOutput (B, C)`. Parameter names as in Hugging Face checkpoints
 * (`encoder.layer.0.attention.self.query.weight`). Positions count from the first token that the attention mask keeps, so that a row with padding on the left
 * gives the same result as the row alone; transformers counts that padding, too, unless it is given `position_ids`.
 */
export declare class BertModel extends PooledEncoderModel<BertConfig> {}
