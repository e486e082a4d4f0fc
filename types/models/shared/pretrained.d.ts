// Generated from src/models/shared/pretrained.ts by `npm run api`. Do not edit.

import type { FloatDtype, WeightDtype } from '../../runtime/options.js'
import type { Tensor } from '../../tensor/tensor.js'
import type { Generator } from '../../runtime/random.js'
import type { SourceOptions } from '../gguf/find.js'
/**
 * Initialisation of a fresh parameter: N(0, std²), truncated to ±`cut`·std where that is given, with the row of the padding token at 0; or one value. A `wide`
 * parameter is f32 even in a bf16 or f16 model: it belongs to a head that is trained while the model is frozen. `shared` is the parameter that serves where a
 * file has none of this name.
 */
export type Init = (
  | {
      std: number
      cut?: number
      zeroRow?: number
    }
  | {
      value: number
    }
) & {
  wide?: boolean
  shared?: Tensor
}
/** Returns a parameter of a model by its state-dict name. */
export type WeightSource = (name: string, shape: number[], init: Init) => Tensor
/** Options of models with fresh weights. */
export interface FreshOptions {
  /** Type of the weights; biases and norms are f32 in a bf16 or f16 model. @default 'f32' */
  dtype?: FloatDtype
  /** Draws the weights from this generator. @default the generator of the current stream */
  generator?: Generator
}
/** Options of `fromPretrained`; those of a download apply where the model is given as a hub id. */
export interface PretrainedOptions extends SourceOptions {
  /**
   * Convert the weights to this type; biases and norms are f32 in a bf16 or f16 model. With blocks (`'q8_0'`, `'q4_k'`, …) dense layers and embeddings are frozen
   * and rounded to them, as {@link Module.to} says: a quarter to a seventh of the memory. @default the type in the file; of weights of bitsandbytes, the one that
   * they were made from
   */
  dtype?: WeightDtype
  /**
   * Keep weights that need no conversion in the pages of the file, shared between models. Set it to false when the file will be
   * overwritten in place: what reads a mapped one is `ERR_LORA_FILE` then. @default true
   */
  mapped?: boolean
  /** Fields that replace those of `config.json`, e.g. `{ num_labels: 3, hidden_dropout_prob: 0 }`. @default none */
  config?: Readonly<Record<string, unknown>>
}
/** Options of `savePretrained`. */
export interface SaveOptions {
  /** Convert floating tensors to this type. @default each tensor's own type */
  dtype?: FloatDtype
  /**
   * The most bytes of a file, as a number or a text such as `'5GB'`: larger weights are cut into shards, `model-00001-of-00003.safetensors` and so on with
   * `model.safetensors.index.json`. @default '50GB'
   */
  maxShardSize?: number | string
  /** A folder whose tokenizer, chat template and settings of generation are copied beside the weights. @minLength 1 @default none */
  tokenizerFrom?: string
}
