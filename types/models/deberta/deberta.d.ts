// Generated from src/models/deberta/deberta.ts by `npm run api`. Do not edit.

import type { DebertaV2Config } from './config.js'
import { DebertaEncoder } from './encoder.js'
import type { EncoderOutput } from '../shared/encoder-input.js'
import { EncoderModel } from '../shared/encoder-model.js'
import type { EncoderModelOptions } from '../shared/encoder-model.js'
import type { Ids } from '../../generation/ids.js'
import type { FreshOptions } from '../shared/pretrained.js'
import { TokenEmbeddings } from '../shared/token-embeddings.js'
/**
 * DeBERTa v2 and v3 without a head (He et al. 2021): embeddings, and layers whose attention scores contents and distances separately.
 *
 * Shapes: `inputIds (B, T)` → `lastHiddenState (B, T, C)`. Parameter names as in Hugging Face checkpoints
 * (`encoder.layer.0.attention.self.query_proj.weight`). All variants of the configuration: shared and separate projections of distances, buckets, `c2p` and `p2c`,
 * the norm on distances, the convolution of v2, absolute positions, no relative attention. Absolute positions, if there are any, count from the first token
 * that the attention mask keeps.
 */
export declare class DebertaV2Model extends EncoderModel {
  readonly config: DebertaV2Config
  embeddings: TokenEmbeddings
  encoder: DebertaEncoder
  constructor(
    config?: Partial<DebertaV2Config>,
    options?: FreshOptions,
    take?: import('../shared/pretrained.js').WeightSource,
  )
  forward(inputIds: Ids, options?: EncoderModelOptions): EncoderOutput
}
