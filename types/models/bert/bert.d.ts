// Generated from src/models/bert/bert.ts by `npm run api`. Do not edit.

import type { BertConfig } from './config.js'
import { Encoder, Pooler } from '../shared/encoder.js'
import type { EncoderOutput } from '../shared/encoder-input.js'
import { EncoderModel } from '../shared/encoder-model.js'
import type { EncoderModelOptions } from '../shared/encoder-model.js'
import type { Ids } from '../../generation/ids.js'
import type { FreshOptions, PretrainedOptions, WeightSource } from '../shared/pretrained.js'
import { TokenEmbeddings } from '../shared/token-embeddings.js'
/** Options of {@link BertModel}. */
export interface BertModelOptions extends FreshOptions {
  /** Have a pooler, a dense layer on the first token. @default true */
  addPoolingLayer?: boolean
}
/**
 * BERT without a head (Devlin et al. 2018): embeddings, encoder, and a pooler unless `addPoolingLayer` is false.
 *
 * Shapes: `inputIds (B, T)` → `lastHiddenState (B, T, C)`, `poolerOutput (B, C)`. Parameter names as in Hugging Face checkpoints
 * (`encoder.layer.0.attention.self.query.weight`). Positions count from the first token that the attention mask keeps, so that padding on the left gives what
 * the row gives alone; transformers counts that padding, too, unless it is given `position_ids`.
 */
export declare class BertModel extends EncoderModel {
  readonly config: BertConfig
  embeddings: TokenEmbeddings
  encoder: Encoder
  pooler: Pooler | null
  constructor(config?: Partial<BertConfig>, options?: BertModelOptions, take?: WeightSource)
  /** A model with fresh weights, in training mode. */
  static fromConfig(config: Partial<BertConfig>, options?: BertModelOptions): BertModel
  /**
   * Reads a folder with `config.json` and the weights of any BERT, passing its heads over; the model is in evaluation mode. A pooler that the file lacks
   * starts fresh, with a warning.
   * @throws {KeyError} listing every missing, unexpected and misshapen tensor at once.
   */
  static fromPretrained(
    dir: string,
    options?: PretrainedOptions & Pick<BertModelOptions, 'addPoolingLayer'>,
  ): Promise<BertModel>
  protected get architecture(): string
  forward(inputIds: Ids, options?: EncoderModelOptions): EncoderOutput
}
