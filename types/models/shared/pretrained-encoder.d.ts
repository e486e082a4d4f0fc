// Generated from src/models/shared/pretrained-encoder.ts by `npm run api`. Do not edit.

import { PretrainedModel } from './pretrained-model.js'
import type { ModelClass } from './pretrained-model.js'
import type { FreshOptions, PretrainedOptions } from './pretrained.js'
/** An encoder with or without a head. */
export declare abstract class PretrainedEncoder extends PretrainedModel {
  /**
   * Reads a folder with `config.json` and the weights of a model of this architecture; the model is in evaluation mode, as in transformers.
   *
   * Parts of the head that the file lacks start with fresh weights, with a warning; heads of other tasks are ignored. Weights keep the type of the file and
   * stay in its pages; biases, norms and classification heads are widened.
   * @throws {KeyError} listing every missing, unexpected and misshapen tensor at once.
   */
  static fromPretrained<M extends PretrainedEncoder>(
    this: ModelClass<M, FreshOptions>,
    dir: string,
    options?: PretrainedOptions,
  ): Promise<M>
  /** The name of the class in `config.json`. */
  protected get architecture(): string
}
