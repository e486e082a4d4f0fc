import { checkProbability } from '../../runtime/options.js'
import { BERT_DEFAULTS, checkPadToken, postNormConfig } from '../shared/encoder-config.js'
import type { BertFields } from '../shared/encoder-config.js'
import type { CheckpointNames } from '../shared/pretrained-encoder.js'
import { PooledEncoderModel } from '../shared/pooled-encoder.js'
import type { PooledEncoderFamily, PooledEncoderOptions } from '../shared/pooled-encoder.js'
import { countedPositions } from '../shared/token-embeddings.js'

/** The configuration of a BERT, as in `config.json`. */
export interface BertConfig extends BertFields {
  /** Number of tokens V. @default 30522 */
  vocab_size: number
  /** The token that pads short rows; its row of the embedding starts at 0. @default 0 */
  pad_token_id: number | null
}

/** Options of {@link BertModel}. */
export type BertModelOptions = PooledEncoderOptions

/** The names of the parts in files of BERTs. */
export const BERT_NAMES: CheckpointNames = {
  modelType: 'bert',
  prefix: 'bert',
  parts: ['embeddings', 'encoder', 'pooler'],
  heads: ['bert.pooler', 'classifier', 'cls.seq_relationship', 'cls', 'qa_outputs'],
}

const BERT: PooledEncoderFamily<BertConfig> = {
  config(given) {
    const owner = 'BertConfig'
    const defaults = { model_type: 'bert', vocab_size: 30522, pad_token_id: 0, ...BERT_DEFAULTS }
    const config = postNormConfig<BertConfig>(owner, defaults, given, 1)
    if (config.classifier_dropout !== null) checkProbability(owner, 'classifier_dropout', config.classifier_dropout)
    checkPadToken(owner, config)
    return config
  },
  positions: (owner, config) => countedPositions(owner, config.max_position_embeddings),
}

/**
 * BERT without a head (Devlin et al. 2018): embeddings, encoder, and a pooler unless `addPoolingLayer` is false.
 *
 * Shapes: `inputIds (B, T)` → `lastHiddenState (B, T, C)`, `poolerOutput (B, C)`. Parameter names as in Hugging Face checkpoints
 * (`encoder.layer.0.attention.self.query.weight`). Positions count from the first token that the attention mask keeps, so that a row with padding on the left
 * gives the same result as the row alone; transformers counts that padding, too, unless it is given `position_ids`.
 */
export class BertModel extends PooledEncoderModel<BertConfig> {
  /** @internal */
  static override readonly family = BERT
  /** @internal */
  static override readonly checkpoint = { className: 'BertModel', names: BERT_NAMES, heads: [], isBare: true }
}
