import { arange, tensor, zeros } from '../make.js'
import { Dropout } from '../nn/dropout.js'
import { Embedding } from '../nn/embedding.js'
import type { LayerNorm } from '../nn/layer-norm.js'
import { Module } from '../nn/module.js'
import { bad, checkBoolean, checkInteger, checkKeys } from '../nn/options.js'
import { noGrad } from '../scope.js'
import { Tensor } from '../tensor.js'
import { Encoder, Pooler } from './encoder.js'
import { ENCODER_KEYS, encoderPacking, keyMask } from './encoder-input.js'
import type { EncoderOptions, EncoderOutput } from './encoder-input.js'
import { idsScratch, idsTensor } from './ids.js'
import type { Ids } from './ids.js'
import type { Packing } from './packing.js'
import { layerNorm, within } from './parts.js'
import { freshWeights, readWeights, savePretrained } from './pretrained.js'
import type { FreshOptions, PretrainedOptions, SaveOptions, WeightSource } from './pretrained.js'
import { longestInput, robertaConfig } from './roberta-config.js'
import type { RobertaConfig } from './roberta-config.js'

type Table = { forward(ids: Tensor): Tensor } & Module

/** Options of {@link RobertaModel}. */
export interface RobertaModelOptions extends FreshOptions {
  /** Have a pooler, a dense layer on the first token. @default true */
  addPoolingLayer?: boolean
}

/** Options of the forward of {@link RobertaModel}. */
export interface RobertaOptions extends EncoderOptions {
  /**
   * Compute the last layer at the first n positions only, of which 1 is what a classification head reads: `lastHiddenState` is then (B, n, C), the same
   * numbers as in the whole. @default all
   */
  positionsToKeep?: number
}

/** `norm(word + position + kind of token)`. */
class RobertaEmbeddings extends Module {
  word_embeddings: Table & { weight: Tensor }
  position_embeddings: Table
  token_type_embeddings: Table
  LayerNorm: LayerNorm
  dropout: Dropout
  private readonly config: RobertaConfig

  constructor(config: RobertaConfig, take: WeightSource) {
    super()
    this.config = config
    const { vocab_size, max_position_embeddings, type_vocab_size, hidden_size: C, initializer_range: std } = config
    const table = (name: string, rows: number, paddingIdx: number | null) => {
      const init = paddingIdx === null ? { std } : { std, zeroRow: paddingIdx }
      return new Embedding(rows, C, { weight: take(`${name}.weight`, [rows, C], init), paddingIdx })
    }
    this.word_embeddings = table('word_embeddings', vocab_size, config.pad_token_id)
    this.position_embeddings = table('position_embeddings', max_position_embeddings, config.pad_token_id)
    this.token_type_embeddings = table('token_type_embeddings', type_vocab_size, null)
    this.LayerNorm = layerNorm(take, 'LayerNorm', C, config.layer_norm_eps)
    this.dropout = new Dropout(config.hidden_dropout_prob)
  }

  /** (B, T, C), or with a packing (1, N, C), the tokens alone. */
  override forward(inputIds: Ids, { tokenTypeIds, positionIds }: RobertaOptions, packing: Packing | null): Tensor {
    const taken = (name: string, ids: Tensor) => (packing ? (packing.take(OWNER, name, ids) as Tensor) : ids)
    const ids = idsTensor(OWNER, 'inputIds', inputIds, this.config.vocab_size) // (B, T)
    const words = this.word_embeddings.forward(taken('inputIds', ids)) // (B, T, C)
    const places = positionIds
      ? idsTensor(OWNER, 'positionIds', positionIds, this.config.max_position_embeddings)
      : this.positions(inputIds, ids)
    const positions = this.position_embeddings.forward(taken('positionIds', places)) // (B, T, C), or (1, T, C) when all rows count the same
    const kinds = this.token_type_embeddings.forward(
      tokenTypeIds
        ? taken('tokenTypeIds', idsTensor(OWNER, 'tokenTypeIds', tokenTypeIds, this.config.type_vocab_size))
        : zeros([1], { dtype: 'i64' }),
    ) // (B, T, C) or (1, C)
    return this.dropout.forward(this.LayerNorm.forward(words.add(positions.add(kinds))))
  }

  /** Tokens count from pad_token_id + 1 and padding, wherever it stands, is passed over: its position is pad_token_id. */
  private positions(given: Ids, ids: Tensor): Tensor {
    const { pad_token_id: padding } = this.config
    if (!(given instanceof Tensor)) return this.positionsOfRows(given, padding)
    // How many tokens are padding shows only later: here it is known that there is no room for all.
    if (ids.shape[1]! > this.config.max_position_embeddings) throw tooLong(ids.shape[1]!, this.config)
    return noGrad(() => {
      const real = ids.ne(padding)
      return real.cumsum(1).mul(real.to('i64')).add(padding)
    })
  }

  private positionsOfRows(rows: readonly (readonly number[])[], padding: number): Tensor {
    const T = rows[0]!.length
    const flat = idsScratch.take(rows.length * T)
    let [n, longest] = [0, 0]
    for (const row of rows) {
      let position = padding
      for (const id of row) flat[n++] = id === padding ? padding : ++position
      longest = Math.max(longest, position - padding)
    }
    if (longest > longestInput(this.config)) throw tooLong(longest, this.config)
    if (!rows.some((row) => row.includes(padding)))
      return arange(padding + 1, padding + 1 + T, 1, { dtype: 'i64' }).unsqueeze(0)
    return tensor(flat.subarray(0, n), { shape: [rows.length, T], dtype: 'i64' })
  }
}

/**
 * RoBERTa without a head (Liu et al. 2019): embeddings, the encoder of BERT, and a pooler unless `addPoolingLayer` is false.
 *
 * Shapes: `inputIds (B, T)` → `lastHiddenState (B, T, C)`, `poolerOutput (B, C)`. Parameter names as in Hugging Face checkpoints
 * (`encoder.layer.0.attention.self.query.weight`). Positions count from `pad_token_id + 1` and leave padding out, as in transformers.
 */
export class RobertaModel extends Module {
  readonly config: RobertaConfig
  embeddings: RobertaEmbeddings
  encoder: Encoder
  pooler: Pooler | null

  constructor(config: Partial<RobertaConfig> = {}, options: RobertaModelOptions = {}, take?: WeightSource) {
    super()
    const { addPoolingLayer = true, ...fresh } = options
    take ??= freshWeights('RobertaModel', fresh)
    this.config = robertaConfig(config)
    this.embeddings = new RobertaEmbeddings(this.config, within(take, 'embeddings'))
    this.encoder = new Encoder(this.config, within(take, 'encoder'))
    const hasPooler = checkBoolean('RobertaModel', 'addPoolingLayer', addPoolingLayer)
    this.pooler = hasPooler ? new Pooler(this.config, within(take, 'pooler')) : null
  }

  /** A model with fresh weights, in training mode. */
  static fromConfig(config: Partial<RobertaConfig>, options: RobertaModelOptions = {}): RobertaModel {
    return new RobertaModel(config, options)
  }

  /**
   * Reads a folder with `config.json` and the weights of any RoBERTa, passing its heads over; the model is in evaluation mode. A pooler that the
   * file lacks starts fresh, with a warning.
   * @throws {KeyError} listing every missing, unexpected and misshapen tensor at once.
   */
  static async fromPretrained(
    dir: string,
    options: PretrainedOptions & Pick<RobertaModelOptions, 'addPoolingLayer'> = {},
  ): Promise<RobertaModel> {
    const { addPoolingLayer = true, ...rest } = options
    const { config, weights } = await readRoberta(dir, rest, addPoolingLayer ? ['roberta.pooler'] : [])
    const model = new RobertaModel(config, { addPoolingLayer }, within(weights.take, 'roberta'))
    weights.close({ ignore: [] })
    return model.eval()
  }

  /** Writes `config.json` and `model.safetensors`, as transformers does. */
  async savePretrained(dir: string, options: SaveOptions = {}): Promise<void> {
    await savePretrained(this, dir, { ...options, leaveOut: [], config: savedConfig(this.config, 'RobertaModel') })
  }

  /**
   * From now on, backward computes each layer again instead of keeping what it needs, in training mode: activations take the memory of one
   * layer and one tensor (B, T, C) for each, for about a third more time. Results are the same.
   */
  gradientCheckpointingEnable(): void {
    this.encoder.gradientCheckpointing = true
  }

  /** The opposite of {@link gradientCheckpointingEnable}. */
  gradientCheckpointingDisable(): void {
    this.encoder.gradientCheckpointing = false
  }

  override forward(inputIds: Ids, options: RobertaOptions = {}): EncoderOutput {
    checkKeys(OWNER, options, [...ENCODER_KEYS, 'positionsToKeep'])
    const { attentionMask, positionsToKeep, outputHiddenStates } = options
    if (positionsToKeep !== undefined) checkInteger(OWNER, 'positionsToKeep', positionsToKeep, 1)
    const some = positionsToKeep !== undefined && positionsToKeep > 1
    const packing = some ? null : encoderPacking(OWNER, inputIds, attentionMask)
    const x = this.embeddings.forward(inputIds, options, packing) // (B, T, C) or (1, N, C)
    const [B = 0, T = 0] = x.shape
    const keys = packing
      ? { mask: null, lengths: null, starts: packing.starts }
      : keyMask(OWNER, attentionMask, B, T)
    const states = this.encoder.forward(x, keys, positionsToKeep ?? T)
    const whole = (state: Tensor) => (packing ? packing.spread(state) : state)
    const last = states.at(-1)!
    const lastHiddenState = packing && positionsToKeep === 1 ? last.transpose(0, 1) : whole(last) // (B, T or n, C)
    const hiddenStates = outputHiddenStates ? [...states.slice(0, -1).map(whole), lastHiddenState] : null
    return { lastHiddenState, poolerOutput: this.pooler?.forward(lastHiddenState) ?? null, hiddenStates }
  }
}

const OWNER = 'RobertaModel.forward'

/** Configuration and weights of a folder, for a model with these heads; the heads of other tasks are passed over. */
export async function readRoberta(dir: string, options: PretrainedOptions, heads: readonly string[]) {
  const read = await readWeights(dir, ['roberta'], (name) => checkpointName(name, heads), options, heads)
  return { config: read.config as Partial<RobertaConfig>, weights: read.weights }
}

/** The configuration as a file holds it: the length of `id2label` says the number of labels. */
export function savedConfig(config: RobertaConfig, architecture: string): object {
  return { ...config, num_labels: undefined, architectures: [architecture] }
}

// Files of the bare model have no prefix; those of old releases hold the positions as a buffer.
function checkpointName(name: string, heads: readonly string[]): string | null {
  if (name.endsWith('embeddings.position_ids')) return null
  const ours = /^(embeddings|encoder|pooler)\./.test(name) ? `roberta.${name}` : name
  const [, head] = /^(roberta\.pooler|classifier|lm_head|qa_outputs)\./.exec(ours) ?? []
  return head === undefined || heads.includes(head) ? ours : null
}

function tooLong(length: number, config: RobertaConfig): Error {
  const limit = `at most ${longestInput(config)} tokens (max_position_embeddings - pad_token_id - 1)`
  return bad(OWNER, 'inputIds', limit, `${length} tokens`, 'truncate the sequence')
}
