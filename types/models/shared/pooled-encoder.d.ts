// Generated from src/models/shared/pooled-encoder.ts by `npm run api`. Do not edit.

import type { Ids } from '../../generation/ids.js'
import type { BertFields } from './encoder-config.js'
import { Encoder, Pooler } from './encoder.js'
import type { EncoderOutput } from './encoder-input.js'
import { EncoderModel } from './encoder-model.js'
import type { EncoderModelOptions } from './encoder-model.js'
import type { PretrainedEncoder } from './pretrained-encoder.js'
import type { ModelClass } from './pretrained-model.js'
import type { FreshOptions, PretrainedOptions, WeightSource } from './pretrained.js'
import { TokenEmbeddings } from './token-embeddings.js'
/** Options of BERT and RoBERTa without a head. */
export interface PooledEncoderOptions extends FreshOptions {
  /** Have a pooler, a dense layer on the first token. @default true */
  addPoolingLayer?: boolean
}
/**
 * An encoder with post-norms and a pooler on the first token. Shapes: `inputIds (B, T)` → `lastHiddenState (B, T, C)`, `poolerOutput (B, C)`.
 */
export declare abstract class PooledEncoderModel<Config extends BertFields = BertFields> extends EncoderModel {
  readonly config: Config
  embeddings: TokenEmbeddings
  encoder: Encoder
  pooler: Pooler | null
  constructor(config?: Partial<Config>, options?: PooledEncoderOptions, take?: WeightSource)
  /**
   * Reads a folder with `config.json` and the weights of any model of this architecture, ignoring its heads; the model is in evaluation mode. If the file
   * has no pooler, it starts with fresh weights, with a warning.
   * @throws {KeyError} listing every missing, unexpected and misshapen tensor at once.
   */
  static fromPretrained<M extends PretrainedEncoder>(
    this: ModelClass<M, PooledEncoderOptions>,
    dir: string,
    options?: PretrainedOptions & Pick<PooledEncoderOptions, 'addPoolingLayer'>,
  ): Promise<M>
  forward(inputIds: Ids, options?: EncoderModelOptions): EncoderOutput
}
