// Generated from src/models/roberta/roberta.ts by `npm run api`. Do not edit.

import { Encoder, Pooler } from '../shared/encoder.js'
import type { EncoderOutput } from '../shared/encoder-input.js'
import { EncoderModel } from '../shared/encoder-model.js'
import type { EncoderModelOptions } from '../shared/encoder-model.js'
import type { Ids } from '../../generation/ids.js'
import type { FreshOptions, PretrainedOptions, WeightSource } from '../shared/pretrained.js'
import type { RobertaConfig } from './config.js'
import { TokenEmbeddings } from '../shared/token-embeddings.js'
/** Options of {@link RobertaModel}. */
export interface RobertaModelOptions extends FreshOptions {
  /** Have a pooler, a dense layer on the first token. @default true */
  addPoolingLayer?: boolean
}
/** Options of the forward of {@link RobertaModel}. */
export type RobertaOptions = EncoderModelOptions
/**
 * RoBERTa without a head (Liu et al. 2019): embeddings, the encoder of BERT, and a pooler unless `addPoolingLayer` is false.
 *
 * Shapes: `inputIds (B, T)` → `lastHiddenState (B, T, C)`, `poolerOutput (B, C)`. Parameter names as in Hugging Face checkpoints
 * (`encoder.layer.0.attention.self.query.weight`). Positions count from `pad_token_id + 1` and leave padding out, as in transformers.
 */
export declare class RobertaModel extends EncoderModel {
  readonly config: RobertaConfig
  embeddings: TokenEmbeddings
  encoder: Encoder
  pooler: Pooler | null
  constructor(config?: Partial<RobertaConfig>, options?: RobertaModelOptions, take?: WeightSource)
  /** A model with fresh weights, in training mode. */
  static fromConfig(config: Partial<RobertaConfig>, options?: RobertaModelOptions): RobertaModel
  /**
   * Reads a folder with `config.json` and the weights of any RoBERTa, passing its heads over; the model is in evaluation mode. A pooler that the
   * file lacks starts fresh, with a warning.
   * @throws {KeyError} listing every missing, unexpected and misshapen tensor at once.
   */
  static fromPretrained(
    dir: string,
    options?: PretrainedOptions & Pick<RobertaModelOptions, 'addPoolingLayer'>,
  ): Promise<RobertaModel>
  protected get architecture(): string
  forward(inputIds: Ids, options?: RobertaOptions): EncoderOutput
}
