import { arange, tensor } from '../../tensor/make.js'
import { bad, checkInteger, checkProbability } from '../../runtime/options.js'
import { noGrad } from '../../tensor/scope.js'
import { Tensor } from '../../tensor/tensor.js'
import { idsScratch } from '../../generation/ids.js'
import { BERT_DEFAULTS, postNormConfig } from '../shared/encoder-config.js'
import type { BertFields } from '../shared/encoder-config.js'
import type { EncoderModelOptions } from '../shared/encoder-model.js'
import type { CheckpointNames } from '../shared/pretrained-encoder.js'
import { PooledEncoderModel } from '../shared/pooled-encoder.js'
import type { PooledEncoderFamily, PooledEncoderOptions } from '../shared/pooled-encoder.js'
import type { Positions } from '../shared/token-embeddings.js'

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

/** The names of the parts in files of RoBERTas. */
export const ROBERTA_NAMES: CheckpointNames = {
  modelType: 'roberta',
  prefix: 'roberta',
  parts: ['embeddings', 'encoder', 'pooler'],
  heads: ['roberta.pooler', 'classifier', 'lm_head', 'qa_outputs'],
}

const ROBERTA: PooledEncoderFamily<RobertaConfig> = {
  config(given) {
    const owner = 'RobertaConfig'
    const tokens = { vocab_size: 50265, pad_token_id: 1, bos_token_id: 0, eos_token_id: 2 }
    const config = postNormConfig<RobertaConfig>(
      owner,
      { model_type: 'roberta', ...tokens, ...BERT_DEFAULTS },
      given,
      1,
    )
    if (config.classifier_dropout !== null) checkProbability(owner, 'classifier_dropout', config.classifier_dropout)
    checkInteger(owner, 'pad_token_id', config.pad_token_id, 0)
    const rows = Math.min(config.vocab_size, config.max_position_embeddings - 1)
    if (config.pad_token_id >= rows)
      throw bad(owner, 'pad_token_id', `an integer from 0 to ${rows - 1}`, config.pad_token_id)
    return config
  },
  positions: positionsOf,
}

/**
 * RoBERTa without a head (Liu et al. 2019): embeddings, the encoder of BERT, and a pooler unless `addPoolingLayer` is false.
 *
 * Shapes: `inputIds (B, T)` → `lastHiddenState (B, T, C)`, `poolerOutput (B, C)`. Parameter names as in Hugging Face checkpoints
 * (`encoder.layer.0.attention.self.query.weight`). Positions count from `pad_token_id + 1` and leave padding out, as in transformers.
 */
export class RobertaModel extends PooledEncoderModel<RobertaConfig> {
  /** @internal */
  static override readonly family = ROBERTA
  /** @internal */
  static override readonly checkpoint = { className: 'RobertaModel', names: ROBERTA_NAMES, heads: [], isBare: true }
}

/** Longest sequence: positions begin after the row of the padding. */
function longestInput(config: RobertaConfig): number {
  return config.max_position_embeddings - config.pad_token_id - 1
}

/** Positions of tokens count from pad_token_id + 1; padding, wherever it is, is not counted and has position pad_token_id. */
function positionsOf(owner: string, config: RobertaConfig): Positions {
  const { pad_token_id: padding } = config
  return {
    padding,
    of(given, ids) {
      if (!(given instanceof Tensor)) return positionsOfRows(owner, given, config)
      // How many tokens are padding is known only later; more tokens than rows of the table never fit.
      if (ids.shape[1]! > config.max_position_embeddings) throw tooLong(owner, ids.shape[1]!, config)
      return noGrad(() => {
        const real = ids.ne(padding)
        return real.cumsum(1).mul(real.to('i64')).add(padding)
      })
    },
  }
}

function positionsOfRows(owner: string, rows: readonly (readonly number[])[], config: RobertaConfig): Tensor {
  const { pad_token_id: padding } = config
  const T = rows[0]!.length
  const flat = idsScratch.take(rows.length * T)
  let [n, longest] = [0, 0]
  for (const row of rows) {
    let position = padding
    for (const id of row) flat[n++] = id === padding ? padding : ++position
    longest = Math.max(longest, position - padding)
  }
  if (longest > longestInput(config)) throw tooLong(owner, longest, config)
  if (!rows.some((row) => row.includes(padding)))
    return arange(padding + 1, padding + 1 + T, 1, { dtype: 'i64' }).unsqueeze(0)
  return tensor(flat.subarray(0, n), { shape: [rows.length, T], dtype: 'i64' })
}

function tooLong(owner: string, length: number, config: RobertaConfig): Error {
  const limit = `at most ${longestInput(config)} tokens (max_position_embeddings - pad_token_id - 1)`
  return bad(owner, 'inputIds', limit, `${length} tokens`, 'truncate the sequence')
}
