// Encoders and their heads in files: the names of their parts, reading, and the name of the class in config.json.
import { withFloatsOf } from './config-text.js'
import { within } from './parts.js'
import { PretrainedModel } from './pretrained-model.js'
import type { ModelClass } from './pretrained-model.js'
import { readWeights, readyModel } from './pretrained.js'
import type { FreshOptions, PretrainedOptions, WeightSource } from './pretrained.js'

/** The names of an architecture's parts in its files. */
export interface CheckpointNames {
  /** `model_type` in `config.json`. */
  modelType: string
  /** Where a model with a head keeps the one without. */
  prefix: string
  /** Top names in the one without a head, whose files have no prefix. */
  parts: readonly string[]
  /** Heads that files may also contain. */
  heads: readonly string[]
  /** Names that files may contain and a model with this configuration does not use. @default none */
  unused?(config: never): readonly string[]
}

/** A class of models and its files. */
export interface EncoderCheckpoint {
  /** Name of the class, as `architectures` in `config.json` gives it. */
  className: string
  names: CheckpointNames
  /** The heads of this class: fresh, with a warning, where a file lacks them. */
  heads: readonly string[]
  /** It is the model without a head: its parameters have no prefix. @default false */
  isBare?: boolean
  /** Parameters of the head that files leave out where it shares the weight of the token embedding. @default none */
  tied?: readonly string[]
}

/** An encoder with or without a head. */
export abstract class PretrainedEncoder extends PretrainedModel {
  /** @internal */
  static readonly checkpoint: EncoderCheckpoint

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
    options: PretrainedOptions = {},
  ): Promise<M> {
    const { checkpoint } = this as unknown as typeof PretrainedEncoder
    return readEncoder(dir, options, checkpoint, (config: Partial<M['config']>, take) => new this(config, {}, take))
  }

  /** The name of the class in `config.json`. */
  protected get architecture(): string {
    return this.checkpoint.className
  }

  /** @internal */
  protected get checkpoint(): EncoderCheckpoint {
    return (this.constructor as typeof PretrainedEncoder).checkpoint
  }
}

/**
 * Builds a model from the configuration and the weights of a folder, whose heads of other tasks are ignored; the model is in evaluation mode.
 */
export async function readEncoder<M extends PretrainedEncoder>(
  dir: string,
  options: PretrainedOptions,
  { names, heads, isBare, tied = [] }: EncoderCheckpoint,
  build: (config: Partial<M['config']>, take: WeightSource) => M,
): Promise<M> {
  const nameOf = (name: string) => ownName(name, names, heads)
  const { config, weights } = await readWeights(dir, [names.modelType], nameOf, options, heads)
  const model = build(config as Partial<M['config']>, isBare ? within(weights.take, names.prefix) : weights.take)
  withFloatsOf(model.config, config)
  weights.close({ ignore: [...tied, ...(names.unused?.(model.config as never) ?? [])] })
  return readyModel(model, options, heads)
}

/** The configuration as a file holds it: the length of `id2label` gives the number of labels. */
export function savedConfig(config: object, architecture: string): object {
  return { ...config, num_labels: undefined, architectures: [architecture] }
}

// Files of old releases contain the positions as a buffer, and those converted from TensorFlow name the weights of a norm gamma and beta.
function ownName(
  name: string,
  { prefix, parts, heads: known }: CheckpointNames,
  heads: readonly string[],
): string | null {
  if (name.endsWith('embeddings.position_ids')) return null
  const today = name.replace(/LayerNorm\.gamma$/, 'LayerNorm.weight').replace(/LayerNorm\.beta$/, 'LayerNorm.bias')
  const ours = parts.some((part) => today.startsWith(`${part}.`)) ? `${prefix}.${today}` : today
  const head = known.find((path) => ours.startsWith(`${path}.`))
  return head === undefined || heads.includes(head) ? ours : null
}
