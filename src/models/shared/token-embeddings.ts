// The embeddings of BERT and its like: what a token is, where it stands, and which sentence it belongs to.
import { zeros } from '../../tensor/make.js'
import { Dropout } from '../../nn/dropout.js'
import { Embedding } from '../../nn/embedding.js'
import type { LayerNorm } from '../../nn/layer-norm.js'
import { Module } from '../../nn/module.js'
import { bad } from '../../runtime/options.js'
import type { Tensor } from '../../tensor/tensor.js'
import { checkSize, placesFromFirst } from './encoder-input.js'
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

/** How tokens get their rows of the position table. */
export interface Positions {
  /** The row of padding, which starts at 0 and is not trained; null where there is none. */
  padding: number | null
  /** The row of each token, (B, T), or of the tokens of all rows, (1, T). */
  of(given: Ids, ids: Tensor, options: EncoderOptions): Tensor
}

/** `dropout(norm(word + position + kind of token))`, without the tables that an architecture does not have. */
export class TokenEmbeddings extends Module {
  word_embeddings: Table & { weight: Tensor }
  position_embeddings: Table | null
  token_type_embeddings: Table | null
  LayerNorm: LayerNorm
  dropout: Dropout

  /** `owner` is named in errors; `positions` is null where tokens get none here. */
  constructor(
    private readonly owner: string,
    private readonly config: EmbeddingsConfig,
    private readonly positions: Positions | null,
    take: WeightSource,
  ) {
    super()
    const { hidden_size: C, initializer_range: std, type_vocab_size: kinds } = config
    const table = (name: string, rows: number, paddingIdx: number | null) => {
      const init = paddingIdx === null ? { std } : { std, zeroRow: paddingIdx }
      return new Embedding(rows, C, { weight: take(`${name}.weight`, [rows, C], init), paddingIdx })
    }
    const { vocab_size: V, max_position_embeddings: longest } = config
    this.word_embeddings = table('word_embeddings', V, config.pad_token_id)
    this.position_embeddings = positions && table('position_embeddings', longest, positions.padding)
    this.token_type_embeddings = kinds > 0 ? table('token_type_embeddings', kinds, null) : null
    this.LayerNorm = layerNorm(take, 'LayerNorm', C, config.layer_norm_eps)
    this.dropout = new Dropout(config.hidden_dropout_prob)
  }

  /** (B, T, C), or with a packing (1, N, C), the tokens alone. */
  override forward(inputIds: Ids, options: EncoderOptions, packing: Packing | null): Tensor {
    const taken = (name: string, ids: Tensor) => (packing ? (packing.take(this.owner, name, ids) as Tensor) : ids)
    const ids = idsTensor(this.owner, 'inputIds', inputIds, this.config.vocab_size) // (B, T)
    const words = this.word_embeddings.forward(taken('inputIds', ids)) // (B, T, C)
    const places = this.placesOf(inputIds, ids, options)
    const positions = places && this.position_embeddings!.forward(taken('positionIds', places)) // (B, T, C), or (1, T, C) when all rows count the same
    const kindsGiven = this.kindsOf(ids, options)
    const kinds =
      kindsGiven &&
      this.token_type_embeddings!.forward(
        packing && kindsGiven.ndim === 2 ? taken('tokenTypeIds', kindsGiven) : kindsGiven,
      ) // (B, T, C) or (1, C)
    const beside = positions && kinds ? positions.add(kinds) : (positions ?? kinds)
    return this.dropout.forward(this.LayerNorm.forward(beside ? words.add(beside) : words))
  }

  private placesOf(given: Ids, ids: Tensor, options: EncoderOptions): Tensor | null {
    if (this.positions === null) return null
    const { positionIds } = options
    if (!positionIds) return this.positions.of(given, ids, options)
    return idsTensor(this.owner, 'positionIds', positionIds, this.config.max_position_embeddings)
  }

  /** Kinds (B, T), or (1) for one kind; null in a model without. */
  private kindsOf(ids: Tensor, { tokenTypeIds }: EncoderOptions): Tensor | null {
    const [B = 0, T = 0] = ids.shape
    if (tokenTypeIds) checkSize(this.owner, 'tokenTypeIds', tokenTypeIds, B, T)
    if (this.token_type_embeddings === null) return null
    if (!tokenTypeIds) return zeros([1], { dtype: 'i64' })
    return idsTensor(this.owner, 'tokenTypeIds', tokenTypeIds, this.config.type_vocab_size)
  }
}

/** Positions 0, 1, … from the first token of a row on, as BERT counts: padding on the left has no part in it. */
export function countedPositions(owner: string, longest: number): Positions {
  return {
    padding: null,
    of(_, ids, { attentionMask }) {
      const [B = 0, T = 0] = ids.shape
      if (T > longest) throw tooLong(owner, T, longest)
      return placesFromFirst(owner, attentionMask, B, T)
    },
  }
}

function tooLong(owner: string, length: number, longest: number): Error {
  const limit = `at most ${longest} tokens (max_position_embeddings)`
  return bad(owner, 'inputIds', limit, `${length} tokens`, 'truncate the sequence')
}
