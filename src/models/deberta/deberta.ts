import { debertaConfig } from './config.js'
import type { DebertaV2Config } from './config.js'
import { DebertaEncoder } from './encoder.js'
import type { EncoderOutput } from '../shared/encoder-input.js'
import { EncoderModel, encode } from '../shared/encoder-model.js'
import type { EncoderModelOptions } from '../shared/encoder-model.js'
import type { CheckpointNames } from '../shared/pretrained-encoder.js'
import type { Ids } from '../../generation/ids.js'
import { within } from '../shared/parts.js'
import { freshWeights } from '../shared/pretrained.js'
import type { FreshOptions } from '../shared/pretrained.js'
import { TokenEmbeddings, countedPositions } from '../shared/token-embeddings.js'

/** The names of the parts in files of DeBERTas; those of v3 contain two heads of their pre-training. */
export const DEBERTA_NAMES: CheckpointNames = {
  modelType: 'deberta-v2',
  prefix: 'deberta',
  parts: ['embeddings', 'encoder'],
  heads: ['pooler', 'classifier', 'cls', 'lm_predictions', 'mask_predictions', 'qa_outputs'],
  // Files of models without absolute positions contain a table of them from their pre-training.
  unused: ({ position_biased_input }: DebertaV2Config) =>
    position_biased_input ? [] : ['deberta.embeddings.position_embeddings.weight'],
}

const OWNER = 'DebertaV2Model.forward'

/**
 * DeBERTa v2 and v3 without a head (He et al. 2021): embeddings, and layers whose attention scores contents and distances separately.
 *
 * Shapes: `inputIds (B, T)` → `lastHiddenState (B, T, C)`. Parameter names as in Hugging Face checkpoints
 * (`encoder.layer.0.attention.self.query_proj.weight`). All variants of the configuration: shared and separate projections of distances, buckets, `c2p` and `p2c`,
 * the norm on distances, the convolution of v2, absolute positions, no relative attention. Absolute positions, if there are any, count from the first token
 * that the attention mask keeps.
 */
export class DebertaV2Model extends EncoderModel {
  /** @internal */
  static override readonly checkpoint = { className: 'DebertaV2Model', names: DEBERTA_NAMES, heads: [], isBare: true }
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

  override forward(inputIds: Ids, options: EncoderModelOptions = {}): EncoderOutput {
    return encode(OWNER, inputIds, options, {
      embed: (packing) => this.embeddings.forward(inputIds, options, packing),
      layers: (x, batch) => this.encoder.forward(x, batch, this.checkpointed),
      pooler: null,
    })
  }
}
