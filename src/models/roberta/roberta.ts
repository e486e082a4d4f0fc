import { arange, tensor } from '../../tensor/make.js'
import { bad, checkBoolean } from '../../runtime/options.js'
import { noGrad } from '../../tensor/scope.js'
import { Tensor } from '../../tensor/tensor.js'
import { Encoder, Pooler } from '../shared/encoder.js'
import type { EncoderOutput } from '../shared/encoder-input.js'
import { EncoderModel, encode, readEncoder } from '../shared/encoder-model.js'
import type { CheckpointNames, EncoderModelOptions } from '../shared/encoder-model.js'
import { idsScratch } from '../../generation/ids.js'
import type { Ids } from '../../generation/ids.js'
import { within } from '../shared/parts.js'
import { freshWeights } from '../shared/pretrained.js'
import type { FreshOptions, PretrainedOptions, WeightSource } from '../shared/pretrained.js'
import { longestInput, robertaConfig } from './config.js'
import type { RobertaConfig } from './config.js'
import { TokenEmbeddings } from '../shared/token-embeddings.js'
import type { Positions } from '../shared/token-embeddings.js'

/** Options of {@link RobertaModel}. */
export interface RobertaModelOptions extends FreshOptions {
  /** Have a pooler, a dense layer on the first token. @default true */
  addPoolingLayer?: boolean
}

/** Options of the forward of {@link RobertaModel}. */
export type RobertaOptions = EncoderModelOptions

/** What files of RoBERTas call their parts. */
export const ROBERTA_NAMES: CheckpointNames = {
  modelType: 'roberta',
  prefix: 'roberta',
  parts: ['embeddings', 'encoder', 'pooler'],
  heads: ['roberta.pooler', 'classifier', 'lm_head', 'qa_outputs'],
}

/**
 * RoBERTa without a head (Liu et al. 2019): embeddings, the encoder of BERT, and a pooler unless `addPoolingLayer` is false.
 *
 * Shapes: `inputIds (B, T)` → `lastHiddenState (B, T, C)`, `poolerOutput (B, C)`. Parameter names as in Hugging Face checkpoints
 * (`encoder.layer.0.attention.self.query.weight`). Positions count from `pad_token_id + 1` and leave padding out, as in transformers.
 */
export class RobertaModel extends EncoderModel {
  readonly config: RobertaConfig
  embeddings: TokenEmbeddings
  encoder: Encoder
  pooler: Pooler | null

  constructor(config: Partial<RobertaConfig> = {}, options: RobertaModelOptions = {}, take?: WeightSource) {
    super()
    const { addPoolingLayer = true, ...fresh } = options
    take ??= freshWeights('RobertaModel', fresh)
    this.config = robertaConfig(config)
    this.embeddings = new TokenEmbeddings(OWNER, this.config, positionsOf(this.config), within(take, 'embeddings'))
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
    const heads = addPoolingLayer ? ['roberta.pooler'] : []
    const { config, weights } = await readEncoder<RobertaConfig>(dir, rest, ROBERTA_NAMES, heads)
    const model = new RobertaModel(config, { addPoolingLayer }, within(weights.take, 'roberta'))
    weights.close({ ignore: [] })
    return model.eval()
  }

  protected override get architecture(): string {
    return 'RobertaModel'
  }

  override forward(inputIds: Ids, options: RobertaOptions = {}): EncoderOutput {
    return encode(OWNER, inputIds, options, {
      embed: (packing) => this.embeddings.forward(inputIds, options, packing),
      layers: (x, { keys, onlyFirst }) => this.encoder.forward(x, keys, onlyFirst, this.checkpointed),
      pooler: this.pooler,
    })
  }
}

const OWNER = 'RobertaModel.forward'

/** Tokens count from pad_token_id + 1 and padding, wherever it stands, is passed over: its position is pad_token_id. */
function positionsOf(config: RobertaConfig): Positions {
  const { pad_token_id: padding } = config
  return {
    padding,
    of(given, ids) {
      if (!(given instanceof Tensor)) return positionsOfRows(given, config)
      // How many tokens are padding shows only later: here it is known that there is no room for all.
      if (ids.shape[1]! > config.max_position_embeddings) throw tooLong(ids.shape[1]!, config)
      return noGrad(() => {
        const real = ids.ne(padding)
        return real.cumsum(1).mul(real.to('i64')).add(padding)
      })
    },
  }
}

function positionsOfRows(rows: readonly (readonly number[])[], config: RobertaConfig): Tensor {
  const { pad_token_id: padding } = config
  const T = rows[0]!.length
  const flat = idsScratch.take(rows.length * T)
  let [n, longest] = [0, 0]
  for (const row of rows) {
    let position = padding
    for (const id of row) flat[n++] = id === padding ? padding : ++position
    longest = Math.max(longest, position - padding)
  }
  if (longest > longestInput(config)) throw tooLong(longest, config)
  if (!rows.some((row) => row.includes(padding)))
    return arange(padding + 1, padding + 1 + T, 1, { dtype: 'i64' }).unsqueeze(0)
  return tensor(flat.subarray(0, n), { shape: [rows.length, T], dtype: 'i64' })
}

function tooLong(length: number, config: RobertaConfig): Error {
  const limit = `at most ${longestInput(config)} tokens (max_position_embeddings - pad_token_id - 1)`
  return bad(OWNER, 'inputIds', limit, `${length} tokens`, 'truncate the sequence')
}
