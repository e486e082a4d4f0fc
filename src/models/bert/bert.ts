import { checkBoolean } from '../../runtime/options.js'
import { bertConfig } from './config.js'
import type { BertConfig } from './config.js'
import { Encoder, Pooler } from '../shared/encoder.js'
import type { EncoderOutput } from '../shared/encoder-input.js'
import { EncoderModel, encode, readEncoder } from '../shared/encoder-model.js'
import type { CheckpointNames, EncoderModelOptions } from '../shared/encoder-model.js'
import type { Ids } from '../../generation/ids.js'
import { within } from '../shared/parts.js'
import { freshWeights } from '../shared/pretrained.js'
import type { FreshOptions, PretrainedOptions, WeightSource } from '../shared/pretrained.js'
import { TokenEmbeddings, countedPositions } from '../shared/token-embeddings.js'

/** Options of {@link BertModel}. */
export interface BertModelOptions extends FreshOptions {
  /** Have a pooler, a dense layer on the first token. @default true */
  addPoolingLayer?: boolean
}

/** What files of BERTs call their parts. */
export const BERT_NAMES: CheckpointNames = {
  modelType: 'bert',
  prefix: 'bert',
  parts: ['embeddings', 'encoder', 'pooler'],
  heads: ['bert.pooler', 'classifier', 'cls.seq_relationship', 'cls', 'qa_outputs'],
}

const OWNER = 'BertModel.forward'

/**
 * BERT without a head (Devlin et al. 2018): embeddings, encoder, and a pooler unless `addPoolingLayer` is false.
 *
 * Shapes: `inputIds (B, T)` → `lastHiddenState (B, T, C)`, `poolerOutput (B, C)`. Parameter names as in Hugging Face checkpoints
 * (`encoder.layer.0.attention.self.query.weight`). Positions count from the first token that the attention mask keeps, so that padding on the left gives what
 * the row gives alone; transformers counts that padding, too, unless it is given `position_ids`.
 */
export class BertModel extends EncoderModel {
  readonly config: BertConfig
  embeddings: TokenEmbeddings
  encoder: Encoder
  pooler: Pooler | null

  constructor(config: Partial<BertConfig> = {}, options: BertModelOptions = {}, take?: WeightSource) {
    super()
    const { addPoolingLayer = true, ...fresh } = options
    take ??= freshWeights('BertModel', fresh)
    this.config = bertConfig(config)
    const positions = countedPositions(OWNER, this.config.max_position_embeddings)
    this.embeddings = new TokenEmbeddings(OWNER, this.config, positions, within(take, 'embeddings'))
    this.encoder = new Encoder(this.config, within(take, 'encoder'))
    const hasPooler = checkBoolean('BertModel', 'addPoolingLayer', addPoolingLayer)
    this.pooler = hasPooler ? new Pooler(this.config, within(take, 'pooler')) : null
  }

  /** A model with fresh weights, in training mode. */
  static fromConfig(config: Partial<BertConfig>, options: BertModelOptions = {}): BertModel {
    return new BertModel(config, options)
  }

  /**
   * Reads a folder with `config.json` and the weights of any BERT, passing its heads over; the model is in evaluation mode. A pooler that the file lacks
   * starts fresh, with a warning.
   * @throws {KeyError} listing every missing, unexpected and misshapen tensor at once.
   */
  static async fromPretrained(
    dir: string,
    options: PretrainedOptions & Pick<BertModelOptions, 'addPoolingLayer'> = {},
  ): Promise<BertModel> {
    const { addPoolingLayer = true, ...rest } = options
    const heads = addPoolingLayer ? ['bert.pooler'] : []
    const { config, weights } = await readEncoder<BertConfig>(dir, rest, BERT_NAMES, heads)
    const model = new BertModel(config, { addPoolingLayer }, within(weights.take, 'bert'))
    weights.close({ ignore: [] })
    return model.eval()
  }

  protected override get architecture(): string {
    return 'BertModel'
  }

  override forward(inputIds: Ids, options: EncoderModelOptions = {}): EncoderOutput {
    return encode(OWNER, inputIds, options, {
      embed: (packing) => this.embeddings.forward(inputIds, options, packing),
      layers: (x, { keys, onlyFirst }) => this.encoder.forward(x, keys, onlyFirst, this.checkpointed),
      pooler: this.pooler,
    })
  }
}
