// The encoder of BERT and RoBERTa, which differ in defaults, in the names of their files and in how positions count.
import { checkBoolean } from '../../runtime/options.js'
import type { Ids } from '../../generation/ids.js'
import type { BertFields } from './encoder-config.js'
import { Encoder, Pooler } from './encoder.js'
import type { EncoderOutput } from './encoder-input.js'
import { EncoderModel, encode } from './encoder-model.js'
import type { EncoderModelOptions } from './encoder-model.js'
import { within } from './parts.js'
import { readEncoder } from './pretrained-encoder.js'
import type { PretrainedEncoder } from './pretrained-encoder.js'
import type { ModelClass } from './pretrained-model.js'
import { freshWeights } from './pretrained.js'
import type { FreshOptions, PretrainedOptions, WeightSource } from './pretrained.js'
import { TokenEmbeddings } from './token-embeddings.js'
import type { Positions } from './token-embeddings.js'

/** Options of BERT and RoBERTa without a head. */
export interface PooledEncoderOptions extends FreshOptions {
  /** Have a pooler, a dense layer on the first token. @default true */
  addPoolingLayer?: boolean
}

/** What makes an encoder a BERT or a RoBERTa. */
export interface PooledEncoderFamily<Config extends BertFields = BertFields> {
  /** The configuration, complete and checked. */
  config(given: Partial<Config>): Config
  positions(owner: string, config: Config): Positions
}

/**
 * An encoder with post-norms and a pooler on the first token. Shapes: `inputIds (B, T)` → `lastHiddenState (B, T, C)`, `poolerOutput (B, C)`.
 */
export abstract class PooledEncoderModel<Config extends BertFields = BertFields> extends EncoderModel {
  /** @internal */
  static readonly family: PooledEncoderFamily
  readonly config: Config
  embeddings: TokenEmbeddings
  encoder: Encoder
  pooler: Pooler | null

  constructor(config: Partial<Config> = {}, options: PooledEncoderOptions = {}, take?: WeightSource) {
    super()
    const { addPoolingLayer = true, ...fresh } = options
    const family = new.target.family as unknown as PooledEncoderFamily<Config>
    const { className } = new.target.checkpoint
    take ??= freshWeights(className, fresh)
    this.config = family.config(config)
    const owner = `${className}.forward`
    this.embeddings = new TokenEmbeddings(
      owner,
      this.config,
      family.positions(owner, this.config),
      within(take, 'embeddings'),
    )
    this.encoder = new Encoder(this.config, within(take, 'encoder'))
    const hasPooler = checkBoolean(className, 'addPoolingLayer', addPoolingLayer)
    this.pooler = hasPooler ? new Pooler(this.config, within(take, 'pooler')) : null
  }

  /**
   * Reads a folder with `config.json` and the weights of any model of this architecture, ignoring its heads; the model is in evaluation mode. If the file
   * has no pooler, it starts with fresh weights, with a warning.
   * @throws {KeyError} listing every missing, unexpected and misshapen tensor at once.
   */
  static override fromPretrained<M extends PretrainedEncoder>(
    this: ModelClass<M, PooledEncoderOptions>,
    dir: string,
    options: PretrainedOptions & Pick<PooledEncoderOptions, 'addPoolingLayer'> = {},
  ): Promise<M> {
    const { addPoolingLayer = true, ...rest } = options
    const { checkpoint } = this as unknown as typeof PooledEncoderModel
    const heads = addPoolingLayer ? [`${checkpoint.names.prefix}.pooler`] : []
    const build = (config: Partial<M['config']>, take: WeightSource) => new this(config, { addPoolingLayer }, take)
    return readEncoder(dir, rest, { ...checkpoint, heads }, build)
  }

  override forward(inputIds: Ids, options: EncoderModelOptions = {}): EncoderOutput {
    return encode(`${this.architecture}.forward`, inputIds, options, {
      embed: (packing) => this.embeddings.forward(inputIds, options, packing),
      layers: (x, { keys, onlyFirst }) => this.encoder.forward(x, keys, onlyFirst, this.checkpointed),
      pooler: this.pooler,
    })
  }
}
