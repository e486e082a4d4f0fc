// What every model with a configuration has, as transformers' PreTrainedModel.
import { Module } from '../../nn/module.js'
import { withFloatsOf } from './config-text.js'
import type { WeightSource } from './pretrained.js'

/** A class of models that is built from a configuration, as `fromConfig` and `fromPretrained` see it. */
export type ModelClass<M extends { readonly config: unknown }, Options> = new (
  config?: Partial<M['config']>,
  options?: Options,
  take?: WeightSource,
) => M

/** A model that is built from the fields of a `config.json`. */
export abstract class PretrainedModel extends Module {
  abstract readonly config: object

  /** A model with fresh weights, in training mode. */
  static fromConfig<M extends PretrainedModel, Options>(
    this: ModelClass<M, Options>,
    config: Partial<M['config']>,
    options?: Options,
  ): M {
    const model = new this(config, options)
    if (typeof config === 'object' && config !== null) withFloatsOf(model.config, config)
    return model
  }
}
