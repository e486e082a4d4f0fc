import { debertaConfig } from './config.js'
import type { DebertaV2Config } from './config.js'
import { DebertaEncoder } from './encoder.js'
import type { EncoderOutput } from '../shared/encoder-input.js'
import { EncoderModel, encode, readEncoder } from '../shared/encoder-model.js'
import type { CheckpointNames, EncoderModelOptions } from '../shared/encoder-model.js'
import type { Ids } from '../../generation/ids.js'
import { within } from '../shared/parts.js'
import { freshWeights } from '../shared/pretrained.js'
import type { FreshOptions, PretrainedOptions, WeightSource } from '../shared/pretrained.js'
import { TokenEmbeddings, countedPositions } from '../shared/token-embeddings.js'

/** What files of DeBERTas call their parts; those of v3 have two heads of their training. */
const NAMES: CheckpointNames = {
  modelType: 'deberta-v2',
  prefix: 'deberta',
  parts: ['embeddings', 'encoder'],
  heads: ['pooler', 'classifier', 'cls', 'lm_predictions', 'mask_predictions', 'qa_outputs'],
}

const OWNER = 'DebertaV2Model.forward'

/**
 * DeBERTa v2 and v3 without a head (He et al. 2021): embeddings, and layers whose attention asks for tokens and for distances apart.
 *
 * Shapes: `inputIds (B, T)` → `lastHiddenState (B, T, C)`. Parameter names as in Hugging Face checkpoints
 * (`encoder.layer.0.attention.self.query_proj.weight`). All variants of the configuration: shared and own projections of distances, buckets, `c2p` and `p2c`,
 * the norm on distances, the convolution of v2, absolute positions, no relative attention. Absolute positions, where there are any, count from the first token
 * that the attention mask keeps.
 */
export class DebertaV2Model extends EncoderModel {
  readonly config: DebertaV2Config
  embeddings: TokenEmbeddings
  encoder: DebertaEncoder

  constructor(
    config: Partial<DebertaV2Config> = {},
    options: FreshOptions = {},
    take = freshWeights('DebertaV2Model', options),
  ) {
    super()
    this.config = debertaConfig(config)
    const { position_biased_input, max_position_embeddings: longest } = this.config
    const positions = position_biased_input ? countedPositions(OWNER, longest) : null
    this.embeddings = new TokenEmbeddings(OWNER, this.config, positions, within(take, 'embeddings'))
    this.encoder = new DebertaEncoder(this.config, within(take, 'encoder'))
  }

  /** A model with fresh weights, in training mode. */
  static fromConfig(config: Partial<DebertaV2Config>, options: FreshOptions = {}): DebertaV2Model {
    return new DebertaV2Model(config, options)
  }

  /**
   * Reads a folder with `config.json` and the weights of any DeBERTa v2 or v3, passing its heads over; the model is in evaluation mode.
   * @throws {KeyError} listing every missing, unexpected and misshapen tensor at once.
   */
  static async fromPretrained(dir: string, options: PretrainedOptions = {}): Promise<DebertaV2Model> {
    const build = (config: Partial<DebertaV2Config>, take: WeightSource) =>
      new DebertaV2Model(config, {}, within(take, 'deberta'))
    return readDeberta(dir, options, [], build)
  }

  protected override get architecture(): string {
    return 'DebertaV2Model'
  }

  override forward(inputIds: Ids, options: EncoderModelOptions = {}): EncoderOutput {
    return encode(OWNER, inputIds, options, {
      embed: (packing) => this.embeddings.forward(inputIds, options, packing),
      layers: (x, place) => this.encoder.forward(x, place, this.checkpointed),
      pooler: null,
    })
  }
}

/** Builds a model with these heads from the configuration and the weights of a folder; it is in evaluation mode. */
export async function readDeberta<M extends { config: DebertaV2Config; eval(): unknown }>(
  dir: string,
  options: PretrainedOptions,
  heads: readonly string[],
  build: (config: Partial<DebertaV2Config>, take: WeightSource) => M,
): Promise<M> {
  const { config, weights } = await readEncoder<DebertaV2Config>(dir, options, NAMES, heads)
  const model = build(config, weights.take)
  // Files of models without absolute positions hold a table of them from their training.
  const unused = model.config.position_biased_input ? [] : ['deberta.embeddings.position_embeddings.weight']
  weights.close({ ignore: unused })
  model.eval()
  return model
}
