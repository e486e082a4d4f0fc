// The embeddings of BERT and similar encoders: tokens, positions and token types.
import { zeros } from '../../tensor/make.js'
import { Dropout } from '../../nn/dropout.js'
import { Embedding } from '../../nn/embedding.js'
import type { LayerNorm } from '../../nn/layer-norm.js'
import { Module } from '../../nn/module.js'
import { bad } from '../../runtime/options.js'
import type { Tensor } from '../../tensor/tensor.js'
import { checkSize, positionsFromFirst } from './encoder-input.js'
import type { EncoderOptions } from './encoder-input.js'
import { idsTensor } from '../../generation/ids.js'
import type { Ids } from '../../generation/ids.js'
import type { Packing } from './packing.js'
import { layerNorm } from './parts.js'
import type { WeightSource } from './pretrained.js'

type Table = { forward(ids: Tensor): Tensor } & Module

/** The fields of a configuration that embeddings read. */
export interface EmbeddingsConfig {
  vocab_size: number
  hidden_size: number
  max_position_embeddings: number
  type_vocab_size: number
  pad_token_id: number | null
  initializer_range: number
  layer_norm_eps: number
  hidden_dropout_prob: number
}

/** How positions of tokens are determined. */
export interface Positions {
  /** The position of padding, whose row starts at 0 and is not trained; null where there is none. */
  padding: number | null
  /** The position of each token, (B, T), or of the tokens of all rows, (1, T). */
  of(given: Ids, ids: Tensor, options: EncoderOptions): Tensor
}

/** `dropout(norm(word + position + token type))`, without the tables that an architecture does not have. */
export class TokenEmbeddings extends Module {
  word_embeddings: Table & { weight: Tensor }
  position_embeddings: Table | null
  token_type_embeddings: Table | null
  LayerNorm: LayerNorm
  dropout: Dropout

  /** `owner` is named in errors; `positions` is null without a position table. */
  constructor(
    private readonly owner: string,
    private readonly config: EmbeddingsConfig,
    private readonly positions: Positions | null,
    take: WeightSource,
  ) {
    super()
    const { hidden_size: C, initializer_range: std, type_vocab_size: types } = config
    const table = (name: string, rows: number, paddingIdx: number | null) => {
      const init = paddingIdx === null ? { std } : { std, zeroRow: paddingIdx }
      return new Embedding(rows, C, { weight: take(`${name}.weight`, [rows, C], init), paddingIdx })
    }
    const { vocab_size: V, max_position_embeddings: longest } = config
    this.word_embeddings = table('word_embeddings', V, config.pad_token_id)
    this.position_embeddings = positions && table('position_embeddings', longest, positions.padding)
    this.token_type_embeddings = types > 0 ? table('token_type_embeddings', types, null) : null
    this.LayerNorm = layerNorm(take, 'LayerNorm', C, config.layer_norm_eps)
    this.dropout = new Dropout(config.hidden_dropout_prob)
  }

  /** (B, T, C), or with a packing (1, N, C), the tokens alone. */
  override forward(inputIds: Ids, options: EncoderOptions, packing: Packing | null): Tensor {
    const taken = (name: string, ids: Tensor) => (packing ? (packing.take(this.owner, name, ids) as Tensor) : ids)
    const ids = idsTensor(this.owner, 'inputIds', inputIds, this.config.vocab_size) // (B, T)
    const words = this.word_embeddings.forward(taken('inputIds', ids)) // (B, T, C)
    const positionIds = this.positionIdsOf(inputIds, ids, options)
    const positions = positionIds && this.position_embeddings!.forward(taken('positionIds', positionIds)) // (B, T, C), or (1, T, C) when all rows count the same
    const typeIds = this.typeIdsOf(ids, options)
    const types =
      typeIds &&
      this.token_type_embeddings!.forward(packing && typeIds.ndim === 2 ? taken('tokenTypeIds', typeIds) : typeIds) // (B, T, C) or (1, C)
    const beside = positions && types ? positions.add(types) : (positions ?? types)
    return this.dropout.forward(this.LayerNorm.forward(beside ? words.add(beside) : words))
  }

  private positionIdsOf(given: Ids, ids: Tensor, options: EncoderOptions): Tensor | null {
    if (this.positions === null) return null
    const { positionIds } = options
    if (!positionIds) return this.positions.of(given, ids, options)
    return idsTensor(this.owner, 'positionIds', positionIds, this.config.max_position_embeddings)
  }

  /** Token types (B, T), or (1) for one type; null in a model without types. */
  private typeIdsOf(ids: Tensor, { tokenTypeIds }: EncoderOptions): Tensor | null {
    const [B = 0, T = 0] = ids.shape
    if (tokenTypeIds) checkSize(this.owner, 'tokenTypeIds', tokenTypeIds, B, T)
    if (this.token_type_embeddings === null) return null
    if (!tokenTypeIds) return zeros([1], { dtype: 'i64' })
    return idsTensor(this.owner, 'tokenTypeIds', tokenTypeIds, this.config.type_vocab_size)
  }
}

/** Positions 0, 1, … from the first token of a row on, as in BERT: padding on the left is not counted. */
export function countedPositions(owner: string, longest: number): Positions {
  return {
    padding: null,
    of(_, ids, { attentionMask }) {
      const [B = 0, T = 0] = ids.shape
      if (T > longest) throw tooLong(owner, T, longest)
      return positionsFromFirst(owner, attentionMask, B, T)
    },
  }
}

function tooLong(owner: string, length: number, longest: number): Error {
  const limit = `at most ${longest} tokens (max_position_embeddings)`
  return bad(owner, 'inputIds', limit, `${length} tokens`, 'truncate the sequence')
}
